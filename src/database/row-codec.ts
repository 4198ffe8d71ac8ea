// Between the values of a change and those of SQLite: times as Prisma writes them, booleans as 0 and 1.
import type { CatalogModel } from './catalog.ts'
import { type Check, guardOf } from './pii-guard.ts'

export type Stored = string | number | bigint | null | Uint8Array

export interface Codec {
  /** The columns that are given, in their own order. Throws where the model has no such column. */
  names(values: Readonly<Record<string, unknown>>): readonly string[]
  encode(column: string, value: unknown): Stored
  decode(row: Record<string, Stored>): Record<string, unknown>
  /** Throws where personal information would reach a file that may not hold any. */
  readonly check: Check
}

export function codecOf(model: CatalogModel): Codec {
  const columns = new Map(model.columns.map((column) => [column.name, column]))
  const converted = model.columns.filter(({ type }) => type === 'time' || type === 'boolean')
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
    check: guardOf(model),
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
