// The unified database, read and never written: its tables, and even samples of their rows. In WAL mode everything is read
// in one transaction. In the older journal modes a reader keeps writers from committing, so each statement stands alone
// and, save for counts and page sizes, reads a few hundred rows.
import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs'
import Database from 'better-sqlite3'
import { allModels, quote } from '../../database/catalog.ts'
import type { Connection } from '../../database/connections.ts'
import { DOMAINS, FILES } from '../../database/domains.ts'
import { FileError, UsageError } from '../../errors.ts'

export interface Table {
  readonly name: string
  readonly columns: readonly string[]
  readonly hasRowid: boolean
}

export interface Unified {
  readonly path: string
  readonly connection: Connection
  readonly tables: readonly Table[]
}

export interface Sample {
  /** Rows of the table. */
  readonly rows: number
  readonly sampled: number
  readonly values: Iterable<readonly unknown[]>
}

const MAGIC = 'SQLite format 3\0'
const WAL = 2
/** Tables of the unified database that the catalog knows, in lower case. */
const KNOWN = new Set(allModels.flatMap(({ legacy }) => (legacy ? [legacy.table.toLowerCase()] : [])))

/** Throws UsageError where nothing is there, FileError where it is not the unified database. The caller closes it. */
export function openUnified(path: string): Unified {
  if (!existsSync(path) || statSync(path).isDirectory())
    throw new UsageError(`${path} is no file, expected the unified database`, { hint: 'Check the path.' })
  const header = headerOf(path)
  if (header.toString('latin1', 0, MAGIC.length) !== MAGIC)
    throw new FileError(`${path} is not a SQLite database, or it is encrypted`, { hint: 'Name the unified database.' })
  const connection = open(path, header[18] === WAL)
  try {
    requireUnsplit(connection, path)
    const tables = tablesOf(connection)
    if (tables.some(({ name }) => KNOWN.has(name.toLowerCase()))) return { path, connection, tables }
    throw new FileError(`${path} is not the unified database: it has none of its tables`, {
      hint: 'Name the file that gogga-frontend and gogga-admin share, before it was split.',
    })
  } catch (error) {
    connection.close()
    if (!(error instanceof Database.SqliteError)) throw error
    throw new FileError(`${path} cannot be read (${error.code})`, {
      cause: error,
      hint: 'Where it is locked, repeat it later; where it is damaged, restore it or use "sqlite3 FILE .recover" first.',
    })
  }
}

/** The files of a split have some of its tables too, and would be told to stay as they are. */
function requireUnsplit(connection: Connection, path: string): void {
  const id = connection.pragma('application_id', { simple: true }) as number
  const domain = DOMAINS.find((candidate) => FILES[candidate].applicationId === id)
  if (!domain) return
  throw new FileError(`${path} is not the unified database, but ${domain}.db of one that was split`, {
    hint: 'To look at the three files, use "gogga check"; to put them back into one, "gogga merge".',
  })
}

/**
 * Nobody has a WAL database open that has neither log nor -shm. A reader would leave both behind; a connection that may
 * write takes them away again when it closes, and without a log it has nothing to write.
 */
function open(path: string, wal: boolean): Connection {
  const isIdle = wal && !existsSync(`${path}-shm`) && !existsSync(`${path}-wal`)
  try {
    const connection = new Database(path, { readonly: !isIdle, fileMustExist: true })
    connection.pragma('query_only = ON')
    connection.pragma('trusted_schema = OFF')
    connection.pragma('cell_size_check = ON')
    if (wal) connection.exec('begin')
    return connection
  } catch (cause) {
    throw new FileError(`${path} cannot be opened: ${(cause as Error).message}`, {
      cause,
      hint: 'Check that this user may read the file and, where it is in WAL mode, write to its folder; or copy it.',
    })
  }
}

function headerOf(path: string): Buffer {
  const header = Buffer.alloc(100)
  const file = openSync(path, 'r')
  try {
    readSync(file, header, 0, header.length, 0)
    return header
  } finally {
    closeSync(file)
  }
}

function tablesOf(connection: Connection): readonly Table[] {
  const rows = connection.pragma('main.table_list') as { name: string; type: string; wr: number }[]
  return rows
    .filter(({ name, type }) => type === 'table' && !/^(sqlite_|_prisma_)/.test(name))
    .map(({ name, wr }) => {
      const columns = connection.prepare('select name from pragma_table_info(?)').pluck().all(name) as string[]
      return { name, columns, hasRowid: wr === 0 && !columns.some((column) => column.toLowerCase() === 'rowid') }
    })
}

/** By the name in the unified database, in whatever case the file has it. */
export const tableNamed = ({ tables }: Unified, name: string): Table | undefined =>
  tables.find((table) => table.name.toLowerCase() === name.toLowerCase())

export const columnNamed = ({ columns }: Table, name: string): string | undefined =>
  columns.find((column) => column.toLowerCase() === name.toLowerCase())

export const countRows = ({ connection }: Unified, { name }: Table): number =>
  connection
    .prepare(`select count(*) from ${quote(name)}`)
    .pluck()
    .get() as number

const RUN = 250

/** All rows where there are at most `most`; else runs of rows at even distances over the whole table. */
export function sample(unified: Unified, table: Table, columns: readonly string[], most: number): Sample {
  const rows = countRows(unified, table)
  return { rows, sampled: Math.min(rows, most), values: readSample(unified, table, columns, { rows, most }) }
}

function* readSample(
  { connection }: Unified,
  { name, hasRowid }: Table,
  columns: readonly string[],
  { rows, most }: { readonly rows: number; readonly most: number },
): Generator<readonly unknown[]> {
  const list = columns.map(quote).join(', ')
  if (!hasRowid) {
    yield* connection
      .prepare<[number], unknown[]>(`select ${list} from ${quote(name)} limit (? + 0)`)
      .raw()
      .all(most)
    return
  }
  const [least = 0, last = 0] = connection
    .prepare<[], [number, number]>(`select min(rowid), max(rowid) from ${quote(name)}`)
    .raw()
    .get() ?? [0, 0]
  const runs = Math.ceil(Math.min(rows, most) / RUN)
  const next = connection
    .prepare<[number, number], unknown[]>(
      `select rowid, ${list} from ${quote(name)} where rowid >= ? order by rowid limit (? + 0)`,
    )
    .raw()
  let from = least
  for (let run = 0; run < runs; run++) {
    if (rows > most) from = Math.max(from, Math.floor(least + ((last - least) * run) / runs))
    const found = next.all(from, Math.min(RUN, Math.min(rows, most) - run * RUN))
    for (const [, ...values] of found) yield values
    from = Number(found.at(-1)?.[0] ?? last) + 1
  }
}
