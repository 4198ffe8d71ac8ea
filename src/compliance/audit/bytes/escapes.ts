/**
 * Percent-encoding, JSON's `\u0040` and `\x40`, HTML's `&#64;`, wide letters, and quoted-printable. What stands around an escape is decoded with it, so that
 * `ann%40example.com` is whole; each decoded byte remembers where it came from, and how.
 */
import { FULLWIDTH_LEAD, NIBBLE } from './classes.ts'
import { FULLWIDTH, HEX, HTML, JSON_ESCAPE, PERCENT, PLAIN, QUOTED_PRINTABLE, WIDEST } from './kinds.ts'
import { close, type Decoded, decodedOf } from './runs.ts'
import type { Searched } from './searched.ts'

const PERCENT_SIGN = 0x25
const BACKSLASH = 0x5c
const EQUALS = 0x3d
const AMPERSAND = 0x26
const SMALL_U = 0x75
const SMALL_X = 0x78
const MOST_BACKSLASHES = 8
const LONGEST_ENTITY = 10
const SPACE = 0x20
const LINE_FEED = 0x0a

const BEGINS = new Uint8Array(256)
for (const byte of [PERCENT_SIGN, BACKSLASH, EQUALS, AMPERSAND, FULLWIDTH_LEAD]) BEGINS[byte] = 1
/** Forms of characters; the others are of bytes. */
const isCode = (form: number): boolean => form === JSON_ESCAPE || form === HTML

export interface Unescaped extends Decoded {
  /** Where each decoded byte began in the file. */
  readonly places: Int32Array
  /** PLAIN, or the form of the escape that it came out of. */
  readonly forms: Uint8Array
}

export const unescapedOf = (room: number): Unescaped => ({
  ...decodedOf(room),
  places: new Int32Array(room + 1),
  forms: new Uint8Array(room + 1),
})

/** Decodes what stands around `escapes`, region by region, into `into`. Quoted-printable apart: `id=40%41` is none. */
export function eachUnescaped(
  { bytes, length }: Searched,
  escapes: readonly number[],
  into: Unescaped,
  visit: () => void,
): void {
  for (const quoted of [false, true]) {
    const mine = escapes.filter((at) => (escapeAt(bytes, at) === QUOTED_PRINTABLE) === quoted)
    for (const [from, to] of regionsOf(mine, length)) {
      unescapeRegion(bytes, from, to, quoted, into)
      visit()
    }
  }
}

/** What may be part of a value with one of these escapes in it. */
function regionsOf(places: readonly number[], length: number): readonly (readonly [number, number])[] {
  const regions: [number, number][] = []
  for (const place of places) {
    const [from, to] = [Math.max(0, place - WIDEST), Math.min(length, place + WIDEST)]
    const last = regions.at(-1)
    if (last && from <= last[1]) last[1] = to
    else regions.push([from, to])
  }
  return regions
}

/** The form of the escape at `at`, PLAIN where there is none. */
export function escapeAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at]
  if (byte === PERCENT_SIGN) return pairAt(bytes, behindPercents(bytes, at)) < 0 ? PLAIN : PERCENT
  if (byte === EQUALS) return pairAt(bytes, at + 1) < 0 && !isSoftBreak(bytes, at) ? PLAIN : QUOTED_PRINTABLE
  if (byte === AMPERSAND) return entityAt(bytes, at) === undefined ? PLAIN : HTML
  if (byte === FULLWIDTH_LEAD) return fullwidthAt(bytes, at) < 0 ? PLAIN : FULLWIDTH
  if (byte !== BACKSLASH) return PLAIN
  const letter = behindBackslashes(bytes, at)
  if (bytes[letter] === SMALL_U) return unitAt(bytes, letter + 1) < 0 ? PLAIN : JSON_ESCAPE
  return bytes[letter] === SMALL_X && pairAt(bytes, letter + 1) >= 0 ? HEX : PLAIN
}

/** JSON in JSON has more than one of them. */
function behindBackslashes(bytes: Uint8Array, at: number): number {
  let letter = at + 1
  while (bytes[letter] === BACKSLASH && letter - at < MOST_BACKSLASHES) letter++
  return letter
}

/** `%2540` is `%40` encoded once more. */
function behindPercents(bytes: Uint8Array, at: number): number {
  let digits = at + 1
  while (bytes[digits] === 0x32 && bytes[digits + 1] === 0x35 && pairAt(bytes, digits + 2) >= 0) digits += 2
  return digits
}

/** Decodes `from` to `to`: quoted-printable, or percent-encoding and JSON's escapes. */
function unescapeRegion(bytes: Uint8Array, from: number, to: number, quotedPrintable: boolean, into: Unescaped): void {
  let length = 0
  for (let at = from; at < to; ) {
    const byte = bytes[at] as number
    if (BEGINS[byte] === 0) {
      into.places[length] = at++
      into.forms[length] = PLAIN
      into.bytes[length++] = byte
      continue
    }
    const found = escapeAt(bytes, at)
    const form = (found === QUOTED_PRINTABLE) === quotedPrintable ? found : PLAIN
    const width = widthOf(bytes, at, form)
    const code = codeAt(bytes, at, form)
    const began = length
    if (code >= 0) length = isCode(form) ? putCode(code, into.bytes, length) : putByte(code, into.bytes, length)
    into.places.fill(at, began, length)
    into.forms.fill(form, began, length)
    at += width
  }
  into.places[length] = to
  into.start = from
  into.end = to
  close(into, length)
}

const putByte = (byte: number, into: Uint8Array, at: number): number => {
  into[at] = byte
  return at + 1
}

function widthOf(bytes: Uint8Array, at: number, form: number): number {
  if (form === PLAIN) return 1
  if (form === FULLWIDTH) return 3
  if (form === HTML) return entityAt(bytes, at)?.width ?? 1
  if (form === PERCENT) return behindPercents(bytes, at) + 2 - at
  if (form === QUOTED_PRINTABLE) return bytes[at + 1] === LINE_FEED ? 2 : 3
  const digits = behindBackslashes(bytes, at) + 1
  if (form === HEX) return digits + 2 - at
  const isPair = isHighSurrogate(unitAt(bytes, digits)) && isLowSurrogateAt(bytes, digits + 4)
  return (isPair ? behindBackslashes(bytes, digits + 4) + 5 : digits + 4) - at
}

/** The byte, or the code point of a form that has those; -1 for a soft line break. */
function codeAt(bytes: Uint8Array, at: number, form: number): number {
  if (form === PLAIN) return bytes[at] as number
  if (form === FULLWIDTH) return fullwidthAt(bytes, at)
  if (form === HTML) return entityAt(bytes, at)?.code ?? -1
  if (form === PERCENT) return pairAt(bytes, behindPercents(bytes, at))
  if (form === QUOTED_PRINTABLE) return isSoftBreak(bytes, at) ? -1 : pairAt(bytes, at + 1)
  const digits = behindBackslashes(bytes, at) + 1
  if (form === HEX) return pairAt(bytes, digits)
  const unit = unitAt(bytes, digits)
  if (!isHighSurrogate(unit) || !isLowSurrogateAt(bytes, digits + 4)) return unit
  return 0x10000 + ((unit - 0xd800) << 10) + (unitAt(bytes, behindBackslashes(bytes, digits + 4) + 1) - 0xdc00)
}

const NAMED: Readonly<Record<string, string>> = {
  ...{ commat: '@', period: '.', plus: '+', lowbar: '_', hyphen: '-', amp: '&', apos: "'", sol: '/', colon: ':' },
}
const ENTITY = /^&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([a-z]{3,7}));/

function entityAt(bytes: Uint8Array, at: number): { readonly code: number; readonly width: number } | undefined {
  const text = String.fromCharCode(...bytes.subarray(at, at + LONGEST_ENTITY))
  const [whole = '', decimal, hex, name = ''] = ENTITY.exec(text) ?? []
  const code = hex === undefined ? Number(decimal ?? NAMED[name]?.charCodeAt(0) ?? -1) : Number.parseInt(hex, 16)
  return whole === '' || code < 0 || code > 0x10ffff ? undefined : { code, width: whole.length }
}

/** Letters, digits and signs as wide as a Chinese character, which Unicode has for each of ASCII's; -1 for others. */
function fullwidthAt(bytes: Uint8Array, at: number): number {
  const [middle = 0, last = 0] = [bytes[at + 1], bytes[at + 2]]
  if ((middle !== 0xbc && middle !== 0xbd) || last < 0x80 || last > 0xbf) return -1
  const code = (0xf000 | ((middle & 63) << 6) | (last & 63)) - 0xfee0
  return code > 0x20 && code < 0x7f ? code : -1
}

/** Between two bytes of text: numbers in a raw page look like a break by chance. */
function isSoftBreak(bytes: Uint8Array, at: number): boolean {
  if (bytes[at] !== EQUALS || (bytes[at - 1] ?? 0) <= SPACE) return false
  const length = bytes[at + 1] === LINE_FEED ? 2 : bytes[at + 1] === 0x0d && bytes[at + 2] === LINE_FEED ? 3 : 0
  return length > 0 && (bytes[at + length] ?? 0) > SPACE
}
const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit < 0xdc00
const isLowSurrogateAt = (bytes: Uint8Array, at: number): boolean =>
  escapeAt(bytes, at) === JSON_ESCAPE && (unitAt(bytes, behindBackslashes(bytes, at) + 1) & 0xfc00) === 0xdc00

/** Two hexadecimal digits, or less than 0. */
function pairAt(bytes: Uint8Array, at: number): number {
  const [high, low] = [NIBBLE[bytes[at] as number] ?? -1, NIBBLE[bytes[at + 1] as number] ?? -1]
  return high < 0 || low < 0 ? -1 : (high << 4) | low
}

/** Four hexadecimal digits, or less than 0. */
function unitAt(bytes: Uint8Array, at: number): number {
  const [high, low] = [pairAt(bytes, at), pairAt(bytes, at + 2)]
  return high < 0 || low < 0 ? -1 : (high << 8) | low
}

/** UTF-8; half a surrogate pair as its own three bytes, which no value has. */
function putCode(code: number, into: Uint8Array, at: number): number {
  if (code < 0x80) return putByte(code, into, at)
  const tail = (shift: number) => 0x80 | ((code >>> shift) & 63)
  if (code < 0x800) return putByte(tail(0), into, putByte(0xc0 | (code >>> 6), into, at))
  if (code < 0x10000) return putByte(tail(0), into, putByte(tail(6), into, putByte(0xe0 | (code >>> 12), into, at)))
  return putByte(
    tail(0),
    into,
    putByte(tail(6), into, putByte(tail(12), into, putByte(0xf0 | (code >>> 18), into, at))),
  )
}
