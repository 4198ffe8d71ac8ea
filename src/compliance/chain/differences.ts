// Which of the rows that share a link are not what it covers, by the marks that it has of them: beginnings of their hashes.

export interface Differences {
  /** Where a row stands in place of another. */
  readonly changed: readonly number[]
  /** Where a row stands beside all others. */
  readonly inserted: readonly number[]
  /** Rows that are gone. */
  readonly missing: number
}

/** Rows by their hashes, in the order of writing. */
export function differences(marks: readonly string[], digests: readonly string[]): Differences {
  const [changed, inserted]: [number[], number[]] = [[], []]
  let missing = 0
  let [mark, row] = [0, 0]
  /** What lies between two rows that are as they were. */
  const between = (nextMark: number, nextRow: number) => {
    for (; row < nextRow && mark < nextMark; row++, mark++) changed.push(row)
    for (; row < nextRow; row++) inserted.push(row)
    missing += nextMark - mark
    mark = nextMark
  }
  for (const [at, digest] of digests.entries()) {
    const found = placeOf(marks, mark, digest)
    if (found < 0) continue
    between(found, at)
    mark = found + 1
    row = at + 1
  }
  between(marks.length, digests.length)
  return { changed, inserted, missing }
}

/** Mostly the next one. */
function placeOf(marks: readonly string[], from: number, digest: string): number {
  const next = marks[from]
  if (next !== undefined && digest.startsWith(next)) return from
  return marks.findIndex((one, at) => at > from && digest.startsWith(one))
}
