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
  return table.rowid === undefined
    ? readWithoutRowid(connection, table, encoding)
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

/** No rowid to look a value up again by: every text comes as its bytes. */
function* readWithoutRowid(
  connection: Connection,
  { name, columns }: Readable,
  encoding: TextEncoding,
): Generator<Row> {
  const list = columns.map(quote).map((column) => {
    const exact = `case typeof(${column}) when 'text' then cast(${column} as blob) else ${column} end`
    return `typeof(${column}), ${exact}`
  })
  const statement = connection
    .prepare<[], Bound[]>(`select ${list.join(', ')} from ${quote(name)}`)
    .safeIntegers()
    .raw()
  for (const pairs of statement.iterate()) {
    const row: Row = [null]
    for (let at = 0; at < pairs.length; at += 2) {
      const value = pairs[at + 1] as Bound
      row.push(pairs[at] === 'text' ? decodeText(value as Buffer, encoding) : value)
    }
    yield row
  }
}
