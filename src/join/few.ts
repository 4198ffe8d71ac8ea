// A page in the order of a linked table's fields where few rows fit: all of them are read by their keys, and sorted here.
import { type Check, passing } from './checks.ts'
import { compareValues } from './compare.ts'
import type { CursorValue, Position } from './cursor.ts'
import type { Raw, Run } from './files.ts'
import type { Bounds, Ordered } from './ordered.ts'
import { type SortedRow, sortedRow } from './sorted.ts'
import type { SortedPlan } from './sorted-plan.ts'
import type { Walk } from './walk.ts'

export interface Few {
  /** The resource's table by its keys, in any order. */
  readonly among: Ordered
  readonly checks: readonly Check[]
  readonly keys: readonly Raw[number][]
  readonly after: Position | undefined
}

interface Hit {
  readonly raw: Raw
  readonly id: CursorValue
  readonly sorted: SortedRow | undefined
}

export function walkFew(run: Run, plan: SortedPlan, bounds: Bounds, { among, checks, keys, after }: Few): Walk {
  const rows = among.read(run, bounds, undefined, keys.length, JSON.stringify(keys))
  const raws = passing(run, checks, rows, bounds)
  const sorted = sortedRowsOf(run, plan, raws)
  const order = comparer(plan)
  const start = after && startOf(run, plan, after)
  const hits = raws
    .map((raw, index): Hit => ({ raw, id: raw[plan.keyAt] ?? null, sorted: sorted[index] }))
    .filter((hit) => start === undefined || order(hit, start) > 0)
    .sort(order)
  return {
    hits: hits.map(({ raw }) => raw),
    isDone: true,
    step: () => 0,
    positionOf: (index) => positionOfHit(plan, hits[index] as Hit),
  }
}

/** The sorted row of each row, by following the links from value to value. */
function sortedRowsOf(run: Run, plan: SortedPlan, raws: readonly Raw[]): (SortedRow | undefined)[] {
  let values = raws.map((raw) => raw[plan.down[0]?.from ?? 0] ?? null)
  let found = new Map<CursorValue, Raw>()
  for (const [index, { statement }] of plan.down.entries()) {
    if (index > 0) values = values.map((value) => found.get(value)?.[1] ?? null)
    const keys = [...new Set(values)].filter((value) => value !== null)
    const rows = keys.length > 0 ? run.all(statement, [JSON.stringify(keys)]) : []
    found = new Map(rows.map((row) => [keys[row[0] as number] ?? null, row]))
  }
  return values.map((value) => {
    const row = found.get(value)
    return row && sortedRow(plan, row, 1)
  })
}

function startOf(run: Run, plan: SortedPlan, after: Position): Omit<Hit, 'raw'> {
  if (after.phase === 1) return { id: after.id, sorted: undefined }
  return { id: after.id, sorted: { link: after.link, place: plan.reread.valuesOf(run, after) } }
}

function comparer({ sort }: SortedPlan): (a: Omit<Hit, 'raw'>, b: Omit<Hit, 'raw'>) => number {
  return (a, b) => {
    if (!a.sorted || !b.sorted) {
      const absent = Number(!a.sorted) - Number(!b.sorted)
      return absent !== 0 ? absent : compareValues(a.id, b.id)
    }
    for (const [index, value] of a.sorted.place.entries()) {
      const order = compareValues(value, b.sorted.place[index] ?? null)
      if (order !== 0) return (sort.keys[index] ?? sort).descending ? -order : order
    }
    const order = compareValues(a.id, b.id)
    return sort.descending ? -order : order
  }
}

function positionOfHit({ reread }: SortedPlan, { id, sorted }: Hit): Position {
  if (!sorted) return { phase: 1, id: String(id), link: null, values: [] }
  return { phase: 0, id: String(id), link: String(sorted.link), values: reread.carried.length > 0 ? sorted.place : [] }
}
