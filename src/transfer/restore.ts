// merge's rules: what the unified database held, read back from the new files. split proves itself by them, and merge
// writes what they give.
import Database from 'better-sqlite3'
import { quote } from '../database/catalog.ts'
import type { Connection } from '../database/connections.ts'
import type { Domain } from '../database/domains.ts'
import { affinityOf, afterAffinity } from './affinity.ts'
import type { Bound, Cell, TextEncoding } from './cells.ts'
import { attacher } from './detacher.ts'
import { type CarriedColumn, carriedColumns, type FoundColumn, type FoundTable, knownTable } from './inspect.ts'
import { EXTRA_KEY, keyOf, type Place } from './layout.ts'
import { originalsReader } from './originals.ts'
import { cellsOf, exactly } from './read-rows.ts'
import { emailsOfSubjects } from './subjects.ts'

export interface RestoreFiles extends Readonly<Record<Domain, Connection>> {
  readonly unassigned?: Connection
  /** Of the unified database. */
  readonly encoding: TextEncoding
}

/** Gives a column's value, from the main model's row and the id of that row. */
type ReadCell = (row: readonly Cell[], id: string) => Cell

/** Rows in the order of the main model's rowid, cells in the order of `carriedColumns`. */
export function* restoredRows(files: RestoreFiles, table: FoundTable): Generator<Cell[]> {
  const legacy = knownTable(table)
  if (!legacy) throw new Error(`${table.name} is not in the catalog`)
  const columns = carriedColumns(table)
  const own = columns.flatMap(({ place }) => (place && !place.moved ? [place.column.name] : []))
  const list = [keyOf(legacy.main), ...own].map(quote).join(', ')
  const statement = files[legacy.main.domain]
    .prepare<[], Cell[]>(`select ${list} from ${quote(legacy.main.name)} order by _rowid_`)
    .safeIntegers()
    .raw()
  const readers = cellReaders(files, table, columns, own)
  for (const row of statement.iterate()) {
    const id = String(row[0])
    yield readers.map((read) => read(row, id))
  }
}

function cellReaders(
  files: RestoreFiles,
  table: FoundTable,
  columns: readonly CarriedColumn[],
  own: readonly string[],
): ReadCell[] {
  const extra = extraReader(files, table, columns)
  const attach = attacher(files.identity)
  const emailOf = emailsOfSubjects(files.identity)
  return columns.map((column): ReadCell => {
    const { place } = column
    if (!place) return extra(column)
    const at = own.indexOf(place.column.name) + 1
    const read = place.moved ? movedReader(files, place) : (row: readonly Cell[]) => row[at] as Cell
    const rule = backRule(place, attach, emailOf)
    const putBack = originalsReader(files.identity, table.name, column.name, files.encoding)
    return withOriginals(rule ? (row, id) => rule(read(row, id)) : read, read, putBack)
  })
}

function withOriginals(value: ReadCell, current: ReadCell, putBack: ReturnType<typeof originalsReader>): ReadCell {
  if (!putBack) return value
  return (row, id) => {
    const original = putBack(id, current(row, id))
    return original === undefined ? value(row, id) : original
  }
}

function backRule(
  { model, column }: Place,
  attach: (text: string) => string,
  emailOf: (value: string) => unknown,
): ((cell: Cell) => Cell) | undefined {
  if (column.class === 'subject') return (cell) => (typeof cell === 'string' ? (emailOf(cell) as Cell) : cell)
  if (model.domain === 'identity') return undefined
  return (cell) => (typeof cell === 'string' && cell.includes('pii:') ? attach(cell) : cell)
}

/** A column of a table of its own: NULL where that has no row. */
function movedReader(files: RestoreFiles, { model, column }: Place): ReadCell {
  const find = files[model.domain]
    .prepare<[string], Bound>(`select ${quote(column.name)} from ${quote(model.name)} where ${quote(keyOf(model))} = ?`)
    .safeIntegers()
    .pluck()
  return (_row, id) => find.get(id) ?? null
}

/** Unknown columns from unassigned.db, or what the table's own DEFAULT gives for rows that came later. */
function extraReader(files: RestoreFiles, table: FoundTable, columns: readonly CarriedColumn[]) {
  const extras = columns.filter(({ place }) => !place)
  const find =
    extras.length > 0 && hasTable(files.unassigned, table.name) ? extraFinder(files, table, extras) : undefined
  let held: { id: string; cells: readonly Cell[] | undefined } | undefined
  return (column: FoundColumn): ReadCell => {
    const at = extras.findIndex(({ name }) => name === column.name)
    const fallback = fallbackOf(column)
    return (_row, id) => {
      if (held?.id !== id) held = { id, cells: find?.(id) }
      return held.cells ? (held.cells[at] as Cell) : fallback
    }
  }
}

const hasTable = (connection: Connection | undefined, name: string): boolean =>
  connection?.prepare('select 1 from sqlite_schema where name = ?').get(name) !== undefined

function extraFinder({ unassigned, encoding }: RestoreFiles, table: FoundTable, extras: readonly FoundColumn[]) {
  const list = extras.map(({ name }) => exactly(name)).join(', ')
  const find = (unassigned as Connection)
    .prepare<[string], Bound[]>(`select ${list} from ${quote(table.name)} where ${quote(EXTRA_KEY)} = ?`)
    .safeIntegers()
    .raw()
  return (id: string): readonly Cell[] | undefined => {
    const pairs = find.get(id)
    return pairs && cellsOf(pairs, encoding)
  }
}

/** The value of a DEFAULT as it would lie in the column. */
function fallbackOf({ fallback, declared, notNull }: FoundColumn): Cell {
  const affinity = affinityOf(declared)
  if (fallback === null) return notNull ? (affinity === 'TEXT' ? '' : 0n) : null
  return afterAffinity(affinity, evaluate(fallback))
}

function evaluate(expression: string): Bound {
  const connection = new Database(':memory:')
  try {
    return connection.prepare<[], Bound>(`select (${expression})`).safeIntegers().pluck().get() ?? null
  } finally {
    connection.close()
  }
}
