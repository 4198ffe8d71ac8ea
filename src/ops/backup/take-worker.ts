// Copies and checks one file on a thread of its own: both keep their thread busy. A second one may help with the checks.
import { parentPort, workerData } from 'node:worker_threads'
import { openReader } from '../../database/connections.ts'
import type { Domain } from '../../database/domains.ts'
import { knownError } from '../../database/errors.ts'
import { isFull } from './failures.ts'
import { checksOf, copyTo, factsOf, runChecks, type SnapshotFacts } from './snapshot-facts.ts'

export interface TakeTask {
  readonly job: 'copy' | 'help'
  readonly domain: Domain
  readonly path: string
  readonly copy: string
  /** How many of the checks are taken, by either thread. */
  readonly next: SharedArrayBuffer
}

/** In this order; a helper waits for `checks` and answers with `opened` and `checked` alone. */
export type TakeMessage =
  | { readonly type: 'copied' }
  | { readonly type: 'opened' }
  | { readonly type: 'facts'; readonly facts: SnapshotFacts; readonly checks: readonly string[] }
  | { readonly type: 'checked'; readonly findings: readonly string[] }
  | { readonly type: 'failure'; readonly code: string; readonly message: string; readonly hint: string | undefined }

/** Pages are read in order, and hardly any twice. */
const CACHE_MB = 16
const post = (message: TakeMessage) => parentPort?.postMessage(message)
const { job, domain, path, copy, next } = workerData as TakeTask
const taken = new Int32Array(next)

if (job === 'help') parentPort?.once('message', (checks: readonly string[]) => told(() => check(checks)))
else
  told(() => {
    copyTo(domain, path, copy)
    post({ type: 'copied' })
    check()
  })

/** With the facts first where nobody has told which checks there are. */
function check(checks?: readonly string[]): void {
  const connection = openReader(domain, copy, { cacheMb: CACHE_MB })
  post({ type: 'opened' })
  try {
    const all = checks ?? factsFirst()
    post({ type: 'checked', findings: runChecks(connection, all, () => Atomics.add(taken, 0, 1)) })
  } finally {
    connection.close()
  }

  function factsFirst(): readonly string[] {
    const facts = factsOf(connection)
    const found = checksOf(connection, facts.rows)
    post({ type: 'facts', facts, checks: found })
    return found
  }
}

function told(work: () => void): void {
  try {
    work()
  } catch (error) {
    post(failureOf(error))
  }
}

/** Classes do not travel between threads, codes and words do. */
function failureOf(error: unknown): TakeMessage {
  // Only the copy is written: a disk that is full is the target's, not that of the file.
  if (isFull(error)) return { type: 'failure', code: 'ENOSPC', message: 'no space left', hint: undefined }
  const known = knownError(error, domain, path)
  const code = known?.code ?? 'internal'
  return { type: 'failure', code, message: (known ?? (error as Error)).message, hint: known?.hint }
}
