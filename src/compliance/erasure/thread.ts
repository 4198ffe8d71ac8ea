// The parts of an erasure that look at every row of a file, on a thread of its own.
import { Worker } from 'node:worker_threads'
import type { Domain } from '../../database/domains.ts'
import { UnavailableError } from '../../errors.ts'
import type { Needle } from '../audit/bytes/kinds.ts'
import type { Holders } from './holders.ts'
import type { UnassignedCleared } from './unassigned.ts'

export interface TaskAnswers {
  /** Who else has a value, in identity.db. */
  readonly holders: Holders
  /** What went from unassigned.db. */
  readonly unassigned: UnassignedCleared
}

export interface Task<K extends keyof TaskAnswers = keyof TaskAnswers> {
  readonly kind: K
  /** The file. */
  readonly path: string
  /** Who was erased. */
  readonly ids: readonly string[]
  readonly values: readonly Needle[]
  /** Of the three files, where their rows are asked for. */
  readonly paths?: Readonly<Record<Domain, string>>
}

export type TaskOutcome<K extends keyof TaskAnswers> =
  | { readonly answer: TaskAnswers[K] }
  | { readonly failure: string }

/** Throws UnavailableError where the file cannot be read or written now. */
export async function onThread<K extends keyof TaskAnswers>(task: Task<K>): Promise<TaskAnswers[K]> {
  const worker = new Worker(new URL('./erasure-worker.ts', import.meta.url), { workerData: task })
  const outcome = Promise.withResolvers<TaskOutcome<K>>()
  worker.on('message', outcome.resolve)
  worker.on('error', outcome.reject)
  worker.on('exit', () => outcome.reject(new Error('The thread of an erasure ended early')))
  try {
    const said = await outcome.promise
    if ('answer' in said) return said.answer
    const file = task.kind === 'holders' ? 'identity.db' : 'unassigned.db'
    throw new UnavailableError(`${file} could not be read or written (${said.failure})`, {
      hint: 'The person is erased from the three files; repeat it for what is left and for the proof.',
    })
  } finally {
    await worker.terminate()
  }
}
