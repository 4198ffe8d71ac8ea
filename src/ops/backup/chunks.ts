// What packing and unpacking share: work on many chunks at once whose results come in order.
import { availableParallelism } from 'node:os'

/** node:zlib and files work on libuv's four threads. */
export const PARALLEL = Math.min(4, availableParallelism())

/** Runs `work` over what `source` gives, `parallel` at a time, and gives the results in the order of the source. */
export async function* inOrder<T, R>(
  source: AsyncIterable<T> | Iterable<T>,
  work: (item: T) => Promise<R>,
  parallel = PARALLEL + 1,
): AsyncGenerator<R> {
  const running: Promise<R>[] = []
  for await (const item of source) {
    const started = work(item)
    // A failure is seen in its turn; until then it must not end the process.
    started.catch(() => undefined)
    running.push(started)
    if (running.length >= parallel) yield await (running.shift() as Promise<R>)
  }
  for (const started of running) yield await started
}
