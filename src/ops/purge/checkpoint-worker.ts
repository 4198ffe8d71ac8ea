// A thread of its own: moves the log into the file where it has grown, without keeping anybody from writing.
import { parentPort, workerData } from 'node:worker_threads'
import { openWriter } from '../../database/connections.ts'
import type { Domain } from '../../database/domains.ts'

const { domain, path, logPages } = workerData as {
  readonly domain: Domain
  readonly path: string
  readonly logPages: number
}
const connection = openWriter(domain, path, { cacheMb: 1 })

/** Pages in the log that are not in the file yet. Looking moves none. */
function waiting(): number {
  const [row] = connection.pragma('wal_checkpoint(NOOP)') as { log: number; checkpointed: number }[]
  return row ? row.log - row.checkpointed : 0
}

parentPort?.on('message', (message: 'between' | 'close') => {
  const isDue = message === 'close' || waiting() >= logPages
  if (isDue) connection.pragma('wal_checkpoint(PASSIVE)')
  if (message === 'between') {
    parentPort?.postMessage(isDue)
    return
  }
  connection.close()
  parentPort?.close()
})
