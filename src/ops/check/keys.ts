// Which keys of one table are not in another, by merging two sorted streams: constant memory however many rows there are,
// and each side reads nothing but an index. The side with the links is opened first: what it names was written before it,
// so that a row which comes meanwhile is no orphan.
import type { Connection } from '../../database/connections.ts'
import { compareValues } from '../../join/compare.ts'

export type Key = string | number

export interface Missing {
  readonly key: Key
  /** Rows that hold it. */
  readonly rows: number
}

/** So many keys, then whoever merges may let something else run. */
const PAUSE_EVERY = 20_000

/** `sql` gives a key, and the number of its rows where there is a second column, ascending and without NULL. */
export function keysOf(connection: Connection, sql: string): Side {
  return connection.prepare(sql).raw().iterate() as IterableIterator<[Key, number?]>
}

type Side = Iterator<[Key, number?]>

/** Keys that `from` has and none of `known`, ascending; `undefined` in between where there is time for something else. */
export function* missingKeys(from: Side, known: readonly Side[]): Generator<Missing | undefined> {
  try {
    yield* merge(from, known)
  } finally {
    // A connection with a statement half read would keep its snapshot.
    for (const side of [from, ...known]) side.return?.()
  }
}

function* merge(from: Side, known: readonly Side[]): Generator<Missing | undefined> {
  let left = from.next()
  const heads = known.map((side) => ({ side, current: side.next() }))
  for (let looked = 1; !left.done; looked++, left = from.next()) {
    const [key, rows = 1] = left.value
    for (const head of heads) while (!reach(head, key)) yield undefined
    if (looked % PAUSE_EVERY === 0) yield undefined
    if (!heads.some(({ current }) => !current.done && current.value[0] === key)) yield { key, rows }
  }
}

interface Head {
  readonly side: Side
  current: IteratorResult<[Key, number?]>
}

/** Goes on to the key or past it; false where it took a break on the way. */
function reach(head: Head, key: Key): boolean {
  for (let steps = 0; steps < PAUSE_EVERY; steps++) {
    if (head.current.done || compareValues(head.current.value[0], key) >= 0) return true
    head.current = head.side.next()
  }
  return false
}
