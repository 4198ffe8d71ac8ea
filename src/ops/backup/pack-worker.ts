// Packs on a thread of its own: here is little else to look through when memory is collected, and buffers make that often.
import { once } from 'node:events'
import { parentPort, workerData } from 'node:worker_threads'
import { createSealer } from './archive.ts'
import { type Packed, type PackOptions, type PackPaths, pack, packAsItIs, syncAhead } from './pack.ts'
import { pressAhead } from './press.ts'
import type { Manifest } from './types.ts'

export interface PackTask {
  readonly paths: PackPaths
  readonly kind: Pick<Manifest, 'id' | 'domain' | 'compression'>
  readonly key: { readonly bytes: Uint8Array; readonly id: string } | undefined
  readonly salt: Uint8Array
}

export type PackMessage =
  | { readonly type: 'progress'; readonly done: number; readonly total: number }
  | { readonly type: 'read' }
  | { readonly type: 'packed'; readonly packed: Packed }
  | { readonly type: 'failure'; readonly code: string; readonly message: string }

const task = workerData as PackTask
const post = (message: PackMessage) => parentPort?.postMessage(message)
const options: PackOptions = {
  progress: (done, total) => post({ type: 'progress', done, total }),
  onRead: () => post({ type: 'read' }),
}

try {
  post({ type: 'packed', packed: await packed(task, copied()) })
} catch (error) {
  post({
    type: 'failure',
    code: String((error as NodeJS.ErrnoException).code ?? 'internal'),
    message: (error as Error).message,
  })
}

/** The one message that comes says so. */
async function copied(): Promise<void> {
  if (parentPort) await once(parentPort, 'message')
}

async function packed({ paths, kind, key, salt }: PackTask, copied: Promise<void>): Promise<Packed> {
  if (kind.compression === 'none' && !key) {
    await syncAhead(paths.copy, copied)
    return await packAsItIs(paths.copy, options)
  }
  const pressed = kind.compression === 'zstd' ? await pressAhead(paths, copied) : []
  await copied
  // Buffers do not travel between threads, bytes do.
  const sealer = createSealer(kind, key && { ...key, bytes: Buffer.from(key.bytes) }, Buffer.from(salt))
  return await pack(paths, { ...options, compression: kind.compression, sealer, pressed })
}
