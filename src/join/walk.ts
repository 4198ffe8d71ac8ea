// A walk finds the rows of a page step by step, in the page's order, so that the next step need not be taken when the
// page is full or another way turns out shorter.

import { type CatalogColumn, quote } from '../database/catalog.ts'
import { type CursorValue, lostCursor, type Position } from './cursor.ts'
import type { Files, Kept, Raw, Run } from './files.ts'
import { unsafeInteger } from './rows.ts'
import { columnList } from './statements.ts'
import { isGuarded, positionOf, type Table } from './tables.ts'

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

/** A row's values at these places, exactly: a rounded one would lose the place. */
export function exactValues(table: Table, columns: readonly string[], row: Raw, from: readonly number[], id: unknown) {
  return from.map((at, index): CursorValue => {
    const value = row[at] ?? null
    const isExact = typeof value !== 'number' || Number.isSafeInteger(value)
    return isExact ? value : unsafeInteger(table, columns[index] ?? '', id)
  })
}

/** Gives back the values of a cursor's place: those in it, or, for guarded ones, those that its row holds now. */
export interface Rereader {
  /** The columns whose values a cursor of phase 0 carries. */
  readonly carried: readonly CatalogColumn[]
  valuesOf(run: Run, position: Position): readonly CursorValue[]
}

/** `columns`: those of the place; `named`: the column by which a cursor names the row. */
export function rereader(table: Table, columns: readonly string[], named: string, files: Files): Rereader {
  const carried = columns.map((name) => table.columns[positionOf(table, name)] as CatalogColumn)
  if (!carried.some(isGuarded)) return { carried, valuesOf: (_run, { values }) => values }
  const sql = `select ${columnList('r', columns)} from ${quote(table.name)} r where r.${quote(named)} = ?`
  const statement: Kept = files[table.domain].prepare(sql)
  const valuesOf = (run: Run, { id, link }: Position) => {
    const [values] = run.all(statement, [link ?? id])
    if (!values) throw lostCursor()
    return values
  }
  return { carried: [], valuesOf }
}
