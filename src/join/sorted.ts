// A page in the order of a linked table's fields: that table is read in its order, and the resource's rows are read by
// the links that lead back, batch by batch. Rows without a linked row come last in both directions, by key.
//
// The order is: the sort keys, then the sorted row itself (its key or the column that links to it, whichever an index
// has behind the sort keys), then the resource's key. One sorted row may belong to many rows of the resource; where a
// batch ends among these, the rest of them comes first in the next.
import { type Check, passing } from './checks.ts'
import type { CursorValue, Position } from './cursor.ts'
import type { Raw, Run } from './files.ts'
import type { Bounds } from './ordered.ts'
import type { SortedPlan, Step } from './sorted-plan.ts'
import type { Parameter } from './values.ts'
import { exactValues, MAX_BATCH, type Walk } from './walk.ts'

export interface SortedRow {
  readonly link: Raw[number]
  /** Its sort values and tie-break. */
  readonly place: readonly CursorValue[]
}

export const sortedRow = ({ sort, placed }: SortedPlan, row: Raw, offset: number): SortedRow => {
  const at = placed.map((_, index) => index + 1 + offset)
  const link = row[offset] ?? null
  return { link, place: exactValues(sort.table, placed, row, at, link) }
}

export interface SortedOptions {
  readonly after: Position | undefined
  readonly batch: number
}

export function walkSorted(run: Run, plan: SortedPlan, bounds: Bounds, { after, batch }: SortedOptions): Walk {
  return new SortedWalk(run, plan, bounds, after, batch)
}

class SortedWalk implements Walk {
  readonly hits: Raw[] = []
  isDone = false
  readonly #run: Run
  readonly #plan: SortedPlan
  readonly #bounds: Bounds
  /** The sorted row of each hit. */
  readonly #sorted: (SortedRow | undefined)[] = []
  #batch: number
  #place: readonly CursorValue[] | undefined
  /** A sorted row whose rows were read up to a key. */
  #open: { readonly row: SortedRow; readonly id: CursorValue } | undefined
  #restAfter: readonly CursorValue[] | undefined
  #isRest = false

  constructor(run: Run, plan: SortedPlan, bounds: Bounds, after: Position | undefined, batch: number) {
    this.#run = run
    this.#plan = plan
    this.#bounds = bounds
    this.#batch = batch
    if (after?.phase === 1) {
      this.#isRest = true
      this.#restAfter = [after.id]
    } else if (after) {
      this.#place = plan.reread.valuesOf(run, after)
      if (!plan.isUnique) this.#open = { row: { link: after.link, place: this.#place }, id: after.id }
    }
  }

  step(): number {
    const looked = this.#isRest ? this.#stepRest() : this.#open ? this.#stepOpen(this.#open) : this.#stepSorted()
    this.#batch = Math.min(this.#batch * 2, MAX_BATCH)
    return looked
  }

  positionOf(index: number): Position {
    const id = String(this.hits[index]?.[this.#plan.keyAt])
    const sorted = this.#sorted[index]
    if (!sorted) return { phase: 1, id, link: null, values: [] }
    const values = this.#plan.reread.carried.length > 0 ? sorted.place : []
    return { phase: 0, id, link: sorted.link === null ? null : String(sorted.link), values }
  }

  #stepSorted(): number {
    const batch = this.#batch
    const raw = this.#plan.ordered.read(this.#run, this.#bounds, this.#place, batch)
    const rows = raw.map((row) => sortedRow(this.#plan, row, 0))
    const limit = 2 * batch
    const found = this.#rootsOf(rows, undefined, limit)
    this.#add(found, rows, this.#plan.checks)
    const cut = found.length === limit ? found.at(-1) : undefined
    const last = cut ? rows[cut[0] as number] : rows.at(-1)
    if (last) this.#place = last.place
    if (cut && last) this.#open = { row: last, id: cut[this.#plan.keyAt + 1] ?? null }
    else if (raw.length < batch) this.#endSorted()
    return Math.max(raw.length, found.length)
  }

  #stepOpen({ row, id }: { readonly row: SortedRow; readonly id: CursorValue }): number {
    const found = this.#rootsOf([row], id, this.#batch)
    // The row comes from a cursor: it may no longer fulfil what its statement asked then.
    this.#add(found, [row], this.#plan.allChecks)
    const last = found.length === this.#batch ? found.at(-1) : undefined
    this.#open = last && { row, id: last[this.#plan.keyAt + 1] ?? null }
    return found.length
  }

  #endSorted(): void {
    if (this.#plan.rest) this.#isRest = true
    else this.isDone = true
  }

  #stepRest(): number {
    const { rest, keyAt, allChecks } = this.#plan
    if (!rest) {
      this.isDone = true
      return 0
    }
    const rows = rest.ordered.read(this.#run, this.#bounds, this.#restAfter, this.#batch)
    const present = new Set(passing(this.#run, [rest.present], rows, this.#bounds))
    const absent = rows.filter((row) => !present.has(row))
    for (const row of passing(this.#run, allChecks, absent, this.#bounds)) {
      this.hits.push(row)
      this.#sorted.push(undefined)
    }
    if (rows.length < this.#batch) this.isDone = true
    this.#restAfter = [rows.at(-1)?.[keyAt] ?? null]
    return rows.length
  }

  /** Rows of the resource behind sorted rows, each after its sorted row's place. */
  #rootsOf(rows: readonly SortedRow[], afterId: CursorValue | undefined, limit: number): Raw[] {
    let pairs: Raw[] = rows.map(({ link }, index) => [index, link])
    for (const step of this.#plan.up) pairs = this.#run.all(step.statement, this.#parameters(pairs, step))
    if (pairs.length === 0) return []
    const step = afterId === undefined ? this.#plan.roots : this.#plan.rootsAfter
    const after = afterId === undefined ? [] : [afterId as Parameter]
    return this.#run.all(step.statement, [...this.#parameters(pairs, step), ...after, limit])
  }

  #parameters(pairs: readonly Raw[], { conditions }: Step): Parameter[] {
    return [JSON.stringify(pairs), ...conditions.flatMap(({ at }) => this.#bounds[at] ?? [])]
  }

  #add(found: readonly Raw[], rows: readonly SortedRow[], checks: readonly Check[]): void {
    const whole = new Map(found.map((row) => [row.slice(1) as Raw, rows[row[0] as number]]))
    for (const row of passing(this.#run, checks, [...whole.keys()], this.#bounds)) {
      this.hits.push(row)
      this.#sorted.push(whole.get(row))
    }
  }
}
