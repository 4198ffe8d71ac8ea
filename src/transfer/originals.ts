// The principle that makes merge the inverse of split: wherever merge's rule, applied to what split wrote, does not give
// the original to the byte, the original is kept in identity.db. merge puts it back as long as what split wrote still
// stands there.
import { quote } from '../database/catalog.ts'
import type { Connection } from '../database/connections.ts'
import { type Bound, type Cell, cellOf, replacementText, type Storage, storageOf, type TextEncoding } from './cells.ts'
import { ORIGINALS } from './layout.ts'

export interface OriginalPlace {
  readonly table: string
  readonly column: string
  readonly rowId: string
  /** Whose erasure takes the original along. */
  readonly subjectId: string | null
}

export type KeepOriginal = (place: OriginalPlace, original: Cell, replacement: Bound) => void

export function originalsWriter(identity: Connection): KeepOriginal {
  const insert = identity.prepare(
    `insert or replace into ${quote(ORIGINALS.name)}
     ("table", "column", "rowId", "storage", "value", "replacement", "subjectId") values (?, ?, ?, ?, ?, ?, ?)`,
  )
  return ({ table, column, rowId, subjectId }, original, replacement) => {
    const { storage, bytes } = storageOf(original)
    insert.run(table, column, rowId, storage, bytes, replacementText(replacement), subjectId)
  }
}

/** What a cell was before split, given what stands there now; undefined where merge's rule says it. */
export type PutBack = (rowId: string, current: Cell) => Cell | undefined

type Kept = [rowId: string, storage: Storage, value: Buffer, replacement: string | null]

/** So many originals of one column are held in memory; of more, each is looked up. */
const MOST_HELD = 5_000

/** Undefined where the column has no originals, as most. */
export function originalsReader(
  identity: Connection,
  table: string,
  column: string,
  encoding: TextEncoding,
): PutBack | undefined {
  const of = `from ${quote(ORIGINALS.name)} where "table" = ? and "column" = ?`
  const fields = '"rowId", "storage", "value", "replacement"'
  const many = identity.prepare<[string, string], Kept>(`select ${fields} ${of} limit ${MOST_HELD + 1}`).raw()
  const held = new Map<string, Kept>()
  for (const kept of many.iterate(table, column)) held.set(kept[0], kept)
  if (held.size === 0) return undefined
  const isAll = held.size <= MOST_HELD
  if (!isAll) held.clear()
  const one = identity.prepare<[string, string, string], Kept>(`select ${fields} ${of} and "rowId" = ?`).raw()
  const find = isAll ? (rowId: string) => held.get(rowId) : (rowId: string) => one.get(table, column, rowId)
  return (rowId, current) => {
    const kept = find(rowId)
    if (!kept || kept[3] !== currentText(current)) return undefined
    return cellOf(kept[1], kept[2], encoding)
  }
}

const currentText = (cell: Cell): string | null =>
  replacementText(typeof cell === 'object' && cell !== null && !Buffer.isBuffer(cell) ? cell.text : cell)
