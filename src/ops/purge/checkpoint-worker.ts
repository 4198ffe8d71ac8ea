// A thread of its own: moves the log into the file where it has grown, without keeping anybody from writing, and in between
// keeps others from doing so.
import { parentPort, workerData } from 'node:worker_threads'
import { openReader, openWriter } from '../../database/connections.ts'
import type { Domain } from '../../database/domains.ts'

const { domain, path, logPages } = workerData as {
  readonly domain: Domain
  readonly path: string
  readonly logPages: number
}
const writer = openWriter(domain, path, { cacheMb: 1 })
const reader = openReader(domain, path, { cacheMb: 1 })

/** Pages in the log that are not in the file yet. Looking moves none. */
function waiting(): number {
  const [row] = writer.pragma('wal_checkpoint(NOOP)') as { log: number; checkpointed: number }[]
  return row ? row.log - row.checkpointed : 0
}

/** Nothing that comes after what an open transaction reads is moved by anybody, and no log begins anew. */
function pin(): void {
  reader.exec('begin')
  reader.prepare('select count(*) from sqlite_schema').get()
  writer.pragma('wal_checkpoint(PASSIVE)') // What comes before it, so that nobody else has to.
}

function empty(): void {
  if (reader.inTransaction) reader.exec('rollback')
  writer.pragma('wal_checkpoint(PASSIVE)')
}

parentPort?.on('message', (message: 'between' | 'close') => {
  const pages = waiting()
  const isDue = message === 'close' || pages >= logPages
  if (isDue) empty()
  else if (pages > 0 && !reader.inTransaction) pin()
  if (message === 'between') {
    parentPort?.postMessage(isDue)
    return
  }
  reader.close()
  writer.close()
  parentPort?.close()
})
