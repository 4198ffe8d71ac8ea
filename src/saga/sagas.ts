// The machine of all changes across files, built once: what carries the messages, and what begins a change.
import type { Files } from '../database/clients.ts'
import type { Attempt } from '../identity/pii-attempts.ts'
import { Changes } from './changes.ts'
import { Courier, type CourierOptions } from './courier.ts'
import type { Reached, SagaSources } from './sources.ts'

export interface Sagas extends SagaSources, AsyncDisposable {
  readonly files: Files
  readonly changes: Changes
  readonly courier: Courier
  readonly reached: Reached
  /** Called when values were taken out of text and are on record. */
  readonly onDetached: (attempts: readonly Attempt[]) => void
}

export interface SagasOptions extends SagaSources {
  readonly files: Files
  /** What hashes of requests are keyed with; see `hashKeyOf`. */
  readonly hashKey: Uint8Array
  readonly maxAttempts: number
  readonly settleMs?: number
  readonly reached?: Reached
  readonly onFailure?: CourierOptions['onFailure']
  readonly onDetached?: Sagas['onDetached']
}

/** The files must outlive what is built here. */
export function createSagas({
  files,
  hashKey,
  maxAttempts,
  settleMs,
  reached = () => {},
  onFailure,
  onDetached = () => {},
  ...rest
}: SagasOptions): Sagas {
  const { now, newId, randomBytes } = rest
  const sources = { now, newId, randomBytes }
  const courier = new Courier({ files, sources, reached, maxAttempts, ...(onFailure && { onFailure }) })
  const changes = new Changes({
    files,
    courier,
    sources,
    reached,
    hashKey,
    ...(settleMs !== undefined && { settleMs }),
  })
  const parts = { files, changes, courier, reached, onDetached }
  return { ...sources, ...parts, [Symbol.asyncDispose]: () => courier[Symbol.asyncDispose]() }
}
