// A request's words → what they name in the catalog. Everything here depends on the shape of a request alone, not on
// its values, and so is done once per shape.
import type { CatalogColumn, Relation } from '../database/catalog.ts'
import type { PiiClass } from '../generated/catalog.ts'
import { fieldAt, filterName, follow, type Place } from './paths.ts'
import { Problems, spelled } from './problems.ts'
import { purposeIn } from './purpose.ts'
import { isPii, resourceNames, type Table, tableNamed, tableOf } from './tables.ts'
import type { Clear, Operator } from './types.ts'
import { booleanOf, operatorsFor } from './values.ts'

export interface Condition {
  /** Its place in the request's list of filters, where the value stands. */
  readonly at: number
  readonly column: CatalogColumn
  readonly op: Operator
  /** With `isNull`. */
  readonly isNull: boolean
}

/** The conditions on one table of a path, and on those behind it. The root has no relation. */
export interface FilterNode {
  readonly relation: Relation | undefined
  readonly table: Table
  readonly conditions: readonly Condition[]
  readonly children: readonly FilterNode[]
  /** The absence of the row fulfils all of it: a to-one link, with nothing but `isNull: true` on it and behind it. */
  readonly absentable: boolean
}

export interface ExpandNode {
  readonly relation: Relation
  readonly table: Table
  /** `user.subscription`. */
  readonly path: string
  readonly children: readonly ExpandNode[]
  /** False: followed only to learn whose personal information a sort reads. */
  readonly visible: boolean
}

export interface SortKey {
  readonly column: CatalogColumn
  readonly descending: boolean
}

export interface Sort {
  /** To-one links to the table whose fields order the page; none for the resource's own. */
  readonly links: readonly Relation[]
  readonly table: Table
  readonly keys: readonly SortKey[]
  /** The way of the last key that was named: keys decide in their order, then ids the same way. */
  readonly descending: boolean
}

export const unsorted = (table: Table): Sort => ({ links: [], table, keys: [], descending: false })

export interface Shape {
  readonly table: Table
  readonly filter: FilterNode
  readonly conditions: readonly Condition[]
  readonly sort: Sort
  readonly expand: readonly ExpandNode[]
  /** Personal information is masked. */
  readonly masked: boolean
  readonly isMasked: (column: CatalogColumn) => boolean
  /** `users.email`, read by the answer, a filter or a sort. */
  readonly piiFields: readonly string[]
  /** The same with their kinds. */
  readonly piiKinds: ReadonlyMap<string, PiiClass>
}

/** What a request's shape is made of; its values are left out, but for `isNull`'s. */
export interface Words {
  readonly from: string
  readonly filter?: readonly { readonly field: string; readonly op: string; readonly value: unknown }[]
  readonly sort?: readonly string[]
  readonly expand?: readonly string[]
  readonly pii?: Clear | 'masked'
  readonly bearers?: 'clear' | 'masked'
}

const MAX_EXPAND = 20

/** Throws UsageError with every name that is not there, and ForbiddenError for masked fields in filters and sorts. */
export function resolve(words: Words): Shape {
  const problems = new Problems()
  const table = tableNamed(words.from)
  if (!table) problems.unknown({ at: 'from', what: 'resource', name: words.from, allowed: resourceNames })
  problems.throwAny()
  return resolveFrom(table as Table, words, problems)
}

function resolveFrom(table: Table, words: Words, problems: Problems): Shape {
  const masked = purposeIn(words) === undefined
  const isMasked = (column: CatalogColumn) =>
    (masked && isPii(column)) || (words.bearers !== 'clear' && column.bearer === true)
  const filter: MutableFilter = emptyFilter(undefined, table)
  const pii = new Map<string, PiiClass>()
  const use = (at: string, place: Place, column: CatalogColumn) => {
    if (isMasked(column)) problems.forbid(at, `${column.name} is ${guardedAs(column)}, which this reader sees masked`)
    addPiiField(pii, place.table, column)
  }
  const conditions = (words.filter ?? []).flatMap((word, at) => {
    const name = filterName(word.field)
    const place = fieldAt(table, word.field, name, problems)
    const condition = place && conditionOf(word, at, place.column, name, problems)
    if (!place || !condition) return []
    use(name, place, place.column)
    nodeAt(filter, place.links).conditions.push(condition)
    return [condition]
  })
  const sort = resolveSort(table, words.sort ?? [], problems, use)
  const expand: MutableExpand[] = []
  const paths = words.expand?.length ?? 0
  if (paths > MAX_EXPAND) problems.add('expand', `Expected at most ${MAX_EXPAND} paths, got ${paths}`)
  for (const path of words.expand ?? []) addExpand(expand, table, path, problems)
  const isSortRead = !masked && sort.keys.some(({ column }) => isPii(column))
  if (isSortRead) addLinks(expand, sort.links, false)
  problems.throwAny()
  markAbsentable(filter)
  if (!masked) addPiiFields(pii, table, expand)
  return { table, filter, conditions, sort, expand, masked, isMasked, piiFields: [...pii.keys()].sort(), piiKinds: pii }
}

const guardedAs = (column: CatalogColumn): string =>
  isPii(column) ? 'personal information' : 'worth something to whoever knows it'

function conditionOf(
  { op, value }: { readonly op: string; readonly value: unknown },
  at: number,
  column: CatalogColumn,
  name: string,
  problems: Problems,
): Condition | undefined {
  const operators = operatorsFor(column)
  const operator = operators.find((candidate) => candidate === op)
  if (!operator)
    return problems.unknown({ at: name, what: `operator for ${column.type}`, name: op, allowed: operators })
  const isNull = operator === 'isNull' ? booleanOf(value) : false
  if (isNull === undefined) return problems.add(name, 'isNull takes true or false')
  return { at, column, op: operator, isNull }
}

function resolveSort(
  from: Table,
  words: readonly string[],
  problems: Problems,
  use: (at: string, place: Place, column: CatalogColumn) => void,
): Sort {
  let shared: (Place & { readonly path: string }) | undefined
  const keys: SortKey[] = []
  for (const word of words) {
    const descending = word.startsWith('-')
    const path = descending ? word.slice(1) : word
    const place = fieldAt(from, path, 'sort', problems)
    if (!place) continue
    shared ??= { ...place, path }
    checkSortPath({ path, links: place.links }, shared, problems)
    use('sort', place, place.column)
    keys.push({ column: place.column, descending })
  }
  const { table, links } = shared ?? { table: from, links: [] }
  return { table, links, keys: keys.slice(0, lastUseful(keys) + 1), descending: keys.at(-1)?.descending ?? false }
}

type SortPath = Pick<Place, 'links'> & { readonly path: string }

function checkSortPath({ path, links }: SortPath, first: SortPath, problems: Problems): void {
  const many = links.find((link) => link.many)
  if (many)
    problems.add('sort', `${spelled(path)} has many rows behind "${many.name}"; a sort follows links to one row`)
  if (links.length === first.links.length && links.every((link, index) => link === first.links[index])) return
  const both = `${spelled(first.path)} and ${spelled(path)}`
  problems.add('sort', `All fields of a sort must be of one and the same table; ${both} are of two`)
}

/** Behind a unique field nothing decides any more. */
function lastUseful(keys: readonly SortKey[]): number {
  const unique = keys.findIndex(({ column }) => column.unique && !column.nullable)
  return unique < 0 ? keys.length - 1 : unique
}

interface MutableFilter extends FilterNode {
  readonly conditions: Condition[]
  readonly children: MutableFilter[]
  absentable: boolean
}

export const emptyFilter = (relation: Relation | undefined, table: Table): MutableFilter => ({
  relation,
  table,
  conditions: [],
  children: [],
  absentable: false,
})

function nodeAt(root: MutableFilter, links: readonly Relation[]): MutableFilter {
  let node = root
  for (const relation of links) {
    let next = node.children.find((child) => child.relation === relation)
    if (!next) {
      next = emptyFilter(relation, tableOf(relation.to))
      node.children.push(next)
    }
    node = next
  }
  return node
}

function markAbsentable(node: MutableFilter): void {
  for (const child of node.children) markAbsentable(child)
  const isToOne = node.relation !== undefined && !node.relation.many
  node.absentable =
    isToOne && node.conditions.every(({ isNull }) => isNull) && node.children.every((child) => child.absentable)
}

interface MutableExpand extends ExpandNode {
  readonly children: MutableExpand[]
  visible: boolean
}

function addExpand(into: MutableExpand[], table: Table, path: string, problems: Problems): void {
  const place = follow(table, path.split('.'), { at: 'expand', path }, problems)
  if (place) addLinks(into, place.links, true)
}

function addLinks(into: MutableExpand[], links: readonly Relation[], visible: boolean): void {
  let nodes = into
  let path = ''
  for (const relation of links) {
    path = path === '' ? relation.name : `${path}.${relation.name}`
    let node = nodes.find((candidate) => candidate.relation === relation)
    if (!node) {
      node = { relation, table: tableOf(relation.to), path, children: [], visible }
      nodes.push(node)
    }
    node.visible ||= visible
    nodes = node.children
  }
}

function addPiiField(into: Map<string, PiiClass>, table: Table, column: CatalogColumn): void {
  if (column.pii) into.set(`${table.resource}.${column.name}`, column.pii)
}

function addPiiFields(into: Map<string, PiiClass>, table: Table, expand: readonly ExpandNode[]): void {
  for (const column of table.columns) addPiiField(into, table, column)
  for (const node of expand) if (node.visible) addPiiFields(into, node.table, node.children)
}
