// Whoever commits the thousandth page of a log moves all of it into the file, syncs, and meanwhile holds its thread: the server's,
// where the purge is a process of its own. And when all of the log is in the file, the next COMMIT begins it anew and syncs
// its first page while it holds the writer (SQLite's ticket ff5be73dee); on a busy disk a sync takes longer than anything else
// here. A purge writes such logs by the dozen. While it runs, the log may grow, a thread of its own moves it into the file,
// and a read transaction of that thread keeps others from it in between.
import { Worker } from 'node:worker_threads'
import type { Files } from '../../database/clients.ts'
import { type Clock, systemClock, wait } from '../../database/clock.ts'
import type { Domain } from '../../database/domains.ts'

/** Moves the log into the file where it has grown; resolves with whether it had. To be called between transactions. */
export type Between = () => Promise<boolean>

/** SQLite's own default, in pages. */
const AUTO_PAGES = 1_000
/** How long the log may grow: 32 MiB. */
export const LOG_PAGES = 8_192
/** For whoever wants the log empty, as an erasure does, and looks every 50 ms: then it is, and nobody reads from it. */
const PAUSE_MS = 120

export async function besideCheckpoints<T>(
  files: Files,
  domain: Domain,
  { logPages = LOG_PAGES, clock = systemClock }: { readonly logPages?: number; readonly clock?: Clock },
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
      const wasEmptied = await Promise.race([answered, ended])
      if (wasEmptied) await wait(clock, PAUSE_MS)
      return wasEmptied
    })
  } finally {
    // The thread empties the log once more, so that the writer's next COMMIT need not.
    if (!isGone) worker.postMessage('close')
    await ended
    if (connections.writer.open) connections.writer.pragma(`wal_autocheckpoint = ${AUTO_PAGES}`)
  }
}
