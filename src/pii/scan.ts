/**
 * The cheap first look that every text gets: one pass over the char codes that says which searches are worth
 * starting. It may answer yes for nothing, never no for something.
 */

export const EMAIL = 1
/** A backslash: the text may hold JSON escapes. Alone it hides nothing. */
export const ESCAPE = 2
/** `\u` or `%` with a hex digit: any other character may hide behind it. */
export const HIDDEN = 4
export const NUMBER = 8
export const IPV4 = 16
export const IPV6 = 32
export const IBAN = 64

/** The fewest digits of a number without a plus sign: 00 and the shortest international number. */
const FEWEST_DIGITS = 9
const FEWEST_DOTS = 3
/** Colons of an IPv6 address that isn't compressed: six where an IPv4 address ends it, else seven. */
const FEWEST_COLONS = 6

const OTHER = 0
const DIGIT = 1
const HEX_LETTER = 2
const SEPARATOR = 3
const DOT = 4
const COLON = 5
const AT = 6
const BACKSLASH = 7
const PERCENT = 8
const PLUS = 9
const LETTER_U = 10
const KINDS = 16

const kinds = new Uint8Array(128)
for (const [chars, kind] of [
  ['0123456789', DIGIT],
  ['abcdefABCDEF', HEX_LETTER],
  [' -()/_\n\r', SEPARATOR],
  ['.', DOT],
  [':', COLON],
  ['@', AT],
  ['\\', BACKSLASH],
  ['%', PERCENT],
  ['+', PLUS],
  ['u', LETTER_U],
] as const) {
  for (const char of chars) kinds[char.charCodeAt(0)] = kind
}

// What two neighbours say, and what goes on counting: tables, since branches on text are slow.
const pairMarks = new Uint8Array(KINDS * KINDS)
const pairHasColon = new Uint8Array(KINDS * KINDS)
const pairHasDot = new Uint8Array(KINDS * KINDS)
const keepsDigits = new Uint8Array(KINDS)
const keepsDots = new Uint8Array(KINDS)
const pair = (first: number, second: number) => first * KINDS + second
for (let kind = 0; kind < KINDS; kind++) {
  pairMarks[pair(kind, AT)] = EMAIL
  pairMarks[pair(kind, BACKSLASH)] = ESCAPE
}
for (const hex of [DIGIT, HEX_LETTER]) {
  pairMarks[pair(PERCENT, hex)] = HIDDEN
  pairHasColon[pair(hex, COLON)] = 1
}
pairMarks[pair(BACKSLASH, LETTER_U)] = HIDDEN
pairMarks[pair(COLON, COLON)] = IPV6
pairMarks[pair(PLUS, DIGIT)] = NUMBER
pairMarks[pair(PLUS, SEPARATOR)] = NUMBER // +(27) 82 …
pairHasDot[pair(DIGIT, DOT)] = 1
for (const kind of [DIGIT, SEPARATOR, DOT]) keepsDigits[kind] = 1
for (const kind of [DIGIT, DOT]) keepsDots[kind] = 1

/** Bits of the searches that could find something in this text; 0 for most texts. Linear, allocates nothing. */
export function marksOf(text: string): number {
  let marks = 0
  let digits = 0
  let dots = 0
  let colons = 0
  let before = OTHER
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    // Beyond ASCII all count as separators, since some are: no-break spaces, dashes.
    const kind = code < 128 ? (kinds[code] as number) : SEPARATOR
    if (kind === OTHER) {
      digits = 0
      dots = 0
      before = OTHER
      continue
    }
    const both = before * KINDS + kind
    marks |= pairMarks[both] as number
    colons += pairHasColon[both] as number
    digits = (kind === DIGIT ? digits + 1 : digits) * (keepsDigits[kind] as number)
    dots = (dots + (pairHasDot[both] as number)) * (keepsDots[kind] as number)
    if (digits >= FEWEST_DIGITS) marks |= NUMBER
    if (dots >= FEWEST_DOTS) marks |= IPV4
    if (kind === DIGIT && before !== DIGIT && isIbanHead(text, at)) marks |= IBAN
    before = kind
  }
  return colons >= FEWEST_COLONS ? marks | IPV6 : marks
}

const SPACE = 32
const LABEL = 'iban'

/** Two letters that begin a word or follow `IBAN`, and two digits, the first of them at `at`; a space may stand between. */
function isIbanHead(text: string, at: number): boolean {
  if (!isDigit(text.charCodeAt(at + 1))) return false
  const end = text.charCodeAt(at - 1) === SPACE ? at - 1 : at
  if (!isLetter(text.charCodeAt(end - 1)) || !isLetter(text.charCodeAt(end - 2))) return false
  return !isAlphanumeric(text.charCodeAt(end - 3)) || text.slice(end - 6, end - 2).toLowerCase() === LABEL
}

export function isLetter(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90)
}

/** ASCII letters and digits: what tokens, hashes and ids are made of, so what a value must not touch. */
export function isAlphanumeric(code: number): boolean {
  return (code >= 48 && code <= 57) || (code >= 97 && code <= 122) || (code >= 65 && code <= 90)
}

export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}

export function isHex(code: number): boolean {
  return isDigit(code) || (code >= 97 && code <= 102) || (code >= 65 && code <= 70)
}
