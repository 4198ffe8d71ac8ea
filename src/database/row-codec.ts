// Between the values of a change and those of SQLite: times as Prisma writes them, booleans as 0 and 1. And the last guard
// before billing.db and admin.db: text with personal information is refused, whoever wrote the code that sends it.
import { GoggaError } from '../errors.ts'
import { findEmails, findPii } from '../pii/find.ts'
import type { CatalogColumn, CatalogModel } from './catalog.ts'

export type Stored = string | number | bigint | null | Uint8Array

export interface Codec {
  /** The columns that are given, in their own order. Throws where the model has no such column. */
  names(values: Readonly<Record<string, unknown>>): readonly string[]
  encode(column: string, value: unknown): Stored
  decode(row: Record<string, Stored>): Record<string, unknown>
  /** Throws where personal information would reach a file that may not hold any. */
  check(values: Readonly<Record<string, unknown>>): void
}

export function codecOf(model: CatalogModel): Codec {
  const columns = new Map(model.columns.map((column) => [column.name, column]))
  const converted = model.columns.filter(({ type }) => type === 'time' || type === 'boolean')
  const guarded = model.domain === 'identity' ? [] : model.columns.filter(({ type }) => type === 'text')
  return {
    names(values) {
      const names = Object.keys(values).filter((name) => values[name] !== undefined)
      const unknown = names.find((name) => !columns.has(name))
      if (unknown !== undefined) throw new Error(`${model.domain}.${model.name} has no column ${unknown}`)
      return names
    },
    encode: (_column, value) => stored(value),
    decode(row) {
      const decoded: Record<string, unknown> = row
      for (const { name, type } of converted) decoded[name] = type === 'time' ? timeOf(row[name]) : row[name] === 1
      return decoded
    },
    check(values) {
      for (const column of guarded) refusePii(model, column, values[column.name])
    },
  }
}

export function stored(value: unknown): Stored {
  if (value instanceof Date) return timeText(value)
  if (typeof value === 'boolean') return value ? 1 : 0
  return value as Stored
}

/** As Prisma writes a time. */
export const timeText = (time: Date): string => time.toISOString().replace('Z', '+00:00')

const timeOf = (value: Stored | undefined): Date | null =>
  value === null || value === undefined ? null : new Date(value as string)

/** Messages and answers hold ids, whose digits may look like a number of somebody: there only emails are looked for. */
const LOOSE = new Set(['OutboxMessage', 'Change'])

function refusePii(model: CatalogModel, column: CatalogColumn, value: unknown): void {
  if (typeof value !== 'string') return
  const isProse = column.class === 'freetext' && !LOOSE.has(model.name)
  const [found] = isProse ? findPii(value) : findEmails(value)
  if (!found) return
  const place = `${model.domain}.${model.name}.${column.name}`
  throw new GoggaError('internal', 500, 1, `Personal information (${found.kind}) was about to be written to ${place}`, {
    hint: 'Detach it first; see src/identity/detached-values.ts.',
  })
}
