// What a database in the legacy layout holds: tables, columns, encoding. The names are the file's own; which of them
// the catalog knows is said by `legacy`.
import { quote } from '../database/catalog.ts'
import type { Connection } from '../database/connections.ts'
import { encodingOf, type TextEncoding } from './cells.ts'
import { type LegacyTable, legacyTableNamed, type Place, placeNamed } from './layout.ts'
import type { Readable } from './read-rows.ts'

export interface FoundColumn {
  readonly name: string
  /** As declared; '' without a type. */
  readonly declared: string
  readonly notNull: boolean
  /** The expression of its DEFAULT. */
  readonly fallback: string | null
  readonly generated: boolean
  /** Position in the primary key, from 1; 0 outside it. */
  readonly key: number
}

export interface FoundTable {
  readonly name: string
  readonly kind: 'table' | 'view' | 'virtual' | 'shadow'
  /** The name under which the rowid can be read; undefined for WITHOUT ROWID, or where columns took all its names. */
  readonly rowid: string | undefined
  readonly strict: boolean
  readonly columns: readonly FoundColumn[]
  /** The name of the table in the catalog. */
  readonly legacy?: string
}

/** A line of LegacySchema: `sql` is a statement that, run in order, makes the same database again. */
export interface SchemaEntry {
  readonly kind: string
  readonly name: string
  readonly tableName: string
  readonly sql: string
}

export interface LegacyLayout {
  readonly encoding: TextEncoding
  readonly tables: readonly FoundTable[]
  readonly schema: readonly SchemaEntry[]
}

/** A column that is carried: in a known table with its place, if the catalog knows it. */
export interface CarriedColumn extends FoundColumn {
  readonly place: Place | undefined
}

export function inspect(connection: Connection): LegacyLayout {
  const encoding = encodingOf(connection.pragma('encoding', { simple: true }))
  const rows = connection.prepare('pragma main.table_list').all() as TableRow[]
  const order = new Map(schemaNames(connection).map((name, index) => [name, index]))
  const tables = rows
    .filter(({ schema, name }) => schema === 'main' && !name.startsWith('sqlite_'))
    .sort((a, b) => (order.get(a.name) ?? 0) - (order.get(b.name) ?? 0))
    .map((row) => foundTable(connection, row))
  return { encoding, tables, schema: schemaEntries(connection, tables) }
}

/** The columns of a known table that hold something of their own: all but unknown generated ones. */
export function carriedColumns(table: FoundTable): readonly CarriedColumn[] {
  const legacy = knownTable(table)
  return table.columns
    .map((column) => ({ ...column, place: legacy && placeNamed(legacy, column.name) }))
    .filter(({ generated, place }) => !generated || place)
}

export const knownTable = (table: FoundTable): LegacyTable | undefined =>
  table.legacy === undefined ? undefined : legacyTableNamed(table.legacy)

/** All that is carried of a table, as `readRows` asks for it. */
export const readable = (table: FoundTable): Readable => ({
  name: table.name,
  rowid: table.rowid,
  columns: carriedColumns(table).map(({ name }) => name),
})

interface TableRow {
  readonly schema: string
  readonly name: string
  readonly type: FoundTable['kind']
  readonly wr: number
  readonly strict: number
}

interface ColumnRow {
  readonly name: string
  readonly type: string
  readonly notnull: number
  readonly dflt_value: string | null
  readonly hidden: number
  readonly pk: number
}

/** `hidden` of table_xinfo: 1 for a column of a virtual table, 2 and 3 for generated ones. */
const GENERATED = 2

function foundTable(connection: Connection, { name, type, wr, strict }: TableRow): FoundTable {
  const rows = connection.prepare(`pragma table_xinfo(${quote(name)})`).all() as ColumnRow[]
  const columns = rows.map((row) => ({
    name: row.name,
    declared: row.type,
    notNull: row.notnull === 1,
    fallback: row.dflt_value,
    generated: row.hidden >= GENERATED,
    key: row.pk,
  }))
  const rowid = wr ? undefined : rowidAmong(columns)
  const legacy = legacyTableNamed(name)
  return { name, kind: type, rowid, strict: strict === 1, columns, ...(legacy && { legacy: legacy.name }) }
}

/** The name under which the rowid of a table can be read: `rowid` means the column where one is called "rowId". */
export function rowidOf(connection: Connection, table: string): string | undefined {
  return rowidAmong(connection.prepare('select name from pragma_table_xinfo(?)').all(table) as { name: string }[])
}

function rowidAmong(columns: readonly { readonly name: string }[]): string | undefined {
  const taken = new Set(columns.map(({ name }) => name.toLowerCase()))
  return ['rowid', '_rowid_', 'oid'].find((candidate) => !taken.has(candidate))
}

const schemaNames = (connection: Connection): string[] =>
  connection.prepare('select name from sqlite_schema order by rowid').pluck().all() as string[]

/** Facts of the file that are no tables, and whose equality a user may miss. The encoding must come first. */
const PRAGMAS = ['encoding', 'page_size', 'auto_vacuum', 'user_version', 'application_id'] as const

function schemaEntries(connection: Connection, tables: readonly FoundTable[]): SchemaEntry[] {
  const kinds = new Map(tables.map(({ name, kind }) => [name, kind]))
  const pragmas = PRAGMAS.map((name): SchemaEntry => {
    const value = connection.pragma(name, { simple: true })
    return {
      kind: 'pragma',
      name,
      tableName: '',
      sql: `PRAGMA ${name} = ${typeof value === 'string' ? `'${value}'` : value}`,
    }
  })
  const rows = connection
    .prepare('select type, name, tbl_name, sql from sqlite_schema where sql is not null order by rowid')
    .raw()
    .all() as [string, string, string, string][]
  const objects = rows
    .filter(([, name]) => !name.startsWith('sqlite_'))
    .map(([type, name, tableName, sql]): SchemaEntry => {
      const kind = type === 'table' ? (kinds.get(name) ?? type) : type
      return { kind, name, tableName, sql }
    })
  return [...pragmas, ...objects, ...sequences(connection)]
}

/** AUTOINCREMENT remembers the highest rowid ever given, also of rows that are gone. */
function sequences(connection: Connection): SchemaEntry[] {
  const found = connection.prepare("select 1 from sqlite_schema where name = 'sqlite_sequence'").get()
  if (!found) return []
  const rows = connection.prepare('select name, seq from sqlite_sequence').safeIntegers().raw().all() as [
    string,
    bigint,
  ][]
  return rows.map(([name, seq]) => {
    const literal = `'${name.replaceAll("'", "''")}'`
    const sql = `delete from sqlite_sequence where name = ${literal}; insert into sqlite_sequence (name, seq) values (${literal}, ${seq})`
    return { kind: 'sequence', name, tableName: name, sql }
  })
}
