// A walk finds the rows of a page step by step, in the page's order, so that the next step need not be taken when the
// page is full or another way turns out shorter.

import { quote } from '../database/catalog.ts'
import { type CursorValue, lostCursor, type Position } from './cursor.ts'
import type { Files, Kept, Raw, Run } from './files.ts'
import type { Sort } from './request.ts'
import { unsafeInteger } from './rows.ts'
import { columnList } from './statements.ts'
import { isPii, type Table } from './tables.ts'

export interface Walk {
  /** Whole rows of the resource that belong to the page, in its order. */
  readonly hits: readonly Raw[]
  readonly isDone: boolean
  /** Reads a batch. Returns how many rows were looked at. */
  step(): number
  /** Of hit `index`. */
  positionOf(index: number): Position
}

/** Batches grow, so that the number of statements grows with the logarithm of the rows. */
export const MAX_BATCH = 4_096

/** The sort values of one row, exactly. A rounded one would lose the place. */
export function sortValues(table: Table, sort: Sort, row: Raw, from: readonly number[], id: unknown): CursorValue[] {
  return from.map((at, index) => {
    const value = row[at] ?? null
    const isExact = typeof value !== 'number' || Number.isSafeInteger(value)
    return isExact ? value : unsafeInteger(table, sort.keys[index]?.column.name ?? '', id)
  })
}

/** Gives back a cursor's sort values: those in it, or, for personal information, those that its row holds now. */
export interface Rereader {
  /** How many values a cursor of phase 0 carries. */
  readonly carried: number
  valuesOf(run: Run, position: Position): readonly CursorValue[]
}

/** `column`: the one that a cursor names the row by, the key or the column that links to it. */
export function rereader({ table, keys }: Sort, column: string, files: Files): Rereader {
  if (!keys.some((key) => isPii(key.column))) return { carried: keys.length, valuesOf: (_run, { values }) => values }
  const names = keys.map((key) => key.column.name)
  const sql = `select ${columnList('r', names)} from ${quote(table.name)} r where r.${quote(column)} = ?`
  const statement: Kept = files[table.domain].prepare(sql)
  const valuesOf = (run: Run, { id, link }: Position) => {
    const [values] = run.all(statement, [link ?? id])
    if (!values) throw lostCursor()
    return values
  }
  return { carried: 0, valuesOf }
}
