// Whoever commits the thousandth page of a log moves all of it into the file, syncs, and meanwhile holds its thread. A purge
// writes such logs by the dozen: while it runs, the writer leaves that to a thread of its own.
import { statSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import type { Files } from '../../database/clients.ts'
import type { Domain } from '../../database/domains.ts'

/** Empties the log where it has grown; resolves when that is done. To be called between transactions. */
export type Between = () => Promise<void>

const LOG_BYTES = 4 << 20
/** SQLite's own default, in pages. */
const AUTO_PAGES = 1_000

export async function besideCheckpoints<T>(
  files: Files,
  domain: Domain,
  work: (between: Between) => Promise<T>,
): Promise<T> {
  const { path, connections } = files[domain]
  const worker = new Worker(new URL('./checkpoint-worker.ts', import.meta.url), { workerData: { domain, path } })
  let isGone = false
  const ended = new Promise<void>((resolve) => {
    // Where the thread fails, the log grows until the purge is over: no reason to stop it.
    worker.on('error', () => undefined)
    worker.once('exit', () => {
      isGone = true
      resolve()
    })
  })
  const ask = (message: 'checkpoint' | 'close') => {
    const answered = new Promise<void>((resolve) => worker.once('message', () => resolve()))
    worker.postMessage(message)
    return Promise.race([answered, ended])
  }
  try {
    connections.writer.pragma('wal_autocheckpoint = 0')
    return await work(async () => {
      if (isGone || (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) < LOG_BYTES) return
      await ask('checkpoint')
    })
  } finally {
    if (connections.writer.open) connections.writer.pragma(`wal_autocheckpoint = ${AUTO_PAGES}`)
    if (!isGone) await ask('close')
    await ended
  }
}
