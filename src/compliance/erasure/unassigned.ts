// What a split could not place lies in unassigned.db, whole tables and columns that no catalog knows: what names a person by
// their id goes, and so do their values. Identifiers come from the file's own schema.
import Database from 'better-sqlite3'
import { allModels, type CatalogModel, quote } from '../../database/catalog.ts'
import type { Connection } from '../../database/connections.ts'
import { hasFile } from '../../database/logs.ts'

export interface UnassignedTable {
  readonly name: string
  readonly columns: readonly UnassignedColumn[]
}

export interface UnassignedColumn {
  readonly name: string
  /** May be set to null; a key or a generated column may not. */
  readonly isNullable: boolean
  /** Holds somebody's id, by its name. */
  readonly namesPerson: boolean
  /** Holds the id of the row of a known table that had the other columns. */
  readonly isExtraKey: boolean
}

export interface PersonThere {
  readonly ids: readonly string[]
  /** Whether a text is one of the person's values, or holds one. */
  readonly holds: (text: string) => boolean
  /** Those of the ids that no row of a known table has any more. */
  readonly gone: (model: CatalogModel, ids: readonly string[]) => readonly string[]
}

export interface UnassignedCleared {
  readonly tables: readonly Cleared[]
  /** Values of others that hold one of the person's. */
  readonly within: readonly string[]
}

export interface Cleared {
  readonly table: string
  readonly action: 'deleted' | 'emptied'
  readonly rows: number
}

/** `userId`, `user_id`, `subjectId`, `owner_id`; the key of columns that a known table had beside its own. */
const PERSON = /^(?:user|subject|owner|person|member|customer|account|contact|author)_?(?:id)?$/i
export const EXTRA_KEY = 'gogga:id'

/** Undefined where there is no such file. Closed by the caller. */
export function openUnassigned(path: string, readonly: boolean): Connection | undefined {
  if (!hasFile(path)) return undefined
  const connection = new Database(path, { readonly, fileMustExist: true, timeout: 5_000 })
  connection.pragma('trusted_schema = OFF')
  if (!readonly) connection.pragma('secure_delete = ON')
  return connection
}

/** Tables and what their columns are; shadows of virtual tables are their tables' own. */
export function tablesIn(connection: Connection): readonly UnassignedTable[] {
  const tables = connection.prepare(
    `select name from pragma_table_list where schema = 'main' and type in ('table', 'virtual') and name not like 'sqlite@_%' escape '@'
     order by name`,
  )
  return (tables.pluck().all() as string[]).map((name) => ({ name, columns: columnsOf(connection, name) }))
}

interface Info {
  readonly name: string
  readonly notnull: number
  readonly pk: number
  readonly hidden: number
}

function columnsOf(connection: Connection, table: string): readonly UnassignedColumn[] {
  return infosOf(connection, table)
    .filter(({ hidden }) => hidden !== 1)
    .map(({ name, notnull, pk, hidden }) => ({
      name,
      isNullable: notnull === 0 && pk === 0 && hidden === 0,
      namesPerson: PERSON.test(name) || (name === EXTRA_KEY && isPeople(table)),
      isExtraKey: name === EXTRA_KEY,
    }))
}

/** None of a virtual table whose module is not here: nothing of it can be read as rows. */
function infosOf(connection: Connection, table: string): readonly Info[] {
  try {
    return connection.prepare('select name, "notnull", pk, hidden from pragma_table_xinfo(?)').all(table) as Info[]
  } catch (error) {
    if (error instanceof Database.SqliteError && error.code === 'SQLITE_ERROR') return []
    throw error
  }
}

/** The known table whose rows are people. */
const isPeople = (table: string): boolean =>
  allModels.some(({ links }) => links.some(({ subject, to }) => subject && to.model === table))

/** In one transaction. Rows by table; nothing where the file is not there or may not be written: the proof looks into it. */
export function clearUnassigned(path: string, person: PersonThere): readonly Cleared[] {
  const connection = openUnassigned(path, false)
  if (!connection) return []
  try {
    return clearTables(connection, person)
  } catch (error) {
    if (error instanceof Database.SqliteError && UNWRITABLE.test(error.code)) return []
    throw error
  } finally {
    connection.close()
  }
}

const UNWRITABLE = /^SQLITE_(?:READONLY|CANTOPEN|PERM)/

function clearTables(connection: Connection, { ids, holds, gone }: PersonThere): readonly Cleared[] {
  connection.function('gogga_holds', { deterministic: true }, (cell: unknown) => (holds(textIn(cell)) ? 1 : 0))
  const cleared: Cleared[] = []
  connection.exec('begin immediate')
  for (const table of tablesIn(connection))
    cleared.push(...clearTable(connection, table, JSON.stringify([...ids, ...orphansIn(connection, table, gone)])))
  connection.exec('commit')
  connection.pragma('wal_checkpoint(TRUNCATE)')
  return cleared.filter(({ rows }) => rows > 0)
}

export const textIn = (cell: unknown): string => {
  if (cell === null || cell === undefined) return ''
  return cell instanceof Uint8Array ? Buffer.from(cell).toString() : String(cell)
}

/** The known table that had these columns beside its own; undefined where the table itself is unknown. */
export const knownModel = ({ name, columns }: UnassignedTable): CatalogModel | undefined =>
  columns.some(({ isExtraKey }) => isExtraKey)
    ? allModels.find(({ legacy }) => legacy?.table === name && !legacy.moved)
    : undefined

const MANY = 1_000

/** Columns that a known table had beside its own: their rows go with the rows that they belong to. */
function orphansIn(
  connection: Connection,
  { name, columns }: UnassignedTable,
  gone: PersonThere['gone'],
): readonly string[] {
  const model = knownModel({ name, columns })
  if (!model) return []
  const statement = connection.prepare(`select ${quote(EXTRA_KEY)} from ${quote(name)} where ${quote(EXTRA_KEY)} > ?
    order by 1 limit ${MANY}`)
  const orphans: string[] = []
  for (let last = ''; ; ) {
    const ids = statement.pluck().all(last) as string[]
    orphans.push(...gone(model, ids))
    if (ids.length < MANY) return orphans
    last = ids.at(-1) ?? last
  }
}

/** Rows that name the person go; in others the cell that holds a value, or the row where the cell cannot be empty. */
function clearTable(connection: Connection, { name, columns }: UnassignedTable, ids: string): readonly Cleared[] {
  const table = quote(name)
  let [deleted, emptied] = [0, 0]
  for (const column of columns.filter(({ namesPerson, isExtraKey }) => namesPerson || isExtraKey)) {
    const where = `${quote(column.name)} in (select value from json_each(?))`
    deleted += connection.prepare(`delete from ${table} where ${where}`).run(ids).changes
  }
  for (const column of [...columns].sort((one, other) => Number(other.isNullable) - Number(one.isNullable))) {
    const where = `gogga_holds(${quote(column.name)})`
    const empty = `update or ignore ${table} set ${quote(column.name)} = null where ${where}`
    if (column.isNullable) emptied += connection.prepare(empty).run().changes
    // What a constraint of the table wants to be there goes with its row.
    deleted += connection.prepare(`delete from ${table} where ${where}`).run().changes
  }
  return [
    { table: name, action: 'deleted', rows: deleted },
    { table: name, action: 'emptied', rows: emptied },
  ]
}
