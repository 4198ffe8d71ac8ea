// Text that is written as something else: from a word that filterClasses found, the whole run is decoded.
import { DIGIT, HEX_EVEN, HEX_ODD, isPrintable, isSpacer, NIBBLE, SPACED, WIDE_EVEN, WIDE_ODD } from './classes.ts'
import { BASE64, HEX, UTF16 } from './kinds.ts'
import { OWN_BASE64, OWN_WIDE } from './needle-store.ts'
import type { Searched } from './searched.ts'

/** Decoded bytes, and where they stood: byte n began at `start + n * rate`. */
export interface Decoded {
  readonly bytes: Uint8Array
  readonly words: Int32Array
  length: number
  start: number
  rate: number
  /** Where the run ends: nothing before needs another look. */
  end: number
}

const PAD_BYTES = 16

export function decodedOf(room: number): Decoded {
  const bytes = new Uint8Array(Math.ceil(room / 4) * 4 + PAD_BYTES)
  return { bytes, words: new Int32Array(bytes.buffer), length: 0, start: 0, rate: 1, end: 0 }
}

/** Clears what earlier runs left behind this one: whole words are looked at. */
export function close(into: Decoded, length: number): void {
  into.length = length
  into.bytes.fill(0, length, length + PAD_BYTES)
}

interface Reading {
  /** The class of the words in which it is tried. */
  readonly flag: number
  readonly form: number
  /** Records that it does not count: they are looked for in this form by themselves. */
  readonly own: number
  /** The run around `at`. */
  decode(bytes: Uint8Array, at: number, end: number, into: Decoded, done: Int32Array): void
}

const READINGS: readonly Reading[] = [
  ...[0, 1, 2, 3].map(
    (phase): Reading => ({
      flag: 1 << phase,
      form: BASE64,
      own: OWN_BASE64,
      decode: (bytes, at, end, into, done) => decodeBase64(bytes, at, end, phase, into, done),
    }),
  ),
  ...[HEX_EVEN, HEX_ODD].map(
    (flag, parity): Reading => ({
      flag,
      form: HEX,
      own: OWN_WIDE,
      decode: (bytes, at, end, into) => decodeHex(bytes, at, end, parity, into),
    }),
  ),
  { flag: WIDE_EVEN, form: UTF16, own: OWN_WIDE, decode: decodeWide },
  {
    flag: WIDE_ODD,
    form: UTF16,
    own: OWN_WIDE,
    decode: (bytes, at, end, into) => decodeWide(bytes, at + 1, end, into),
  },
  { flag: SPACED, form: HEX, own: OWN_WIDE, decode: decodeSpaced },
]

/** Where the last run of each reading ended, so that each is decoded once. */
export const newDone = (): Int32Array => new Int32Array(READINGS.length)

/** Decodes the runs around the word at `at` that were not decoded yet, one after the other, into `into`. */
export function eachRun(
  { bytes, length }: Searched,
  at: number,
  running: number,
  done: Int32Array,
  into: Decoded,
  visit: (form: number, own: number) => void,
): void {
  for (let index = 0; index < READINGS.length; index++) {
    const { flag, form, own, decode } = READINGS[index] as Reading
    if ((running & flag) === 0 || at < (done[index] as number)) continue
    decode(bytes, at, length, into, done)
    done[index] = into.end
    visit(form, own)
  }
}

/** Two hexadecimal digits for a byte; pairs begin at places that are `parity` modulo 2. */
function decodeHex(bytes: Uint8Array, at: number, end: number, parity: number, into: Decoded): void {
  const first = runStart(bytes, at, NIBBLE)
  let length = 0
  const start = first + ((first ^ parity) & 1)
  let from = start
  for (; from + 1 < end; from += 2) {
    const [high, low] = [NIBBLE[bytes[from] as number] as number, NIBBLE[bytes[from + 1] as number] as number]
    if (high < 0 || low < 0) break
    into.bytes[length++] = (high << 4) | low
  }
  into.start = start
  into.rate = 2
  into.end = from
  close(into, length)
}

/** `6c 69 6e` or `6C:69:6E`, with the same between all of them; nothing where it is something else. */
function decodeSpaced(bytes: Uint8Array, at: number, end: number, into: Decoded): void {
  const pairAt = (place: number) => {
    const [high, low] = [NIBBLE[bytes[place] as number] ?? -1, NIBBLE[bytes[place + 1] as number] ?? -1]
    return place < 0 || place + 1 >= end || high < 0 || low < 0 ? -1 : (high << 4) | low
  }
  const isIn = (place: number) => pairAt(place) >= 0 && isSpacer(bytes[place + 2] as number) && pairAt(place + 3) >= 0
  let start = [at, at + 1, at + 2].find(isIn) ?? -1
  let length = 0
  const spacer = bytes[start + 2]
  while (start >= 0 && isIn(start - 3) && bytes[start - 1] === spacer) start -= 3
  let from = Math.max(start, at)
  for (let place = start; start >= 0 && pairAt(place) >= 0; place += 3) {
    into.bytes[length++] = pairAt(place)
    from = place + 2
    if (bytes[from] !== spacer) break
  }
  into.start = Math.max(start, 0)
  into.rate = 3
  into.end = Math.max(from, at + 4)
  close(into, length)
}

/**
 * Four digits for three bytes; groups begin at places that are `phase` modulo 4. Broken over lines, it goes on with the next one:
 * that line is not read a second time from there.
 */
function decodeBase64(
  bytes: Uint8Array,
  at: number,
  end: number,
  phase: number,
  into: Decoded,
  done: Int32Array,
): void {
  const first = runStart(bytes, at, DIGIT)
  // A run that begins inside a group: the digits before stand for the group's end, which zeros make up for.
  const start = first - ((first - phase) & 3)
  let [length, role, bits, lineStart, breaks] = [0, 0, 0, first, 0]
  let from = start
  while (from < end) {
    const value = from < first ? 0 : (DIGIT[bytes[from] as number] as number)
    if (value < 0) {
      const next = from - lineStart < SHORTEST_LINE ? from : behindBreak(bytes, from)
      if (next === from || (DIGIT[bytes[next] as number] as number) < 0) break
      // The reading of the next line that this one is.
      const reading = (next - role) & 3
      done[reading] = Math.max(done[reading] as number, lineEnd(bytes, next, end))
      ;[from, lineStart] = [next, next]
      breaks++
      continue
    }
    bits = (bits << 6) | value
    if (role !== 0) into.bytes[length++] = (bits >>> (6 - 2 * role)) & 255
    role = (role + 1) & 3
    from++
  }
  into.start = start
  into.rate = breaks === 0 ? 4 / 3 : (from - start) / Math.max(1, length)
  // Other readings of the lines behind the first begin there by themselves.
  into.end = breaks === 0 ? from : lineEnd(bytes, first, end)
  close(into, length)
}

/** Of base64 in mails and keys; they have 64 or 76. */
const SHORTEST_LINE = 32
const RETURN = 0x0d
const FEED = 0x0a

function behindBreak(bytes: Uint8Array, at: number): number {
  const feed = bytes[at] === RETURN ? at + 1 : at
  return bytes[feed] === FEED ? feed + 1 : at
}

function lineEnd(bytes: Uint8Array, from: number, end: number): number {
  let at = from
  while (at < end && (DIGIT[bytes[at] as number] as number) >= 0) at++
  return at
}

/** Each other byte zero. */
function decodeWide(bytes: Uint8Array, at: number, end: number, into: Decoded): void {
  const isChar = (place: number) => place >= 0 && place < end && isPrintable(bytes[place] as number)
  let start = at
  while (isChar(start - 2) && bytes[start - 1] === 0) start -= 2
  let length = 0
  let from = start
  for (; isChar(from); from += 2) {
    into.bytes[length++] = bytes[from] as number
    if (bytes[from + 1] !== 0) break
  }
  into.start = start
  into.rate = 2
  into.end = from
  close(into, length)
}

function runStart(bytes: Uint8Array, at: number, values: Int8Array): number {
  let first = at
  while (first > 0 && (values[bytes[first - 1] as number] as number) >= 0) first--
  return first
}
