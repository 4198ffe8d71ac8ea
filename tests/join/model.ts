// The join service's promises, written down as naively as possible over rows in memory: what the property tests compare.
import type { Relation } from '../../src/database/catalog.ts'
import { type CatalogModel, columnOf, modelOfResource, type Resource, relationsOf } from '../../src/database/catalog.ts'
import type { NamedPageQuery } from '../../src/join/types.ts'
import { timeText } from '../../src/join/values.ts'

export type Value = string | number | boolean | null
export type Row = Record<string, Value>
/** Rows of each resource in the order in which they were written. */
export type World = Readonly<Record<string, readonly Row[]>>
type Tree = Record<string, unknown>
type Condition = {
  readonly path: readonly string[]
  readonly column: string
  readonly op: string
  readonly value: unknown
}

const keyOf = (model: CatalogModel): string => model.key[0] as string
const relationNamed = (model: CatalogModel, name: string) =>
  relationsOf(model).find((relation) => relation.name === name) as Relation

/** The whole list, without pages. */
export function expectedRows(
  world: World,
  query: NamedPageQuery,
): { rows: Tree[]; orphansOf: (rows: Tree[]) => number } {
  const model = modelOfResource(query.from as Resource)
  const conditions = (query.filter ?? []).map(({ field, op, value }): Condition => {
    const path = field.split('.')
    const column = path.pop() as string
    return { path, column, op, value }
  })
  const rows = (world[query.from] as Row[]).filter((row) => fits(world, model, row, conditions))
  const sorted = rows.toSorted(ordering(world, model, query.sort ?? []))
  const paths = (query.expand ?? []).map((path) => path.split('.'))
  return {
    rows: sorted.map((row) => expanded(world, model, row, paths)),
    orphansOf: (some) => countOrphans(world, model, some, paths),
  }
}

function linked(world: World, row: Row, { fromColumn, to, toColumn }: Relation): Row[] {
  const value = row[fromColumn]
  return value === null ? [] : (world[to.resource as string] as Row[]).filter((other) => other[toColumn] === value)
}

function fits(world: World, model: CatalogModel, row: Row, conditions: readonly Condition[]): boolean {
  const own = conditions.filter(({ path }) => path.length === 0)
  if (!own.every((condition) => test(model, row, condition))) return false
  const names = new Set(conditions.flatMap(({ path }) => path[0] ?? []))
  return [...names].every((name) => {
    const relation = relationNamed(model, name)
    const behind = conditions
      .filter(({ path }) => path[0] === name)
      .map((condition) => ({ ...condition, path: condition.path.slice(1) }))
    const others = linked(world, row, relation)
    if (others.some((other) => fits(world, relation.to, other, behind))) return true
    return (
      others.length === 0 && !relation.many && behind.every((condition) => isFulfilledByAbsence(relation.to, condition))
    )
  })
}

function isFulfilledByAbsence(model: CatalogModel, { path, op, value }: Condition): boolean {
  if (op !== 'isNull' || value !== true) return false
  const [name, ...rest] = path
  if (name === undefined) return true
  const relation = relationNamed(model, name)
  return !relation.many && isFulfilledByAbsence(relation.to, { path: rest, column: '', op, value })
}

function test(model: CatalogModel, row: Row, { column, op, value }: Condition): boolean {
  const actual = row[column] as Value
  if (op === 'isNull') return (actual === null) === value
  if (actual === null) return false
  const isTime = columnOf(model, column)?.type === 'time'
  const given = (one: unknown) => (isTime ? timeText(one as string) : one) as Value
  if (op === 'in') return (value as unknown[]).some((one) => given(one) === actual)
  const order = compare(actual, given(value))
  if (op === 'eq') return order === 0
  if (op === 'ne') return order !== 0
  if (op === 'lt') return order < 0
  if (op === 'lte') return order <= 0
  if (op === 'gt') return order > 0
  if (op === 'gte') return order >= 0
  if (op === 'contains') return String(actual).includes(String(value))
  return String(actual).startsWith(String(value))
}

/** NULL first, then numbers, then text by bytes. */
function compare(a: Value, b: Value): number {
  const rank = (value: Value) => (value === null ? 0 : typeof value === 'string' ? 2 : 1)
  if (rank(a) !== rank(b)) return rank(a) - rank(b)
  if (typeof a === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b as string))
  return Number(a) - Number(b)
}

function ordering(world: World, model: CatalogModel, sort: readonly string[]): (a: Row, b: Row) => number {
  const keys = sort.map((word) => ({ descending: word.startsWith('-'), path: word.replace(/^-/, '').split('.') }))
  const last = keys.at(-1)?.descending ?? false
  const links = keys[0]?.path.slice(0, -1) ?? []
  const id = (row: Row) => row[keyOf(model)] as Value
  const target = (row: Row) => {
    let at: { model: CatalogModel; row: Row | undefined; link: Value } = { model, row, link: null }
    for (const name of links) {
      const relation = relationNamed(at.model, name)
      const [next] = at.row ? linked(world, at.row, relation) : []
      at = { model: relation.to, row: next, link: next?.[tieOf(relation, keys)] ?? null }
    }
    return at
  }
  return (a, b) => {
    const [x, y] = [target(a), target(b)]
    if (!x.row || !y.row) return Number(!x.row) - Number(!y.row) || compare(id(a), id(b))
    for (const { descending, path } of keys) {
      const column = path.at(-1) as string
      const order = compare(x.row[column] as Value, y.row[column] as Value)
      if (order !== 0) return descending ? -order : order
    }
    const order = compare(x.link, y.link) || compare(id(a), id(b))
    return last ? -order : order
  }
}

/** The key of the sorted row where an index has it behind the sort keys, else what links to the row. */
function tieOf({ to, toColumn }: Relation, keys: readonly { path: readonly string[] }[]): string {
  const names = [...keys.map(({ path }) => path.at(-1) as string), keyOf(to)]
  const last = names.findIndex((name) => columnOf(to, name)?.unique && !columnOf(to, name)?.nullable)
  const used = [...names.slice(0, Math.min(last + 1, names.length - 1)), keyOf(to)]
  return to.indexes.some((index) => used.every((name, at) => index[at] === name)) ? keyOf(to) : toColumn
}

function expanded(world: World, model: CatalogModel, row: Row, paths: readonly (readonly string[])[]): Tree {
  const tree: Tree = { ...row }
  for (const name of new Set(paths.flatMap((path) => path[0] ?? []))) {
    const relation = relationNamed(model, name)
    const behind = paths.filter((path) => path[0] === name).map((path) => path.slice(1))
    const others = linked(world, row, relation).map((other) => expanded(world, relation.to, other, behind))
    tree[name] = relation.many ? others.reverse() : (others[0] ?? null)
  }
  return tree
}

/** Links of the answer that lead nowhere: each row once where it is shared, since it is one row. */
function countOrphans(
  world: World,
  model: CatalogModel,
  rows: readonly Tree[],
  paths: readonly (readonly string[])[],
): number {
  let count = 0
  for (const name of new Set(paths.flatMap((path) => path[0] ?? []))) {
    const relation = relationNamed(model, name)
    const behind = paths.filter((path) => path[0] === name).map((path) => path.slice(1))
    const { forward, subject, fromColumn } = relation
    const isBroken = (value: unknown) =>
      value !== null && !(subject && (/^[a-z_-]+$/i.test(String(value)) || hasContact(world, value)))
    if (forward) count += rows.filter((row) => row[name] === null && isBroken(row[fromColumn])).length
    const next = rows.flatMap((row): Tree[] => (row[name] === null ? [] : [row[name]].flat()) as Tree[])
    const unique = new Map(next.map((row) => [row[keyOf(relation.to)], row]))
    count += countOrphans(world, relation.to, [...unique.values()], behind)
  }
  return count
}

const hasContact = (world: World, value: unknown): boolean => (world.contacts as Row[]).some(({ id }) => id === value)
