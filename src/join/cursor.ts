// A page's end, as an opaque text. It names the row by its id and holds its sort values, except personal information:
// cursors travel in URLs. Such values are read again at the next page, by the id.
import { hash } from 'node:crypto'
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

/** What ties a cursor to a request: 48 bits of SHA-256 over its filter and sort. */
export const mark = (text: string): string => hash('sha256', text, 'base64url').slice(0, 8)

export const writeCursor = (of: string, { phase, id, link, values }: Position): string =>
  Buffer.from(JSON.stringify([of, phase, id, link, ...values])).toString('base64url')

/** `count`: the sort values that it must hold. Throws UsageError where it is no cursor, or one of another request. */
export function readCursor(text: string, of: string, count: number): Position {
  const parts = parse(text)
  if (parts === undefined) throw misfit('is no cursor of this API')
  const [tie, phase, id, link, ...values] = parts
  const isPhase = phase === 0 || phase === 1
  const isLink = link === null || typeof link === 'string'
  if (typeof tie !== 'string' || !isPhase || typeof id !== 'string' || !isLink) throw misfit('is no cursor of this API')
  if (tie !== of) throw misfit('belongs to a list with another filter or sort')
  const isWhole = values.every(isValue) && values.length === (phase === 0 ? count : 0)
  if (!isWhole) throw misfit('is no cursor of this API')
  return { phase, id, link, values }
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

const isValue = (value: unknown): value is CursorValue =>
  value === null || typeof value === 'string' || Number.isSafeInteger(value)

function misfit(problem: string): UsageError {
  const message = `The cursor ${problem}`
  return new UsageError(message, {
    errors: [{ at: 'after', message }],
    hint: 'Take "after" from page.next of the page before, with the same filter and sort, or begin without it.',
  })
}
