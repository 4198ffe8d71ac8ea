// The rows of a merged file: known tables by merge's rules, unknown ones as unassigned.db has them.
import { quote } from '../database/catalog.ts'
import type { Connection } from '../database/connections.ts'
import { FileError } from '../errors.ts'
import type { Cell, TextEncoding } from './cells.ts'
import { carriedColumns, type FoundTable, readable } from './inspect.ts'
import { readRows } from './read-rows.ts'
import { type RestoreFiles, restoredRows } from './restore.ts'
import { instantOf, millisecondsOf } from './times.ts'
import { typedInsert } from './typed-insert.ts'

const BATCH_ROWS = 20_000

/** Virtual tables and views are functions of other tables. */
export const tablesWithRows = (tables: readonly FoundTable[]): FoundTable[] =>
  tables.filter(({ kind }) => kind === 'table' || kind === 'shadow')

export function rowsOf(files: RestoreFiles, table: FoundTable): number {
  const place = carriedColumns(table).find(({ place: known }) => known && !known.moved)?.place
  const connection = place ? files[place.model.domain] : files.unassigned
  const name = quote(place?.model.name ?? table.name)
  return connection?.prepare(`select count(*) from ${name}`).pluck().get() as number
}

export async function loadTable(
  merged: Connection,
  files: RestoreFiles,
  table: FoundTable,
  encoding: TextEncoding,
  step: (rows: number, what: string) => Promise<void>,
): Promise<void> {
  const write = table.legacy === undefined ? unknownWriter(merged, table) : knownWriter(merged, table)
  const rows = table.legacy === undefined ? unknownRows(files, table, encoding) : restoredRows(files, table)
  merged.exec('begin')
  let written = 0
  for (const row of rows) {
    write(row)
    written += 1
    if (written % BATCH_ROWS === 0) await step(BATCH_ROWS, table.name)
  }
  merged.exec('commit')
  await step(written % BATCH_ROWS, table.name)
}

function unknownRows(files: RestoreFiles, table: FoundTable, encoding: TextEncoding): Iterable<Cell[]> {
  if (!files.unassigned) {
    throw new FileError(`unassigned.db is missing: the unified database had the table ${table.name}`, {
      hint: 'Put unassigned.db back beside the other files, or restore it from a backup.',
    })
  }
  return readRows(files.unassigned, readable(table), encoding)
}

/** The insides of virtual tables were made with them: what stands there goes first. */
function unknownWriter(merged: Connection, table: FoundTable): (row: readonly Cell[]) => void {
  const columns = readable(table).columns
  merged.unsafeMode(true)
  if (table.kind === 'shadow') merged.exec(`delete from ${quote(table.name)}`)
  if (table.rowid !== undefined) return typedInsert(merged, table.name, columns, [table.rowid])
  const insert = typedInsert(merged, table.name, columns)
  return (row) => insert(row.slice(1))
}

function knownWriter(merged: Connection, table: FoundTable): (row: readonly Cell[]) => void {
  const columns = carriedColumns(table)
  const written = columns.map((column, at) => ({ ...column, at })).filter(({ generated }) => !generated)
  const insert = typedInsert(
    merged,
    table.name,
    written.map(({ name }) => name),
  )
  // Times that the table itself declares as numbers: milliseconds, as Prisma 5 wrote them.
  const asNumber = written.map(({ place, declared }) => place?.column.type === 'time' && /int/i.test(declared))
  return (row) =>
    insert(written.map(({ at }, index) => (asNumber[index] ? numeric(row[at] as Cell) : (row[at] as Cell))))
}

function numeric(cell: Cell): Cell {
  const instant = typeof cell === 'string' ? instantOf(cell) : undefined
  return instant === undefined ? cell : millisecondsOf(instant)
}
