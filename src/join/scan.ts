// The resource's own table in the page's order, its own conditions in the statement, conditions on linked rows checked
// batch by batch. Good where many rows fit.
import { type Check, compileChecks, passing } from './checks.ts'
import type { CursorValue, Position } from './cursor.ts'
import type { Files, Raw, Run } from './files.ts'
import { type Bounds, Ordered } from './ordered.ts'
import type { Shape } from './request.ts'
import { allColumns } from './statements.ts'
import { positionOf } from './tables.ts'
import { exactValues, MAX_BATCH, type Rereader, rereader, type Walk } from './walk.ts'

export interface ScanPlan {
  readonly ordered: Ordered
  /** The same among rows whose keys are given. */
  readonly among: Ordered
  readonly checks: readonly Check[]
  readonly reread: Rereader
  /** Where a row stands in the order. */
  placeOf(row: Raw): readonly CursorValue[]
  positionOf(row: Raw): Position
}

export function compileScan({ table, filter, sort }: Shape, files: Files): ScanPlan {
  const options = {
    file: files[table.domain],
    table,
    select: allColumns('r', table),
    conditions: filter.conditions,
    sort,
    tie: table.key,
  }
  const keyAt = positionOf(table, table.key)
  const names = sort.keys.map(({ column }) => column.name)
  const valuesAt = names.map((name) => positionOf(table, name))
  const reread = rereader(table, names, table.key, files)
  const valuesOf = (row: Raw) => exactValues(table, names, row, valuesAt, row[keyAt])
  return {
    ordered: new Ordered(options),
    among: new Ordered({ ...options, among: table.key }),
    checks: compileChecks(filter, files),
    reread,
    placeOf: (row) => [...valuesOf(row), row[keyAt] ?? null],
    positionOf: (row) => ({
      phase: 0,
      id: String(row[keyAt]),
      link: null,
      values: reread.carried.length > 0 ? valuesOf(row) : [],
    }),
  }
}

export const startOfScan = (run: Run, { reread }: ScanPlan, after: Position | undefined) =>
  after && [...reread.valuesOf(run, after), after.id]

/** `keys`: a JSON array of the only keys to read, with `plan.among`; `checks`: what is left to check then. */
export interface ScanOptions {
  readonly after: Position | undefined
  readonly batch: number
  readonly checks: readonly Check[]
  readonly keys?: string
}

export function scan(run: Run, plan: ScanPlan, bounds: Bounds, options: ScanOptions): Walk {
  const hits: Raw[] = []
  const ordered = options.keys === undefined ? plan.ordered : plan.among
  let place: readonly CursorValue[] | undefined = startOfScan(run, plan, options.after)
  let { batch } = options
  let isDone = false
  return {
    hits,
    get isDone() {
      return isDone
    },
    step() {
      const rows = ordered.read(run, bounds, place, batch, options.keys)
      for (const row of passing(run, options.checks, rows, bounds)) hits.push(row)
      const last = rows.at(-1)
      if (rows.length < batch || !last) isDone = true
      else place = plan.placeOf(last)
      batch = Math.min(batch * 2, MAX_BATCH)
      return rows.length
    },
    positionOf: (index) => plan.positionOf(hits[index] as Raw),
  }
}
