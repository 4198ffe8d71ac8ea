// Text that is written as something else: from a word that filterClasses found, the whole run is decoded.
import { DIGIT, HEX_EVEN, HEX_ODD, isPrintable, NIBBLE, WIDE_EVEN, WIDE_ODD } from './classes.ts'
import type { Searched } from './finder.ts'
import { BASE64, HEX, UTF16 } from './kinds.ts'
import { OWN_BASE64, OWN_WIDE } from './needle-store.ts'

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
  decode(bytes: Uint8Array, at: number, end: number, into: Decoded): void
}

const READINGS: readonly Reading[] = [
  ...[0, 1, 2, 3].map(
    (phase): Reading => ({
      flag: 1 << phase,
      form: BASE64,
      own: OWN_BASE64,
      decode: (bytes, at, end, into) => decodeBase64(bytes, at, end, phase, into),
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
    decode(bytes, at, length, into)
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

/** Four digits for three bytes; groups begin at places that are `phase` modulo 4. */
function decodeBase64(bytes: Uint8Array, at: number, end: number, phase: number, into: Decoded): void {
  const first = runStart(bytes, at, DIGIT)
  // A run that begins inside a group: the digits before stand for the group's end, which zeros make up for.
  const start = first - ((first - phase) & 3)
  let length = 0
  let from = start
  let bits = 0
  for (; from < end; from++) {
    const value = from < first ? 0 : (DIGIT[bytes[from] as number] as number)
    if (value < 0) break
    bits = (bits << 6) | value
    const role = (from - start) & 3
    if (role !== 0) into.bytes[length++] = (bits >>> (6 - 2 * role)) & 255
  }
  into.start = start
  into.rate = 4 / 3
  into.end = from
  close(into, length)
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
