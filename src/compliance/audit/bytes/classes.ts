/**
 * One look at each four bytes says whether anything begins here that must be looked at closely: an `@`, an escape, or a
 * run of text in another form. Two tables of half words (65,536 entries) hold what any two bytes allow.
 */

/** In all four bytes and the four before: base64 of printable text, by the phase in which its groups of four begin. */
export const PHASES = 0b1111
/** Pairs of hexadecimal digits of printable text, which begin at even or at odd places. */
export const HEX_EVEN = 16
export const HEX_ODD = 32
/** Characters and zeros in turn. */
export const WIDE_EVEN = 64
export const WIDE_ODD = 128
/** Hexadecimal digits in pairs, with something between: `6c 69 6e`. */
export const SPACED = 1024
/** What the word before one of these must be. */
const SPACED_BEFORE = 4096
const RUNS = PHASES | HEX_EVEN | HEX_ODD | WIDE_EVEN | WIDE_ODD
/** None of the bytes begins something by itself: `@`, `%`, `\`, `=`, `&`, and what wide letters begin with. */
const QUIET = 256

/** The value of a base64 digit of both alphabets, or -1. */
export const DIGIT = new Int8Array(256).fill(-1)
for (const [value, digit] of [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].entries())
  DIGIT[digit.charCodeAt(0)] = value
DIGIT[0x2d] = 62
DIGIT[0x5f] = 63

/** The value of a hexadecimal digit, or -1. */
export const NIBBLE = new Int8Array(256).fill(-1)
for (let value = 0; value < 16; value++) {
  NIBBLE[value.toString(16).charCodeAt(0)] = value
  NIBBLE[value.toString(16).toUpperCase().charCodeAt(0)] = value
}

/** The first of three bytes of `＠` and its like. */
export const FULLWIDTH_LEAD = 0xef
export const isPrintable = (byte: number): boolean => byte >= 0x20 && byte < 0x7f
/** Digits, and what may stand between those of a number; at least one in each half. */
export const NUMBER = 512
const digitMarks = new Set([...'0123456789 -.()+/'].map((char) => char.charCodeAt(0)))
const isDigit = (byte: number): boolean => byte >= 0x30 && byte < 0x3a
/** What may stand between pairs of hexadecimal digits. */
export const isSpacer = (byte: number): boolean => byte === 0x20 || byte === 0x3a || byte === 0x2d || byte === 0x2c
/**
 * A pair, the other spacer and digit, a digit and the other spacer: of the words of `6c 69 6e` the first has the first and second
 * of these as its halves, the next the third and first, the next the second and third. Two after each other are enough to look.
 */
function spacedOf(first: number, second: number, isLow: boolean): number {
  const [isFirst, isSecond] = [(NIBBLE[first] as number) >= 0, (NIBBLE[second] as number) >= 0]
  if (isFirst && isSecond) return isLow ? SPACED : 0
  if (isSpacer(first) && isSecond) return isLow ? SPACED_BEFORE : SPACED
  return isFirst && isSpacer(second) && !isLow ? SPACED_BEFORE : 0
}
const isNumber = (first: number, second: number): boolean =>
  digitMarks.has(first) && digitMarks.has(second) && (isDigit(first) || isDigit(second))
const marks = new Set([...[...'@%\\=&'].map((char) => char.charCodeAt(0)), FULLWIDTH_LEAD])

/** Whether a base64 digit can be the first to fourth of a group that stands for three bytes from 0x20 to 0x7f. */
function fitsText(value: number, role: number): boolean {
  if (value < 0) return false
  if (role === 0) return value >= 8 && value < 32
  if (role === 1) return (value & 15) >= 2 && (value & 15) < 8
  return role === 3 || (value & 3) < 2
}

function classOf(byte: number, position: number): number {
  let flags = marks.has(byte) ? 0 : QUIET
  for (let phase = 0; phase < 4; phase++)
    if (fitsText(DIGIT[byte] as number, (position - phase) & 3)) flags |= 1 << phase
  const isEven = position % 2 === 0
  const nibble = NIBBLE[byte] as number
  const isFirst = nibble >= 2 && nibble < 8
  if (isEven ? isFirst : nibble >= 0) flags |= HEX_EVEN
  if (isEven ? nibble >= 0 : isFirst) flags |= HEX_ODD
  if (isEven ? isPrintable(byte) : byte === 0) flags |= WIDE_EVEN
  if (isEven ? byte === 0 : isPrintable(byte)) flags |= WIDE_ODD
  return flags
}

const halves = (position: number) =>
  Uint16Array.from({ length: 65_536 }, (_, half) => {
    const flags = classOf(half & 255, position) & classOf(half >>> 8, position + 1)
    const [first, second] = [half & 255, half >>> 8]
    return flags | (isNumber(first, second) ? NUMBER : 0) | spacedOf(first, second, position === 0)
  })
const LOW = halves(0)
const HIGH = halves(2)

/**
 * Numbers of words from `from` to `to` where something begins, into `found`, and what runs there into `runs`: as in
 * PHASES and what follows, 0 where only a mark stands. `numbers` is NUMBER where these are looked for, else 0. Returns how many. The hot loop.
 */
export function filterClasses(
  words: Int32Array,
  from: number,
  to: number,
  found: Int32Array,
  runs: Uint16Array,
  numbers: number,
): number {
  let count = 0
  let before = 0
  for (let at = from; at < to; at++) {
    const word = words[at] as number
    const flags = (LOW[word & 65_535] as number) & (HIGH[word >>> 16] as number)
    const running = (flags & before & RUNS) | (flags & numbers) | (flags & (before >>> 2) & SPACED)
    if (running !== 0 || flags < QUIET) {
      found[count] = at
      runs[count++] = running
    }
    before = flags
  }
  return count
}
