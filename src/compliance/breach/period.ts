/**
 * What a time means for a file that was taken. Whoever had access at any moment from `from` to `to` may have taken the whole
 * file: every row that had been written by `to`, however old. What was written or changed meanwhile is a smaller number.
 */
import { type CatalogModel, quote } from '../../database/catalog.ts'
import { timeText } from '../../database/row-codec.ts'

export interface Period {
  readonly from?: Date | undefined
  readonly to?: Date | undefined
}

/** SQL over a row, and its values. */
export interface Where {
  readonly sql: string
  readonly values: readonly string[]
}

const WRITTEN = ['createdAt', 'processedAt', 'startedAt', 'receivedAt', 'erasedAt']
const CHANGED = ['updatedAt', 'redeemedAt', 'voidedAt', 'endedAt', 'revokedAt', 'liftedAt', 'doneAt', 'deadAt']

const timesOf = ({ columns }: CatalogModel): readonly string[] =>
  columns.filter(({ type }) => type === 'time').map(({ name }) => name)

const writtenIn = (model: CatalogModel): string | undefined => WRITTEN.find((name) => timesOf(model).includes(name))

/** Its rows do not say when they were written. */
export const isTimeless = (model: CatalogModel): boolean => writtenIn(model) === undefined

/** Rows that were there at the period's end; every row of a table that does not say when they were written. */
export function heldIn(model: CatalogModel, { to }: Period): Where {
  const written = writtenIn(model)
  if (to === undefined || written === undefined) return { sql: 'true', values: [] }
  return { sql: `(${quote(written)} is null or ${quote(written)} < ?)`, values: [timeText(to)] }
}

/** Of these, rows that were written, or last changed, in the period; undefined where that cannot be told. */
export function touchedIn(model: CatalogModel, { from, to }: Period): Where | undefined {
  const written = writtenIn(model)
  if (from === undefined || written === undefined) return undefined
  const bounds = [['>=', timeText(from)] as const, ...(to ? [['<', timeText(to)] as const] : [])]
  const names = [written, ...CHANGED.filter((name) => timesOf(model).includes(name))]
  const each = names.map((name) => `(${bounds.map(([sign]) => `${quote(name)} ${sign} ?`).join(' and ')})`)
  const held = heldIn(model, { to })
  return {
    sql: `${held.sql} and (${each.join(' or ')})`,
    values: [...held.values, ...names.flatMap(() => bounds.map(([, value]) => value))],
  }
}
