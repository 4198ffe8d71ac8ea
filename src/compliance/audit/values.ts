/**
 * Personal information in the values of billing.db and admin.db (POPIA section 19): every text and blob of every table that
 * the files really have, by the detectors of src/pii with their deeper look, and by what identity.db knows of people.
 */
import { Worker } from 'node:worker_threads'
import type { Connection } from '../../database/connections.ts'
import type { Domain } from '../../database/domains.ts'
import { GoggaError } from '../../errors.ts'
import type { Finding } from './finding.ts'
import { readKnown } from './values/known.ts'
import { type Progress, scanFile } from './values/scan-file.ts'

export type { Progress as ValuesProgress } from './values/scan-file.ts'

export interface ValuesOptions {
  readonly onProgress?: ((progress: Progress) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

export type Paths = Readonly<Record<Domain, string>>

export type ValuesMessage =
  | { readonly type: 'progress'; readonly progress: Progress }
  | { readonly type: 'findings'; readonly findings: Finding[] }
  | { readonly type: 'failure'; readonly code: string; readonly message: string; readonly hint: string | undefined }

/**
 * On a thread of its own, with readers of its own. One finding for each table, column, JSON path, kind and view, with the
 * number of values; and one of severity `info` for each file, which says what was looked at and how closely.
 */
export async function auditValues(paths: Paths, { onProgress, signal }: ValuesOptions = {}): Promise<Finding[]> {
  signal?.throwIfAborted()
  const worker = new Worker(new URL('./values/values-worker.ts', import.meta.url), {
    workerData: { identity: paths.identity, billing: paths.billing, admin: paths.admin },
    resourceLimits: { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 16 },
  })
  const result = Promise.withResolvers<Finding[]>()
  const abort = () => result.reject(signal?.reason)
  signal?.addEventListener('abort', abort, { once: true })
  worker.on('message', (message: ValuesMessage) => {
    if (message.type === 'progress') onProgress?.(message.progress)
    else if (message.type === 'findings') result.resolve(message.findings)
    else
      result.reject(new GoggaError(message.code, 500, 1, message.message, message.hint ? { hint: message.hint } : {}))
  })
  worker.on('error', result.reject)
  worker.on('exit', () => result.reject(new Error('The thread that audits values ended early')))
  try {
    return await result.promise
  } finally {
    signal?.removeEventListener('abort', abort)
    await worker.terminate()
  }
}

/** The same on this thread. */
export function findingsInValues(
  readers: Readonly<Record<Domain, Connection>>,
  onProgress?: (progress: Progress) => void,
): Finding[] {
  const known = readKnown(readers.identity)
  const files = ['billing', 'admin'] as const
  return files.flatMap((domain) => scanFile({ domain, connection: readers[domain], known, onProgress }))
}
