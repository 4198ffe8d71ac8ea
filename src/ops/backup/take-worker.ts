// Copies and checks one file on a thread of its own: both keep their thread busy.
import { parentPort, workerData } from 'node:worker_threads'
import type { Domain } from '../../database/domains.ts'
import { knownError } from '../../database/errors.ts'
import { isFull } from './failures.ts'
import { copyTo, readFacts, type SnapshotFacts } from './snapshot-facts.ts'

export interface TakeTask {
  readonly domain: Domain
  readonly path: string
  readonly copy: string
}

export type TakeMessage =
  | { readonly type: 'copied' }
  | { readonly type: 'facts'; readonly facts: SnapshotFacts }
  | { readonly type: 'failure'; readonly code: string; readonly message: string; readonly hint: string | undefined }

const post = (message: TakeMessage) => parentPort?.postMessage(message)
const { domain, path, copy } = workerData as TakeTask

try {
  copyTo(domain, path, copy)
  post({ type: 'copied' })
  post({ type: 'facts', facts: readFacts(domain, copy) })
} catch (error) {
  post(failureOf(error))
}

/** Classes do not travel between threads, codes and words do. */
function failureOf(error: unknown): TakeMessage {
  // Only the copy is written: a disk that is full is the target's, not that of the file.
  if (isFull(error)) return { type: 'failure', code: 'ENOSPC', message: 'no space left', hint: undefined }
  const known = knownError(error, domain, path)
  const code = known?.code ?? 'internal'
  return { type: 'failure', code, message: (known ?? (error as Error)).message, hint: known?.hint }
}
