// What split counted on its way: plain data, so that it lies in the journal and goes on after a kill.
import type { SubjectKind } from './subjects.ts'
import type { TimeSpelling } from './times.ts'

/** Keys are places: `User.createdAt`, as the unified database calls them. */
export interface Counts {
  readonly times: Record<string, Partial<Record<TimeSpelling, number>>>
  /** Values of time columns that are no time: kept as found. */
  readonly unreadableTimes: Record<string, number>
  readonly subjects: Record<string, Partial<Record<SubjectKind, number>>>
  /** NULL in columns that are required now; a neutral value stands there. */
  readonly filled: Record<string, number>
}

export const noCounts = (): Counts => ({ times: {}, unreadableTimes: {}, subjects: {}, filled: {} })

/** A function that adds one under a kind of a place. */
export function counterOf<Kind extends string>(
  counts: Record<string, Partial<Record<Kind, number>>>,
  place: string,
): (kind: Kind) => void {
  return (kind) => {
    counts[place] ??= {}
    const kinds = counts[place]
    kinds[kind] = (kinds[kind] ?? 0) + 1
  }
}

export const bump = (counts: Record<string, number>, place: string): void => {
  counts[place] = (counts[place] ?? 0) + 1
}
