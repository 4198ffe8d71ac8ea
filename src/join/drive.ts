// How the rows of a page are found.

import { quote } from '../database/catalog.ts'
import { compileChecks, passing } from './checks.ts'
import { type CursorValue, lostCursor, type Position } from './cursor.ts'
import type { Files, Raw, Run } from './files.ts'
import { type Bounds, Ordered } from './ordered.ts'
import type { Shape } from './request.ts'
import { allColumns, columnList } from './statements.ts'
import { isPii, positionOf } from './tables.ts'
import type { JoinOptions } from './types.ts'

export interface Found {
  readonly raw: readonly Raw[]
  /** Where the next page begins; undefined after the last. */
  readonly next: Position | undefined
}

export interface Drive {
  /** One statement finds the page. */
  readonly isLocal: boolean
  /** How many sort values a cursor holds. */
  readonly cursorValues: number
  /** Bits of the file in which a cursor's sort values are read again. */
  readonly rereads: number
  read(run: Run, bounds: Bounds, after: Position | undefined, limit: number): Found
}

export function compileDrive(shape: Shape, files: Files, options: JoinOptions): Drive {
  return compileScan(shape, files, options)
}

function compileScan({ table, filter, sort }: Shape, files: Files, options: JoinOptions): Drive {
  const file = files[table.domain]
  const select = allColumns('r', table)
  const ordered = new Ordered({ file, table, select, conditions: filter.conditions, keys: sort.keys, tie: table.key })
  const checks = compileChecks(filter, files)
  const keyAt = positionOf(table, table.key)
  const valuesAt = sort.keys.map(({ column }) => positionOf(table, column.name))
  const isSecret = sort.keys.some(({ column }) => isPii(column))
  const reread = isSecret
    ? file.prepare(
        `select ${columnList(
          'r',
          sort.keys.map(({ column }) => column.name),
        )} from ${quote(table.name)} r where r.${quote(table.key)} = ?`,
      )
    : undefined
  const placeOf = (row: Raw): CursorValue[] => [...valuesAt.map((at) => row[at] ?? null), row[keyAt] ?? null]
  const positionOfRow = (row: Raw): Position => ({
    phase: 0,
    id: String(row[keyAt]),
    link: null,
    values: isSecret ? [] : valuesAt.map((at) => row[at] ?? null),
  })
  const isLocal = checks.length === 0

  function startOf(run: Run, after: Position | undefined): readonly CursorValue[] | undefined {
    if (!after) return undefined
    if (!reread) return [...after.values, after.id]
    const [values] = run.all(reread, [after.id])
    if (!values) throw lostCursor()
    return [...values, after.id]
  }

  function read(run: Run, bounds: Bounds, after: Position | undefined, limit: number): Found {
    let place = startOf(run, after)
    const wanted = limit + 1
    const raw: Raw[] = []
    let batch = isLocal ? wanted : (options.batch ?? 2 * wanted)
    while (raw.length < wanted) {
      const rows = ordered.read(run, bounds, place, batch)
      for (const row of passing(run, checks, rows, bounds)) raw.push(row)
      const last = rows.at(-1)
      if (rows.length < batch || !last) break
      place = placeOf(last)
      batch = Math.min(batch * 2, 4096)
    }
    const hasMore = raw.length > limit
    const page = hasMore ? raw.slice(0, limit) : raw
    return { raw: page, next: hasMore ? positionOfRow(page[limit - 1] as Raw) : undefined }
  }
  return { isLocal, cursorValues: isSecret ? 0 : sort.keys.length, rereads: file.bit, read }
}
