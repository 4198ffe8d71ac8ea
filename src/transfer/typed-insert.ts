// Inserts that keep the storage class of every value, text included whose bytes are no valid text.
import type { Statement } from 'better-sqlite3'
import { quote } from '../database/catalog.ts'
import type { Connection } from '../database/connections.ts'
import { type Cell, RawText } from './cells.ts'

export type Insert = (cells: readonly Cell[]) => void

/** `columns` are quoted here; `rowid` and its like are given as they are in `keywords`, before the others. */
export function typedInsert(
  connection: Connection,
  table: string,
  columns: readonly string[],
  keywords: readonly string[] = [],
): Insert {
  const names = [...keywords, ...columns.map(quote)]
  const statements = new Map<string, Statement>()
  const prepared = (values: string) => {
    const kept = statements.get(values)
    if (kept) return kept
    const statement = connection.prepare(`insert into ${quote(table)} (${names.join(', ')}) values (${values})`)
    statements.set(values, statement)
    return statement
  }
  const plain = prepared(names.map(() => '?').join(', '))
  return (cells) => {
    if (!cells.some(isRaw)) return void plain.run(cells)
    const values = cells.map((cell) => (isRaw(cell) ? 'cast(? as text)' : '?')).join(', ')
    prepared(values).run(cells.map((cell) => (isRaw(cell) ? cell.bytes : cell)))
  }
}

const isRaw = (cell: Cell): cell is RawText => cell instanceof RawText
