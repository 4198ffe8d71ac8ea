// The spellings of a time that years of use put into one column, and the one that split writes:
// `YYYY-MM-DDTHH:MM:SS.mmm+00:00`, as Prisma 7 does (ISO 8601 extended format, RFC 3339).
import { type Cell, RawText } from './cells.ts'

export type TimeSpelling = 'canonical' | 'integer' | 'sql' | 'iso' | 'date' | 'odd'

export interface ReadTime {
  readonly canonical: string
  readonly spelling: TimeSpelling
  /** False where the canonical spelling loses something: microseconds, digits as text, a time zone that was not said. */
  readonly exact: boolean
}

const CANONICAL_LENGTH = 29
const SQL_LENGTH = 19
const EARLIEST = new Date('0000-01-01T00:00:00.000Z').getTime()
const LATEST = new Date('9999-12-31T23:59:59.999Z').getTime()
const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const
const ISO =
  /^(\d{4})-(\d\d)-(\d\d)(?:([Tt ])(\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?(?: ?([Zz]|[+-]\d\d(?::?\d\d)?))?)?$/
/** Spellings whose instant nobody disputes; of the others merge gives back the very characters. */
const COMMON = /^\d{4}-\d\d-\d\d(?: \d\d:\d\d:\d\d(?:\.\d{1,3})?|T\d\d:\d\d:\d\d(?:\.\d{1,3})?(?:Z|[+-]\d\d:\d\d))$/
const DIGITS = /^-?\d{1,16}$/

/** What a cell of a time column says; undefined where it is no time: '', 'yesterday', a year beyond 9999. */
export function readTime(cell: Cell): ReadTime | undefined {
  if (typeof cell === 'string') return readText(cell)
  if (typeof cell === 'bigint') return fromMilliseconds(Number(cell), 'integer', true)
  if (typeof cell === 'number' && Number.isInteger(cell)) return fromMilliseconds(cell, 'odd', false)
  return undefined
}

/** The canonical spelling where it stands for exactly this value, so that two spellings of an instant compare equal. */
export function instantOf(cell: Cell): string | undefined {
  if (typeof cell === 'string' && isCanonical(cell)) return cell
  if (cell === null || cell instanceof RawText) return undefined
  const time = readTime(cell)
  return time?.exact ? time.canonical : undefined
}

/** Milliseconds since 1970 of a canonical spelling. */
export const millisecondsOf = (canonical: string): bigint => BigInt(Date.parse(canonical))

/** `2026-11-22T18:22:19.876+00:00` of a date. */
export const canonicalTime = (date: Date): string => `${date.toISOString().slice(0, -1)}+00:00`

/** Whether a text is a time in the canonical spelling, and on the calendar. */
export function isCanonical(text: string): boolean {
  return (
    text.length === CANONICAL_LENGTH &&
    text.charCodeAt(10) === 84 &&
    text.charCodeAt(19) === 46 &&
    digits(text, 20, 3) >= 0 &&
    text.endsWith('+00:00') &&
    isOnCalendar(text)
  )
}

function readText(text: string): ReadTime | undefined {
  if (isCanonical(text)) return { canonical: text, spelling: 'canonical', exact: true }
  if (text.length === SQL_LENGTH && text.charCodeAt(10) === 32 && isOnCalendar(text)) {
    return { canonical: `${text.slice(0, 10)}T${text.slice(11)}.000+00:00`, spelling: 'sql', exact: true }
  }
  if (DIGITS.test(text)) return fromMilliseconds(Number(text), 'odd', false)
  const found = ISO.exec(text)
  return found ? fromParts(found) : undefined
}

function fromParts(parts: RegExpExecArray): ReadTime | undefined {
  const [, year = '', month = '', day = '', joint, hour = '00', minute = '00', second = '00', fraction = '', zone] =
    parts
  const local = `${year}-${month}-${day}T${hour}:${minute}:${second}`
  if (!isOnCalendar(local)) return undefined
  const offset = offsetMinutes(zone)
  if (offset === undefined) return undefined
  const base = Date.parse(`${local}.${fraction.slice(0, 3).padEnd(3, '0')}Z`)
  const spelling = joint === undefined ? 'date' : joint === ' ' && zone === undefined ? 'sql' : 'iso'
  return fromMilliseconds(base - offset * 60_000, spelling, COMMON.test(parts[0]))
}

function offsetMinutes(zone: string | undefined): number | undefined {
  if (zone === undefined || zone === 'Z' || zone === 'z') return 0
  const hours = Number(zone.slice(1, 3))
  const minutes = Number(zone.slice(-2)) * (zone.length > 3 ? 1 : 0)
  if (hours > 23 || minutes > 59) return undefined
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes)
}

function fromMilliseconds(ms: number, spelling: TimeSpelling, exact: boolean): ReadTime | undefined {
  if (!(ms >= EARLIEST && ms <= LATEST)) return undefined
  return { canonical: canonicalTime(new Date(ms)), spelling, exact }
}

/** `YYYY-MM-DD?HH:MM:SS` in its first 19 characters, with a day and a time that exist. */
function isOnCalendar(text: string): boolean {
  if (text.charCodeAt(4) !== 45 || text.charCodeAt(7) !== 45) return false
  if (text.charCodeAt(13) !== 58 || text.charCodeAt(16) !== 58) return false
  const year = digits(text, 0, 4)
  const month = digits(text, 5, 2)
  const day = digits(text, 8, 2)
  const last = DAYS[month - 1]
  if (year < 0 || last === undefined || day < 1 || day > last) return false
  if (month === 2 && day === 29 && (year % 4 !== 0 || (year % 100 === 0 && year % 400 !== 0))) return false
  return within(text, 11, 23) && within(text, 14, 59) && within(text, 17, 59)
}

function within(text: string, at: number, most: number): boolean {
  const value = digits(text, at, 2)
  return value >= 0 && value <= most
}

/** The number that `length` digits from `at` make; below zero when one is no digit. */
function digits(text: string, at: number, length: number): number {
  let value = 0
  for (let index = at; index < at + length; index++) {
    const digit = text.charCodeAt(index) - 48
    if (!(digit >= 0 && digit <= 9)) return -1
    value = value * 10 + digit
  }
  return value
}
