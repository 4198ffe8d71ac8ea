// Whoever commits the thousandth page of a log moves all of it into the file, syncs, and meanwhile holds its thread. A purge
// writes such logs by the dozen: while it runs, the writer leaves that to a thread of its own. Not after every batch: when all
// of the log is in the file, the next COMMIT begins it anew and syncs its first page while it holds the writer (SQLite's
// ticket ff5be73dee), and on a busy disk a sync takes longer than anything else here.
import { Worker } from 'node:worker_threads'
import type { Files } from '../../database/clients.ts'
import type { Domain } from '../../database/domains.ts'

/** Moves the log into the file where it has grown; resolves with whether it had. To be called between transactions. */
export type Between = () => Promise<boolean>

/** SQLite's own default, in pages. */
const AUTO_PAGES = 1_000
/** How long the log may grow where nobody else empties it: 32 MiB. */
export const OWN_LOG_PAGES = 8_192
/** Where another process may have the file open: before that one's next COMMIT would empty it. */
export const SHARED_LOG_PAGES = 700

export async function besideCheckpoints<T>(
  files: Files,
  domain: Domain,
  logPages: number,
  work: (between: Between) => Promise<T>,
): Promise<T> {
  const { path, connections } = files[domain]
  const workerData = { domain, path, logPages }
  const worker = new Worker(new URL('./checkpoint-worker.ts', import.meta.url), { workerData })
  let isGone = false
  const ended = new Promise<boolean>((resolve) => {
    // Where the thread fails, the log grows until the purge is over: no reason to stop it.
    worker.on('error', () => undefined)
    worker.once('exit', () => {
      isGone = true
      resolve(false)
    })
  })
  try {
    connections.writer.pragma('wal_autocheckpoint = 0')
    return await work(async () => {
      if (isGone) return false
      const answered = new Promise<boolean>((resolve) => worker.once('message', resolve))
      worker.postMessage('between')
      return Promise.race([answered, ended])
    })
  } finally {
    // The thread empties the log once more, so that the writer's next COMMIT need not.
    if (!isGone) worker.postMessage('close')
    await ended
    if (connections.writer.open) connections.writer.pragma(`wal_autocheckpoint = ${AUTO_PAGES}`)
  }
}
