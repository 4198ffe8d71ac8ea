// Random small databases over the whole catalog: few keys, shared by all tables, so that links meet, miss and repeat.
import fc from 'fast-check'
import {
  type CatalogColumn,
  type CatalogModel,
  quote,
  type Relation,
  relationsOf,
  resources,
} from '../../src/database/catalog.ts'
import { type Connection, openReader, openWriter } from '../../src/database/connections.ts'
import { DOMAINS, type Domain } from '../../src/database/domains.ts'
import type { Clear, NamedPageQuery } from '../../src/join/types.ts'
import { type Databases, withDatabases } from '../helpers/databases.ts'
import type { Row, Value, World } from './model.ts'

export type Connections = Readonly<Record<Domain, Connection>>

export const KEYS = ['k0', 'k1', 'K2', 'k3', 'ké', 'k\u{1f600}', 'k\uffee', "k'7"]
const TEXTS = ['', 'a', 'A', 'ab', 'aB%', 'b_', 'é', '\u{1f600}', '\uffee', 'a\u{10ffff}', "o'x"]
const TIMES = ['2026-01-01T00:00:00.000+00:00', '2026-02-28T23:59:59.999+00:00', '2026-03-01T00:00:00.000+00:00']
const SPELLINGS = ['2026-01-01T02:00:00+02:00', '2026-02-28T23:59:59.999Z', '2026-03-01T00:00:00.000+00:00']
const INTEGERS = [-1, 0, 1, 2, 1_000, Number.MAX_SAFE_INTEGER]

const isReadable = ({ class: kind, type }: CatalogColumn) => kind !== 'secret' && type !== 'bytes'

function stored(model: CatalogModel, column: CatalogColumn): fc.Arbitrary<Value> {
  const isLink = model.links.some((link) => link.column === column.name)
  const isKey = model.key.includes(column.name)
  const value = anyValue(column, isLink || isKey)
  return column.nullable ? fc.option(value, { freq: 3 }) : value
}

function anyValue(column: CatalogColumn, isKey: boolean): fc.Arbitrary<Value> {
  if (isKey) return fc.constantFrom(...KEYS)
  if (column.type === 'integer') return fc.constantFrom(...INTEGERS)
  if (column.type === 'boolean') return fc.constantFrom(0, 1)
  return fc.constantFrom(...(column.type === 'time' ? TIMES : TEXTS))
}

/** Rows for each resource; those that break a unique column are left out when they are written. */
export const worlds: fc.Arbitrary<Record<string, Row[]>> = fc.record(
  Object.fromEntries(
    resources.map((model) => {
      const columns = model.columns.map((column) => [column.name, stored(model, column)] as const)
      return [model.resource as string, fc.array(fc.record(Object.fromEntries(columns)), { maxLength: 12 })]
    }),
  ),
)

/** Writes the rows and gives back what the files then hold. */
export function write(writers: Connections, world: Readonly<Record<string, readonly Row[]>>): World {
  const held = resources.map((model) => {
    const writer = writers[model.domain]
    const columns = model.columns.map(({ name }) => quote(name)).join(', ')
    const places = model.columns.map(() => '?').join(', ')
    writer.exec(`delete from ${quote(model.name)}`)
    const insert = writer.prepare(`insert or ignore into ${quote(model.name)} (${columns}) values (${places})`)
    for (const row of world[model.resource as string] ?? []) insert.run(model.columns.map(({ name }) => row[name]))
    const rows = writer.prepare<[], Row>(`select * from ${quote(model.name)} order by rowid`).all()
    return [model.resource as string, rows.map((row) => readable(model, row))] as const
  })
  return Object.fromEntries(held)
}

function readable(model: CatalogModel, row: Row): Row {
  const columns = model.columns.filter(isReadable)
  const value = ({ name, type }: CatalogColumn) =>
    type === 'boolean' && row[name] !== null ? row[name] === 1 : row[name]
  return Object.fromEntries(columns.map((column) => [column.name, value(column) as Value]))
}

/** Up to `depth` links, by choosing among those of each table. */
function walk(model: CatalogModel, picks: readonly number[], isAllowed: (relation: Relation) => boolean) {
  const names: string[] = []
  let at = model
  for (const pick of picks) {
    const links = relationsOf(at).filter(isAllowed)
    const link = links[pick % Math.max(1, links.length)]
    if (!link) break
    names.push(link.name)
    at = link.to
  }
  return { names, model: at }
}

const picks = fc.array(fc.nat(50), { maxLength: 3 })

const filterOf = (model: CatalogModel) =>
  fc
    .tuple(picks, fc.nat(50), fc.nat(50), fc.tuple(fc.nat(50), fc.nat(50), fc.nat(50), fc.nat(50)))
    .map(([links, pickColumn, pickOp, rolls]) => {
      const { names, model: at } = walk(model, links, () => true)
      const columns = at.columns.filter(isReadable)
      const column = columns[pickColumn % columns.length] as CatalogColumn
      const ops = operators[column.type === 'bytes' ? 'text' : column.type]
      const op = ops[pickOp % ops.length] as string
      return { field: [...names, column.name].join('.'), op, value: filterValue(at, column, op, rolls) }
    })

const comparisons = ['eq', 'ne', 'in', 'lt', 'lte', 'gt', 'gte', 'isNull']
const operators = {
  text: [...comparisons, 'contains', 'startsWith'],
  integer: comparisons,
  time: comparisons,
  boolean: ['eq', 'ne', 'isNull'],
}

function filterValue(model: CatalogModel, column: CatalogColumn, op: string, rolls: readonly number[]) {
  if (op === 'isNull') return (rolls[0] as number) % 2 === 0
  const isKey = model.key.includes(column.name) || model.links.some((link) => link.column === column.name)
  const pools = { text: isKey ? [...KEYS, 'k'] : TEXTS, integer: INTEGERS, time: SPELLINGS, boolean: [true, false] }
  const pool = pools[column.type === 'bytes' ? 'text' : column.type]
  const values = rolls.map((roll) => pool[roll % pool.length] as string | number)
  return op === 'in' ? values.slice(0, (rolls[3] as number) % 4) : (values[0] as string | number)
}

const sortOf = (model: CatalogModel) =>
  fc.tuple(picks, fc.array(fc.tuple(fc.nat(50), fc.boolean()), { maxLength: 3 })).map(([links, keys]) => {
    const { names, model: at } = walk(model, links, ({ many }) => !many)
    const columns = at.columns.filter(isReadable)
    return keys.map(([pick, descending]) => {
      const field = [...names, (columns[pick % columns.length] as CatalogColumn).name].join('.')
      return descending ? `-${field}` : field
    })
  })

const expandOf = (model: CatalogModel) =>
  picks.map((links) => walk(model, links, () => true).names.join('.')).filter((path) => path !== '')

/** How a test asks for personal information in clear. */
export const CLEAR: Clear = { purpose: 'fraud-prevention' }

export const queries: fc.Arbitrary<NamedPageQuery> = fc.constantFrom(...resources).chain((model) =>
  fc.record({
    from: fc.constant(model.resource as string),
    filter: fc.array(filterOf(model), { maxLength: 3 }),
    sort: sortOf(model),
    expand: relationsOf(model).length > 0 ? fc.array(expandOf(model), { maxLength: 3 }) : fc.constant([]),
    limit: fc.integer({ min: 1, max: 5 }),
    pii: fc.constant(CLEAR),
    bearers: fc.constant('clear' as const),
  }),
)

/** Three migrated files with readers and writers, closed afterwards. */
export async function withConnections<T>(
  work: (connections: { readers: Connections; writers: Connections; databases: Databases }) => T,
): Promise<T> {
  return withDatabases((databases) => {
    const open = (opener: typeof openReader) =>
      Object.fromEntries(
        DOMAINS.map((domain) => [domain, opener(domain, databases.paths[domain])]),
      ) as unknown as Connections
    const writers = open(openWriter)
    const readers = open(openReader)
    try {
      return work({ readers, writers, databases })
    } finally {
      for (const connection of [...Object.values(readers), ...Object.values(writers)]) connection.close()
    }
  })
}
