/**
 * Every value of the rows that were there at the period's end, by all detectors. On a thread of its own: what it knew of a
 * million people goes with it, before they are counted.
 */
import { Worker } from 'node:worker_threads'
import type { Domain } from '../../database/domains.ts'
import { GoggaError } from '../../errors.ts'
import type { Finding } from '../audit/finding.ts'
import type { NamingOptions } from './options.ts'

export interface RowsFound {
  readonly count: number
  readonly findings: readonly Finding[]
}

export interface RowsAsked {
  readonly domain: Domain
  readonly path: string
  /** Undefined where there is none to compare with. */
  readonly identity: string | undefined
  readonly to: Date | undefined
}

export type RowsMessage =
  | { readonly type: 'progress'; readonly rows: number; readonly table: string }
  | { readonly type: 'found'; readonly found: RowsFound }
  | { readonly type: 'failed'; readonly message: string }

/** Throws GoggaError where a file cannot be read. */
export async function scanRows({ domain, paths, identity, to, onProgress, signal }: NamingOptions): Promise<RowsFound> {
  signal?.throwIfAborted()
  const workerData: RowsAsked = { domain, path: paths[domain], identity: identity && paths.identity, to }
  const worker = new Worker(new URL('./rows-worker.ts', import.meta.url), {
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 16 },
  })
  const result = Promise.withResolvers<RowsFound>()
  const abort = () => result.reject(signal?.reason)
  signal?.addEventListener('abort', abort, { once: true })
  worker.on('message', (message: RowsMessage) => {
    if (message.type === 'progress') onProgress?.('values', message.rows, 0, message.table)
    else if (message.type === 'found') result.resolve(message.found)
    else result.reject(new GoggaError('file', 500, 1, message.message))
  })
  worker.on('error', result.reject)
  worker.on('exit', () => result.reject(new Error('The thread that reads rows ended early')))
  try {
    return await result.promise
  } finally {
    signal?.removeEventListener('abort', abort)
    await worker.terminate()
  }
}
