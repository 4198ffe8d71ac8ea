// Values of filters → parameters of statements. What does not fit is answered in words that never repeat the value,
// since it may be somebody's email.
import type { CatalogColumn } from '../database/catalog.ts'
import type { ColumnType } from '../generated/catalog.ts'
import type { Operator } from './types.ts'

export type Parameter = string | number | bigint | Uint8Array
export type Bound = { readonly parameters: readonly Parameter[] } | { readonly problem: string }

const COMPARISONS = ['eq', 'ne', 'in', 'lt', 'lte', 'gt', 'gte'] as const
const OPERATORS: Readonly<Record<ColumnType, readonly Operator[]>> = {
  text: [...COMPARISONS, 'contains', 'startsWith', 'isNull'],
  integer: [...COMPARISONS, 'isNull'],
  time: [...COMPARISONS, 'isNull'],
  boolean: ['eq', 'ne', 'isNull'],
  bytes: ['isNull'],
}
const MAX_LIST = 1_000
/** Greater than every text (SQLite orders blobs after text): the upper end of a prefix without one. */
const ABOVE_TEXT = new Uint8Array([0xff])
const LAST_CODE_POINT = 0x10ffff

export const operatorsFor = (column: CatalogColumn): readonly Operator[] => OPERATORS[column.type]

/** `true`, `false`, or undefined where the value is neither. */
export function booleanOf(value: unknown): boolean | undefined {
  if (value === true || value === 'true') return true
  return value === false || value === 'false' ? false : undefined
}

/** The parameters of one condition, as many as `conditionOf` (statements.ts) has places for. */
export function bind(type: ColumnType, op: Operator, value: unknown): Bound {
  if (op === 'isNull') return { parameters: [] }
  if (op === 'in') return bindList(type, value)
  const parameter = parameterOf(type, value)
  if (parameter === undefined) return { problem: `expected ${EXPECTED[type]}, got ${describe(value)}` }
  if (op === 'startsWith') return { parameters: [parameter, endOfPrefix(String(parameter))] }
  return { parameters: [parameter] }
}

/** A list goes as one JSON array, so that its length is no part of the statement. */
function bindList(type: ColumnType, value: unknown): Bound {
  if (!Array.isArray(value)) return { problem: `expected a list of values, got ${describe(value)}` }
  if (value.length > MAX_LIST) return { problem: `expected at most ${MAX_LIST} values, got ${value.length}` }
  const parts: string[] = []
  for (const item of value) {
    const parameter = parameterOf(type, item)
    if (parameter === undefined) return { problem: `expected ${EXPECTED[type]} in the list, got ${describe(item)}` }
    parts.push(typeof parameter === 'string' ? JSON.stringify(parameter) : parameter.toString())
  }
  return { parameters: [`[${parts.join(',')}]`] }
}

const EXPECTED: Readonly<Record<ColumnType, string>> = {
  text: 'text',
  integer: 'an integer',
  time: 'an RFC 3339 time to the millisecond, such as 2026-11-22T18:22:19.876Z',
  boolean: 'true or false',
  bytes: 'nothing',
}

function parameterOf(type: ColumnType, value: unknown): string | number | bigint | undefined {
  if (type === 'text') return typeof value === 'string' ? value.toWellFormed() : undefined
  if (type === 'integer') return integerOf(value)
  if (type === 'time') return typeof value === 'string' ? timeText(value) : undefined
  if (type === 'boolean') return numberOf(booleanOf(value))
  return undefined
}

const numberOf = (value: boolean | undefined): number | undefined => (value === undefined ? undefined : Number(value))

/** A double above 2^53 may already have lost digits, so larger integers come as text. */
function integerOf(value: unknown): bigint | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : undefined
  if (typeof value !== 'string' || !/^[+-]?\d{1,19}$/.test(value)) return undefined
  const integer = BigInt(value)
  return BigInt.asIntN(64, integer) === integer ? integer : undefined
}

const RFC_3339 =
  /^(\d{4}-\d\d-\d\d)[Tt ]([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,3})0*)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$/

/** A time as the files spell it, `2026-11-22T18:22:19.876+00:00`; undefined where it is no RFC 3339 time. */
export function timeText(value: string): string | undefined {
  const parts = RFC_3339.exec(value)
  if (!parts) return undefined
  const [, date, hour, minute, second, fraction = '', offset = ''] = parts
  // Date.parse takes February 30th for March 2nd.
  const midnight = new Date(`${date}T00:00:00.000Z`)
  if (Number.isNaN(midnight.getTime()) || midnight.toISOString().slice(0, 10) !== date) return undefined
  const instant = new Date(`${date}T${hour}:${minute}:${second}.${fraction.padEnd(3, '0')}${offset.toUpperCase()}`)
  const text = Number.isNaN(instant.getTime()) ? '' : instant.toISOString()
  return text.length === 24 ? `${text.slice(0, -1)}+00:00` : undefined
}

/** The least text that is greater than every text with this prefix, in the order of UTF-8 bytes. */
function endOfPrefix(prefix: string): string | Uint8Array {
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0)
  while (points.length > 0) {
    const last = points.pop() ?? 0
    if (last === LAST_CODE_POINT) continue
    // Surrogates are no characters: after U+D7FF comes U+E000.
    return String.fromCodePoint(...points, last === 0xd7ff ? 0xe000 : last + 1)
  }
  return ABOVE_TEXT
}

function describe(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'string') return `a text of ${value.length} characters that is not one`
  return typeof value === 'number' ? 'a number that is not one' : `a ${typeof value}`
}
