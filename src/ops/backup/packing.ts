// The thread that packs, as seen from the one that waits for it.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { rebuilt } from './failures.ts'
import type { Packed, PackOptions } from './pack.ts'
import type { PackMessage, PackTask } from './pack-worker.ts'

/** Begins before the copy is done. When `copied` or the signal fails the thread has ended before the answer does. */
export async function startPacking(
  task: PackTask,
  copied: Promise<void>,
  { signal, progress, onRead }: PackOptions,
): Promise<Packed> {
  const thread = new Worker(new URL('./pack-worker.ts', import.meta.url), { workerData: task })
  const packed = Promise.withResolvers<Packed>()
  const abort = () => packed.reject(signal?.reason)
  thread.on('message', (message: PackMessage) => {
    if (message.type === 'progress') progress?.(message.done, message.total)
    else if (message.type === 'read') onRead?.()
    else if (message.type === 'packed') packed.resolve(message.packed)
    else packed.reject(rebuilt(message.code, message.message, undefined))
  })
  thread.on('error', packed.reject)
  thread.on('exit', () => packed.reject(new Error('The thread that packs ended early')))
  signal?.addEventListener('abort', abort, { once: true })
  copied.then(() => thread.postMessage('copied'), packed.reject)
  const gone = once(thread, 'exit')
  try {
    return await packed.promise
  } finally {
    signal?.removeEventListener('abort', abort)
    await thread.terminate()
    await gone
  }
}
