// What is to be moved, and every reason why it cannot be, before anything is written. A table that a hand has made may
// lack columns, hold rows twice or values that no column of ours takes: all of that is said at once, by table and column.
import { type CatalogColumn, quote } from '../database/catalog.ts'
import type { Connection } from '../database/connections.ts'
import { ConflictError, type ErrorDetail, FileError } from '../errors.ts'
import { findAllInId } from '../pii/find-all.ts'
import type { PiiKind } from '../pii/kinds.ts'
import {
  type CarriedColumn,
  carriedColumns,
  type FoundTable,
  inspect,
  knownTable,
  type LegacyLayout,
} from './inspect.ts'
import { keyOf, LEGACY_TABLES, legacyNameOf, PEOPLE } from './layout.ts'
import { rehearseSchema } from './legacy-schema.ts'

export interface PlannedTable {
  readonly table: FoundTable
  readonly rows: number
}

export interface Plan {
  readonly layout: LegacyLayout
  /** Tables of the catalog, people first: others name them. */
  readonly known: readonly PlannedTable[]
  /** Tables that the catalog does not know: ordinary ones and the insides of virtual ones. */
  readonly unknown: readonly PlannedTable[]
  readonly unknownColumns: readonly { readonly table: string; readonly columns: readonly string[] }[]
  /** Tables of the catalog that the input lacks. */
  readonly missing: readonly string[]
}

/** Throws FileError where the content cannot be moved, ConflictError where unknown parts are refused. */
export function makePlan(connection: Connection, path: string, unassigned: 'carry' | 'refuse'): Plan {
  const layout = inspect(connection)
  const known = layout.tables.filter(({ legacy }) => legacy !== undefined)
  if (known.length === 0) {
    const names = LEGACY_TABLES.map(({ name }) => name).join(', ')
    throw new FileError(`${path} has none of the unified database's tables (${names})`, {
      hint: 'Check that it is the database of gogga-frontend and gogga-admin, and that its tables were created.',
    })
  }
  const problems = [...known.flatMap((table) => problemsOf(connection, table)), ...rehearseSchema(layout)]
  if (problems.length > 0) throw refusal(path, problems)
  const unknown = layout.tables.filter(
    ({ legacy, kind }) => legacy === undefined && (kind === 'table' || kind === 'shadow'),
  )
  const plan: Plan = {
    layout,
    known: inOrder(known).map((table) => ({ table, rows: countRows(connection, table) })),
    unknown: unknown.map((table) => ({ table, rows: countRows(connection, table) })),
    unknownColumns: known.flatMap(unknownColumnsOf),
    missing: LEGACY_TABLES.map(({ name }) => name).filter((name) => !known.some(({ legacy }) => legacy === name)),
  }
  if (unassigned === 'refuse') refuseUnassigned(path, plan)
  return plan
}

/** Unknown columns of a known table that hold values of their own. */
export const extraColumns = (table: FoundTable): readonly CarriedColumn[] =>
  carriedColumns(table).filter(({ place }) => !place)

const unknownColumnsOf = (table: FoundTable) => {
  const columns = extraColumns(table).map(({ name }) => name)
  return columns.length > 0 ? [{ table: table.name, columns }] : []
}

const inOrder = (tables: readonly FoundTable[]): FoundTable[] =>
  LEGACY_TABLES.flatMap(({ name }) => tables.filter(({ legacy }) => legacy === name)).sort(
    (a, b) => Number(isPeople(b)) - Number(isPeople(a)),
  )

export const isPeople = (table: FoundTable): boolean => knownTable(table)?.main === PEOPLE.model

const countRows = (connection: Connection, { name }: FoundTable): number =>
  connection
    .prepare(`select count(*) from ${quote(name)}`)
    .pluck()
    .get() as number

function refusal(path: string, errors: readonly ErrorDetail[]): FileError {
  const text = errors.map(({ at, message }) => `${at} ${message}`).join('; ')
  return new FileError(`${path} cannot be split as it is: ${text}`, {
    errors,
    hint: 'Correct these rows in a copy of the file, or ask whoever made the table, and split that.',
  })
}

function refuseUnassigned(path: string, { unknown, unknownColumns }: Plan): void {
  const errors = [
    ...unknown.map(({ table, rows }) => ({ at: table.name, message: `is an unknown table (${rows} rows)` })),
    ...unknownColumns.flatMap(({ table, columns }) =>
      columns.map((column) => ({ at: `${table}.${column}`, message: 'is an unknown column' })),
    ),
  ]
  if (errors.length === 0) return
  const text = errors.map(({ at, message }) => `${at} ${message}`).join('; ')
  throw new ConflictError(`${path} holds more than the catalog knows: ${text}`, {
    errors,
    hint: 'Split with --unassigned carry, which keeps them whole in unassigned.db.',
  })
}

function problemsOf(connection: Connection, table: FoundTable): ErrorDetail[] {
  const legacy = knownTable(table)
  if (!legacy) return []
  if (table.kind !== 'table') return [{ at: table.name, message: `is a ${table.kind}, expected a table` }]
  const columns = carriedColumns(table)
  const key = columns.find(({ place }) => place && !place.moved && place.column.name === keyOf(legacy.main))
  if (!key)
    return [{ at: table.name, message: `has no column "${legacyNameOf(legacy.main.columns[0] as CatalogColumn)}"` }]
  const keyProblems = keyProblemsOf(connection, table, key)
  const unique = columns.filter(({ place }) => place?.column.unique && !place.moved)
  return [...keyProblems, ...unique.flatMap((column) => uniqueProblemsOf(connection, table, column))]
}

function keyProblemsOf(connection: Connection, table: FoundTable, key: CarriedColumn): ErrorDetail[] {
  const at = `${table.name}.${key.name}`
  const column = quote(key.name)
  const count = (where: string) =>
    connection
      .prepare(`select count(*) from ${quote(table.name)} where ${where}`)
      .pluck()
      .get() as number
  const odd = count(`typeof(${column}) not in ('text', 'integer')`)
  if (odd > 0)
    return [{ at, message: `is no text in ${plural(odd, 'row')}: a row without an id cannot be found again` }]
  const domain = key.place?.model.domain
  if (domain === 'identity' && !isPeople(table)) return []
  const { rows, kinds } = personalIds(connection, table.name, column)
  const what = kinds.size === 1 && kinds.has('email') ? 'an email' : 'personal information'
  return rows === 0
    ? []
    : [{ at, message: `holds ${what} in ${plural(rows, 'row')}: other files would name people by it` }]
}

function personalIds(connection: Connection, table: string, column: string) {
  const ids = connection
    .prepare(`select ${column} from ${quote(table)} where ${column} glob '*[^A-Za-z0-9_-]*'`)
    .pluck()
    .iterate()
  const kinds = new Set<PiiKind>()
  let rows = 0
  for (const id of ids) {
    const found = findAllInId(String(id))
    if (found.length > 0) rows += 1
    for (const { kind } of found) kinds.add(kind)
  }
  return { rows, kinds }
}

function uniqueProblemsOf(connection: Connection, table: FoundTable, column: CarriedColumn): ErrorDetail[] {
  const at = `${table.name}.${column.name}`
  const name = quote(column.name)
  const problems: ErrorDetail[] = []
  const isFilled = column.place?.column.nullable || column.notNull
  const empty = isFilled
    ? 0
    : (connection
        .prepare(`select count(*) from ${quote(table.name)} where ${name} is null`)
        .pluck()
        .get() as number)
  if (empty > 0) problems.push({ at, message: `is NULL in ${plural(empty, 'row')}` })
  if (isUniqueText(connection, table.name, column)) return problems
  const sql = `select count(*) from (select 1 from ${quote(table.name)} where ${name} is not null
    group by cast(${name} as text) having count(*) > 1)`
  const twice = connection.prepare(sql).pluck().get() as number
  if (twice > 0) problems.push({ at, message: `has ${plural(twice, 'value')} in more than one row` })
  return problems
}

/** Whether the table itself keeps the column unique, as text compared byte by byte. */
function isUniqueText(connection: Connection, table: string, column: CarriedColumn): boolean {
  if (!/char|clob|text/i.test(column.declared) || /int/i.test(column.declared)) return false
  const indexes = connection.prepare(`pragma index_list(${quote(table)})`).all() as IndexRow[]
  return indexes.some(({ name, unique, partial }) => {
    if (!unique || partial) return false
    const parts = connection.prepare(`pragma index_xinfo(${quote(name)})`).all() as IndexPart[]
    const keys = parts.filter(({ key }) => key)
    return keys.length === 1 && keys[0]?.name === column.name && keys[0].coll === 'BINARY'
  })
}

interface IndexRow {
  readonly name: string
  readonly unique: number
  readonly partial: number
}

interface IndexPart {
  readonly name: string | null
  readonly coll: string
  readonly key: number
}

const plural = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`
