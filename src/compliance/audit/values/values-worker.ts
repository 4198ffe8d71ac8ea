// One audit of values on a thread of its own, which steps back behind those that answer requests.
import { constants, setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import { type Connection, openReader } from '../../../database/connections.ts'
import type { Domain } from '../../../database/domains.ts'
import { GoggaError } from '../../../errors.ts'
import { findingsInValues, type Paths, type ValuesMessage } from '../values.ts'

const paths = workerData as Paths
const post = (message: ValuesMessage) => parentPort?.postMessage(message)
const opened: Connection[] = []

function open(domain: Domain): Connection {
  const connection = openReader(domain, paths[domain], { cacheMb: 8 })
  opened.push(connection)
  return connection
}

try {
  setPriority(0, constants.priority.PRIORITY_BELOW_NORMAL)
} catch {
  // Not allowed here: nothing depends on it.
}
try {
  const readers = { identity: open('identity'), billing: open('billing'), admin: open('admin') }
  post({ type: 'findings', findings: findingsInValues(readers, (progress) => post({ type: 'progress', progress })) })
} catch (error) {
  // Classes do not travel between threads, codes and words do; other words might quote a row.
  const isOurs = error instanceof GoggaError
  post({
    type: 'failure',
    code: isOurs ? error.code : 'internal',
    message: isOurs ? error.message : `Values could not be read: ${(error as { code?: string }).code ?? 'unknown'}`,
    hint: isOurs ? error.hint : undefined,
  })
} finally {
  for (const connection of opened) connection.close()
}
