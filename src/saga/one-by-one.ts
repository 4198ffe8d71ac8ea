// Work for many people, where one who cannot be served keeps nobody else from theirs.
import { knownError } from '../database/errors.ts'
import { GoggaError } from '../errors.ts'

/** Somebody for whom the work failed. */
export interface Failed {
  readonly id: string
  readonly error: unknown
}

/** Undefined when it is done. Rejects where billing.db as a whole cannot be written: then nobody else could be served. */
export async function tryFor(id: string, work: () => Promise<unknown>): Promise<Failed | undefined> {
  try {
    await work()
    return undefined
  } catch (error) {
    const known = knownError(error, 'billing')
    if (known instanceof GoggaError && known.status === 503) throw error
    return { id, error }
  }
}

export const failedOf = (outcomes: readonly (Failed | undefined)[]): readonly Failed[] =>
  outcomes.filter((outcome) => outcome !== undefined)

/** Throws AggregateError where some failed; its message counts and names nobody. */
export function throwFailed(failed: readonly Failed[], { of, what }: { of: number; what: string }): void {
  if (failed.length === 0) return
  throw new AggregateError(
    failed.map(({ error }) => error),
    `${failed.length} of ${of} ${what} failed; the others were served`,
  )
}
