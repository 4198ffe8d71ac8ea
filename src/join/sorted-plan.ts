// What a walk in the order of a linked table needs (sorted.ts): statements up the links, down the links, and for the rows
// without a linked row.
import { quote, type Relation } from '../database/catalog.ts'
import { type Check, compileChecks } from './checks.ts'
import type { Files, Kept } from './files.ts'
import { Ordered } from './ordered.ts'
import { type Condition, emptyFilter, type FilterNode, type Shape, type Sort, unsorted } from './request.ts'
import { allColumns, columnList, conditionText, LIMIT, linkedText, whereText } from './statements.ts'
import { positionOf, type Table, tableOf } from './tables.ts'
import { type Rereader, rereader } from './walk.ts'

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

export interface Step {
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
  const order = `order by 1, ${key}${sort.descending ? ' desc' : ''} ${LIMIT}`
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
