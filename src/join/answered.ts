// How many rows an answer holds once it is JSON. Parents share the object of a row that they all name, but JSON spells it
// out for each of them, with all that hangs on it: a few links to and fro make gigabytes of a few thousand rows.
import { UsageError } from '../errors.ts'
import type { Raw } from './files.ts'

/** Linked rows of one answer, each counted wherever it stands. */
export const MAX_ANSWERED = 20_000

/** How often JSON will spell out each row; undefined: once each, as always where no link above is shared. */
export type Times = Float64Array | undefined

/** Every row found is in the list of one parent, whose place is its first value. */
export const timesOfOwn = (found: readonly Raw[], times: Float64Array): Float64Array =>
  Float64Array.from(found, (row) => times[row[0] as number] as number)

/** A shared row comes as often as all of its parents together. `slots[i]`: parent i's key, -1 without one. */
export function timesOfShared(
  found: readonly Raw[],
  slots: readonly number[],
  times: Times,
  keys: number,
): Float64Array {
  const byKey = new Float64Array(keys)
  for (let i = 0; i < slots.length; i++) {
    const slot = slots[i] as number
    if (slot >= 0) byKey[slot] = (byKey[slot] as number) + (times ? (times[i] as number) : 1)
  }
  return Float64Array.from(found, (row) => byKey[row[0] as number] as number)
}

/** Throws UsageError for too many. Comes before rows are built, since what is refused should cost little. */
export function countAnswered(
  tally: { answered: number },
  { path, visible }: { readonly path: string; readonly visible: boolean },
  found: readonly Raw[],
  times: Times,
): void {
  if (!visible) return
  tally.answered += times ? times.reduce((sum, one) => sum + one, 0) : found.length
  if (tally.answered <= MAX_ANSWERED) return
  const message =
    `An answer holds at most ${MAX_ANSWERED} linked rows, each counted wherever it stands; ` +
    `with "${path}" this one would hold at least ${tally.answered}`
  throw new UsageError(message, {
    errors: [{ at: 'expand', message }],
    hint: 'Lower limit or expand less; long lists can be read by themselves, with a filter.',
  })
}
