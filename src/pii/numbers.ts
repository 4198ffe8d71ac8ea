/**
 * Numbers of people: South African ID numbers, payment cards, phone numbers. The text is read as chains: groups of
 * digits with a short separator between them. Each kind says which runs of groups within a chain it accepts, so
 * `082 123 4567 8001015009087` gives a phone number and an ID number. A group touches no letters but a label or a word.
 */
import { isCardNumber, isIdNumber } from './checks.ts'
import { isFollowedByWord, isLabelled, namesCard, namesId, namesPhone, namesThing } from './context.ts'
import { type Candidate, type PiiKind, type PiiSpan, SEPARATORS } from './kinds.ts'
import { isInternationalPhone, isNationalPhone, isPhoneInPairs, isPhoneWithoutPlus } from './phones.ts'
import { isAlphanumeric, isDigit } from './scan.ts'

const { NONE, SPACE, DASH, POINT, SLASH, UNDERSCORE, LINE, MIXED } = SEPARATORS
const PLAIN = (1 << SPACE) | (1 << DASH) | (1 << LINE)
const UNIFORM = (1 << SPACE) | (1 << DASH) | (1 << POINT) | (1 << SLASH) | (1 << UNDERSCORE)

interface Group {
  start: number
  end: number
  /** What stands between this group and the next; NONE at the end of the chain. */
  separator: number
}

interface Hit {
  kind: PiiKind
  groups: number
  digits: string
}

/** Digits of the longest number, a card's 19; with 00 in front of an international number it is 17. */
const MOST_DIGITS = 19
const FEWEST_DIGITS = 7
/** More groups than any number is written in; keeps a long list of digits cheap. */
const MOST_GROUPS = 10
const LONGEST_SEPARATOR = 3

const spaces = ' \u00a0\u2007\u2009\u202f'
const dashes = '-\u2010\u2011\u2012\u2013'
const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi
const UUID_LENGTH = 36

/** Appends every number of a person in `text`. */
export function pushNumbers(text: string, spans: PiiSpan[]): void {
  let at = 0
  while (at < text.length) {
    if (!isDigit(text.charCodeAt(at))) at++
    else if (isAlphanumeric(text.charCodeAt(at - 1)) && !isLabelled(text, at)) at = runEnd(text, at)
    else at = readChain(text, at, spans)
  }
}

/** Reads the chain that begins at `from`, searches it, and returns where to go on. */
function readChain(text: string, from: number, spans: PiiSpan[]): number {
  const chain: Group[] = []
  let digits = 0
  let start = from
  for (;;) {
    let end = start
    while (isDigit(text.charCodeAt(end))) end++
    if (isAlphanumeric(text.charCodeAt(end))) {
      if (isFollowedByWord(text, end)) {
        chain.push({ start, end, separator: NONE })
        digits += end - start
      }
      if (digits >= FEWEST_DIGITS) searchChain(text, chain, spans)
      return runEnd(text, end)
    }
    const group: Group = { start, end, separator: NONE }
    chain.push(group)
    digits += end - start
    const next = nextGroup(text, end)
    if (next === -1) {
      if (digits >= FEWEST_DIGITS) searchChain(text, chain, spans)
      return end
    }
    group.separator = separatorOf(text, end, next)
    start = next
  }
}

function runEnd(text: string, from: number): number {
  let end = from
  while (isAlphanumeric(text.charCodeAt(end))) end++
  return end
}

/** Where the next group of a chain begins, -1 when the chain ends at `from`. */
function nextGroup(text: string, from: number): number {
  for (let at = from; at <= from + LONGEST_SEPARATOR; at++) {
    const code = text.charCodeAt(at)
    if (isDigit(code)) return at === from ? -1 : at
    if (!isSeparator(code)) return -1
  }
  return -1
}

const asciiSeparators = new Set([...' -./_()\r\n'].map((char) => char.charCodeAt(0)))

function isSeparator(code: number): boolean {
  if (code < 128) return asciiSeparators.has(code)
  return code > 128 && (spaces + dashes).includes(String.fromCharCode(code))
}

function separatorOf(text: string, from: number, to: number): number {
  const char = text.charAt(from)
  if (to - from > 1) return severalAs(text.slice(from, to))
  if (spaces.includes(char)) return SPACE
  if (dashes.includes(char)) return DASH
  return marks[char] ?? MIXED
}

const marks: Readonly<Record<string, number>> = { '.': POINT, '/': SLASH, _: UNDERSCORE, '\n': LINE, '\r': LINE }

function severalAs(between: string): number {
  if (/^[ \u00a0\u2007\u2009\u202f]+$/.test(between)) return SPACE
  return /^ ?\r?\n ?$/.test(between) ? LINE : MIXED
}

function searchChain(text: string, chain: readonly Group[], spans: PiiSpan[]): void {
  let taken = -1
  for (let first = 0; first < chain.length; first++) {
    const hit = hitAt(text, chain, first, taken)
    if (hit === undefined) continue
    const span = spanOf(text, chain, first, hit)
    if (isInUuid(text, span)) continue
    spans.push(span)
    first += hit.groups - 1
    taken = first
  }
}

/** The longest number that begins with group `first`; of two equally long the more specific one. */
function hitAt(text: string, chain: readonly Group[], first: number, taken: number): Hit | undefined {
  const head = chain[first]
  if (head === undefined || head.end - head.start > MOST_DIGITS) return undefined
  const plus = hasPlus(text, head.start)
  // A fraction, as in 0.8211234567123, unless the digits before the point are a value of their own.
  const isFraction = first > 0 && first - 1 !== taken && chain[first - 1]?.separator === POINT
  if (isFraction) return undefined
  let best: Hit | undefined
  let digits = ''
  let shape = ''
  let separators = 0
  let lines = 0
  for (let last = first; last < Math.min(chain.length, first + MOST_GROUPS); last++) {
    const group = chain[last]
    if (group === undefined || digits.length + group.end - group.start > MOST_DIGITS) break
    digits += text.slice(group.start, group.end)
    shape += last === first ? `${group.end - group.start}` : `,${group.end - group.start}`
    const uniform = (separators & (separators - 1)) === 0 && (separators & ~UNIFORM) === 0
    const candidate = { digits, shape, separators, plain: (separators & ~PLAIN) === 0, uniform }
    const isAlone = last - first + 1 === chain.length
    const isPointNext = group.separator === POINT && !isWhole(text, chain, last)
    const kind = kindOf(candidate, { plus, isAlone, isPointNext })
    if (kind !== undefined && fits(kind, candidate, text, head.start)) best = { kind, groups: last - first + 1, digits }
    separators |= 1 << group.separator
    // A number is broken over one line end, and has another separator: a column of numbers is none.
    if (group.separator === LINE && (++lines > 1 || best !== undefined)) break
  }
  return best
}

/** 8001015009087.0: how spreadsheets and columns of floating point write a whole number. */
function isWhole(text: string, chain: readonly Group[], at: number): boolean {
  const next = chain[at + 1]
  return next !== undefined && at + 2 === chain.length && text.slice(next.start, next.end) === '0'
}

interface Around {
  readonly plus: boolean
  readonly isAlone: boolean
  readonly isPointNext: boolean
}

function kindOf(found: Candidate, { plus, isAlone, isPointNext }: Around): PiiKind | undefined {
  if (found.digits.length < FEWEST_DIGITS || found.separators === 1 << LINE) return undefined
  if (isInternationalPhone(found, plus) || isNationalPhone(found)) return 'phone'
  if (isPointNext) return undefined
  if (isIdNumber(found)) return 'idNumber'
  if (isCardNumber(found)) return 'card'
  return isPhoneWithoutPlus(found) || (isAlone && isPhoneInPairs(found)) ? 'phone' : undefined
}

/** 2017 to 2033 in milliseconds, as values of a field: also dates of birth, of children. */
const likeTime = /^1[5-9]/
const inField = /(?:^|[:=,[>]\s*["']?)$/
const OLD_CARD = 13

/** Whether a number in one piece, which could be anything, is what it looks like, by what stands before it. */
function fits(kind: PiiKind, { digits, shape, separators }: Candidate, text: string, at: number): boolean {
  if (separators !== 0 || shape.includes(',')) return true
  // Cards of 13 digits are of the last century; numbers of 13 digits are everywhere.
  if (kind === 'card') return digits.length > OLD_CARD ? !namesThing(text, at) : namesCard(text, at)
  if (kind === 'idNumber')
    return !likeTime.test(digits) || !inField.test(text.slice(Math.max(0, at - 4), at)) || namesId(text, at)
  return !/^0[1-9]/.test(digits) || !namesThing(text, at) || namesPhone(text, at)
}

/** A plus sign before the number, or before a bracket that opens before it. */
function hasPlus(text: string, start: number): boolean {
  return text[start - 1] === '+' || (text[start - 1] === '(' && text[start - 2] === '+')
}

function spanOf(text: string, chain: readonly Group[], first: number, hit: Hit): PiiSpan {
  let start = chain[first]?.start ?? 0
  const end = chain[first + hit.groups - 1]?.end ?? start
  if (hit.kind === 'phone') {
    const isClosed = closesMore(text.slice(start, end))
    if (text[start - 1] === '+') start--
    if (text[start - 1] === '(' && isClosed) start--
    if (text[start - 1] === '+') start--
  }
  return { kind: hit.kind, start, end, value: text.slice(start, end), bare: false }
}

/** More brackets closed than opened: the one before belongs to the number, as in (082) 123 4567. */
function closesMore(value: string): boolean {
  return value.split(')').length > value.split('(').length
}

/** A UUID may hold groups of digits only; its dashes make them look like groups of a number. */
function isInUuid(text: string, { start, end }: PiiSpan): boolean {
  if (!text.slice(Math.max(0, start - 1), end + 1).includes('-')) return false
  const offset = Math.max(0, start - UUID_LENGTH)
  for (const found of text.slice(offset, end + UUID_LENGTH).matchAll(uuid)) {
    const from = offset + found.index
    if (start < from + UUID_LENGTH && end > from) return true
  }
  return false
}
