// Rows of a table, one at a time and in the order of their rowid, each value with its storage class and to the byte.
import { quote } from '../database/catalog.ts'
import type { Connection } from '../database/connections.ts'
import { type Bound, type Cell, decodeText, mayBeRaw, type TextEncoding, textOf } from './cells.ts'

/** The rowid first (null where the table has none), then the columns asked for. */
export type Row = [rowid: bigint | null, ...cells: Cell[]]

export interface Readable {
  readonly name: string
  readonly rowid: string | undefined
  readonly columns: readonly string[]
}

/** Reads on from the row after `after`; a table without rowid always from its start. */
export function readRows(
  connection: Connection,
  table: Readable,
  encoding: TextEncoding,
  after?: bigint,
): Generator<Row> {
  // SQLite makes other characters of broken UTF-16, where it makes U+FFFD of broken UTF-8: only the bytes tell.
  return table.rowid === undefined || encoding !== 'UTF-8'
    ? readBytes(connection, table, encoding, after)
    : readByRowid(connection, table, table.rowid, encoding, after)
}

function* readByRowid(
  connection: Connection,
  { name, columns }: Readable,
  rowid: string,
  encoding: TextEncoding,
  after: bigint | undefined,
): Generator<Row> {
  const list = [rowid, ...columns.map(quote)].join(', ')
  const where = after === undefined ? '' : `where ${rowid} > ?`
  const statement = connection
    .prepare<bigint[], Row>(`select ${list} from ${quote(name)} ${where} order by ${rowid}`)
    .safeIntegers()
    .raw()
  const bytesOf = columns.map((column) =>
    connection
      .prepare<[bigint], Buffer>(`select cast(${quote(column)} as blob) from ${quote(name)} where ${rowid} = ?`)
      .pluck(),
  )
  for (const row of statement.iterate(...(after === undefined ? [] : [after]))) {
    for (let at = 1; at < row.length; at++) {
      const cell = row[at]
      if (mayBeRaw(cell)) row[at] = textOf(cell, bytesOf[at - 1]?.get(row[0] as bigint) as Buffer, encoding)
    }
    yield row
  }
}

/** Every text comes as its bytes: needs no second look at a value, and takes twice the time. */
function* readBytes(
  connection: Connection,
  { name, rowid, columns }: Readable,
  encoding: TextEncoding,
  after: bigint | undefined,
): Generator<Row> {
  const where = after === undefined ? '' : `where ${rowid} > ?`
  const order = rowid === undefined ? '' : `order by ${rowid}`
  const statement = connection
    .prepare<bigint[], Bound[]>(
      `select ${[rowid ?? 'null', ...columns.map(exactly)].join(', ')} from ${quote(name)} ${where} ${order}`,
    )
    .safeIntegers()
    .raw()
  for (const [id, ...pairs] of statement.iterate(...(after === undefined ? [] : [after]))) {
    yield [id as bigint | null, ...cellsOf(pairs, encoding)]
  }
}

/** SQL for the storage class of a column and its value, text as its bytes. */
export function exactly(name: string): string {
  const column = quote(name)
  return `typeof(${column}), case typeof(${column}) when 'text' then cast(${column} as blob) else ${column} end`
}

/** The cells of columns that were read `exactly`. */
export function cellsOf(pairs: readonly Bound[], encoding: TextEncoding): Cell[] {
  const cells: Cell[] = []
  for (let at = 0; at < pairs.length; at += 2) {
    const value = pairs[at + 1] as Bound
    cells.push(pairs[at] === 'text' ? decodeText(value as Buffer, encoding) : value)
  }
  return cells
}
