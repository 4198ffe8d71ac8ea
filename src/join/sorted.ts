// A page in the order of a linked table's fields: that table is read in its order, and the resource's rows are read by
// the links that lead back, batch by batch. Rows without a linked row come last in both directions, by key.
//
// The order is: the sort keys, then the sorted row itself (its key or the column that links to it, whichever an index
// has behind the sort keys), then the resource's key. One sorted row may belong to many rows of the resource; where a
// batch ends among these, the rest of them comes first in the next.
import { quote, type Relation } from '../database/catalog.ts'
import { type Check, compileChecks, passing } from './checks.ts'
import type { CursorValue, Position } from './cursor.ts'
import type { Files, Kept, Raw, Run } from './files.ts'
import { type Bounds, Ordered } from './ordered.ts'
import { type Condition, emptyFilter, type FilterNode, type Shape, type Sort, unsorted } from './request.ts'
import { allColumns, columnList, conditionText, linkedText, whereText } from './statements.ts'
import { positionOf, type Table, tableOf } from './tables.ts'
import type { Parameter } from './values.ts'
import { exactValues, MAX_BATCH, type Rereader, rereader, type Walk } from './walk.ts'

export interface SortedPlan {
  readonly sort: Sort
  readonly keyAt: number
  /** The sorted table: a raw row is the link's value, then the columns of the place. */
  readonly ordered: Ordered
  /** Columns that say where a sorted row stands: the sort keys and the tie-break. */
  readonly placed: readonly string[]
  /** From values of the sorted table's link up to the values that link to it from the resource. */
  readonly up: readonly Step[]
  readonly roots: Step
  /** The same, only keys after a given one. */
  readonly rootsAfter: Step
  /** The other way: from the resource's rows to the sorted rows. */
  readonly down: readonly { readonly from: number; readonly statement: Kept }[]
  /** No two rows of the resource share a sorted row. */
  readonly isUnique: boolean
  /** What the statements above have not asked already. */
  readonly checks: readonly Check[]
  readonly allChecks: readonly Check[]
  /** Rows without a sorted row; undefined where the conditions need one. */
  readonly rest: { readonly ordered: Ordered; readonly present: Check } | undefined
  readonly reread: Rereader
}

interface Step {
  readonly statement: Kept
  readonly conditions: readonly Condition[]
}

export function compileSorted(shape: Shape, files: Files): SortedPlan {
  const { table, filter, sort } = shape
  const nodes = nodesAlong(filter, sort.links)
  const last = sort.links.at(-1) as Relation
  const tie = tieOf(sort, last.toColumn)
  const placed = [...sort.keys.map(({ column }) => column.name), tie]
  const select = columnList('r', [last.toColumn, ...placed])
  const conditions = nodes.at(-1)?.conditions ?? []
  const file = files[sort.table.domain]
  return {
    sort,
    keyAt: positionOf(table, table.key),
    ordered: new Ordered({ file, table: sort.table, select, conditions, sort, tie }),
    placed,
    up: compileUp(sort.links, nodes, files),
    roots: compileRoots(shape, false, files),
    rootsAfter: compileRoots(shape, true, files),
    down: compileDown(shape, placed, files),
    isUnique: isUniqueUp(table, sort.links),
    checks: compileChecks(without(filter, nodes), files),
    allChecks: compileChecks(filter, files),
    rest: nodes.at(-1)?.absentable === false ? undefined : compileRest(shape, files),
    reread: rereader(sort.table, placed, last.toColumn, files),
  }
}

/** Both are unique in the sorted table, so either decides. */
function tieOf({ table, keys }: Sort, link: string): string {
  const names = [...keys.map(({ column }) => column.name), table.key]
  const hasIndex = table.indexes.some((index) => names.every((name, at) => index[at] === name))
  return hasIndex ? table.key : link
}

/** The filter's nodes along the links; undefined where it has none. */
function nodesAlong(filter: FilterNode, links: readonly Relation[]): readonly (FilterNode | undefined)[] {
  let node: FilterNode | undefined = filter
  return links.map((link) => {
    node = node?.children.find(({ relation }) => relation === link)
    return node
  })
}

/** The filter less the conditions of these nodes, and less what is empty then. */
function without(node: FilterNode, nodes: readonly (FilterNode | undefined)[]): FilterNode {
  const conditions = nodes.includes(node) ? [] : node.conditions
  const children = node.children.map((child) => without(child, nodes))
  return {
    ...node,
    conditions,
    children: children.filter((child) => child.conditions.length > 0 || child.children.length > 0),
  }
}

/** Keys are pairs `[place of the sorted row, value]`. */
const PAIRS = 'json_each(?) k cross join'
const conditionTexts = (conditions: readonly Condition[]) => conditions.map((one) => conditionText('p', one))

function compileUp(links: readonly Relation[], nodes: readonly (FilterNode | undefined)[], files: Files): Step[] {
  // links[i] leads from the table of links[i - 1] to the next; the first leads from the resource and needs no step.
  const steps = links.slice(1).map((link, index) => {
    const before = links[index] as Relation
    const table = tableOf(link.from)
    const conditions = nodes[index]?.conditions ?? []
    const on = [`p.${quote(link.fromColumn)} = k.value ->> 1`, ...conditionTexts(conditions)].join(' and ')
    const sql = `select k.value ->> 0, p.${quote(before.toColumn)} from ${PAIRS} ${quote(table.name)} p on ${on}`
    return { statement: files[table.domain].prepare(sql), conditions }
  })
  return steps.reverse()
}

function compileRoots({ table, filter, sort }: Shape, isAfter: boolean, files: Files): Step {
  const key = `p.${quote(table.key)}`
  const after = isAfter ? [`${key} ${sort.descending ? '<' : '>'} ?`] : []
  const where = whereText([...conditionTexts(filter.conditions), ...after])
  const from = `${PAIRS} ${quote(table.name)} p on p.${quote(sort.links[0]?.fromColumn ?? '')} = k.value ->> 1`
  const order = `order by 1, ${key}${sort.descending ? ' desc' : ''} limit ?`
  const sql = `select k.value ->> 0, ${allColumns('p', table)} from ${from}${where} ${order}`
  return { statement: files[table.domain].prepare(sql), conditions: filter.conditions }
}

function compileDown({ table, sort }: Shape, placed: readonly string[], files: Files): SortedPlan['down'] {
  return sort.links.map((link, index) => {
    const next = sort.links[index + 1]?.fromColumn
    const to = tableOf(link.to)
    const columns = next === undefined ? [link.toColumn, ...placed] : [next]
    const statement = files[to.domain].prepare(linkedText(to, link.toColumn, columnList('p', columns)))
    return { from: index === 0 ? positionOf(table, link.fromColumn) : 1, statement }
  })
}

const isUniqueUp = (table: Table, links: readonly Relation[]): boolean =>
  links.every((link, index) => {
    const from = index === 0 ? table : tableOf(link.from)
    return from.columns.some(({ name, unique }) => unique && name === link.fromColumn)
  })

function compileRest({ table, filter, sort }: Shape, files: Files): NonNullable<SortedPlan['rest']> {
  const select = allColumns('r', table)
  const file = files[table.domain]
  const ordered = new Ordered({
    file,
    table,
    select,
    conditions: filter.conditions,
    sort: unsorted(table),
    tie: table.key,
  })
  const chain = sort.links.reduceRight<FilterNode[]>(
    (children, link) => [{ ...emptyFilter(link, tableOf(link.to)), children }],
    [],
  )
  const [present] = compileChecks({ ...emptyFilter(undefined, table), children: chain }, files)
  return { ordered, present: present as Check }
}

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
    const values = this.#plan.reread.carried > 0 ? sorted.place : []
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
