// A page's end, as an opaque text. It names the row by its id and holds its sort values, except personal information
// and voucher codes: cursors travel in URLs. Such values are read again at the next page, by the id.
import { hash } from 'node:crypto'
import type { CatalogColumn } from '../database/catalog.ts'
import { UsageError } from '../errors.ts'

export type CursorValue = string | number | null

/** A place in the order of a page. */
export interface Position {
  /** 0, or 1 for the rows without a linked row behind a sort by a linked field. */
  readonly phase: number
  readonly id: string
  /** With a sort by a linked field: the value that links to the row that holds it. */
  readonly link: string | null
  /** One for each sort key; empty where they are to be read again. */
  readonly values: readonly CursorValue[]
}

/** What a cursor of one request must hold. */
export interface CursorShape {
  /** One value for each. */
  readonly columns: readonly CatalogColumn[]
  /** A sort by a linked field. */
  readonly isLinked: boolean
}

/** What ties a cursor to a request: 48 bits of SHA-256 over its filter and sort. */
export const mark = (text: string): string => hash('sha256', text, 'base64url').slice(0, 8)

export const writeCursor = (of: string, { phase, id, link, values }: Position): string =>
  Buffer.from(JSON.stringify([of, phase, id, link, ...values])).toString('base64url')

/** Throws UsageError where it is no cursor, or one of another request, or was made by hand and fits no column. */
export function readCursor(text: string, of: string, { columns, isLinked }: CursorShape): Position {
  const parts = parse(text)
  if (parts === undefined) throw misfit('is no cursor of this API')
  const [tie, phase, id, link, ...values] = parts
  const isPhase = phase === 0 || (phase === 1 && isLinked)
  const isLink = isLinked && phase === 0 ? typeof link === 'string' : link === null
  if (typeof tie !== 'string' || !isPhase || typeof id !== 'string' || !isLink) throw misfit('is no cursor of this API')
  if (tie !== of) throw misfit('belongs to a list with another filter or sort')
  if (!areValues(values, phase === 0 ? columns : [])) throw misfit('is no cursor of this API')
  return { phase, id, link: isLinked && phase === 0 ? (link as string) : null, values }
}

/** The row whose sort values are to be read again is gone. */
export const lostCursor = (): UsageError => misfit('names a row that is gone')

function parse(text: string): unknown[] | undefined {
  try {
    const parts: unknown = JSON.parse(Buffer.from(text, 'base64url').toString())
    return Array.isArray(parts) ? parts : undefined
  } catch {
    return undefined
  }
}

const areValues = (values: readonly unknown[], columns: readonly CatalogColumn[]): values is CursorValue[] =>
  values.length === columns.length && columns.every((column, index) => isValue(column, values[index]))

/** A value of another type would be a place in SQLite's order too, only not one that a page ever ended at. */
function isValue({ type, nullable }: CatalogColumn, value: unknown): boolean {
  if (value === null) return nullable
  return type === 'integer' || type === 'boolean' ? Number.isSafeInteger(value) : typeof value === 'string'
}

function misfit(problem: string): UsageError {
  const message = `The cursor ${problem}`
  return new UsageError(message, {
    errors: [{ at: 'after', message }],
    hint: 'Take "after" from page.next of the page before, with the same filter and sort, or begin without it.',
  })
}
