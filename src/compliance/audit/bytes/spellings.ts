/**
 * The records of one value. In ASCII one is enough: case is folded, and text in another form is decoded before it is
 * compared. What folding or decoding would miss gets records of its own: letters beyond ASCII in lower and upper case,
 * their UTF-16 and hex, and base64 where too little text is left to tell it from any other letters and digits.
 */

import { ipv6Spellings } from './ipv6.ts'
import { BASE64, HEX, LONGEST, type Needle, PLAIN, SHORTEST, SHORTEST_ADDRESS, UTF16 } from './kinds.ts'
import { DIGITS, type NeedleStore, OWN_BASE64, OWN_WIDE } from './needle-store.ts'
import { digitsOf } from './numbers.ts'

/** Base64 of less text than this may have no two aligned words of it. */
const DECODED_FROM = 10
const encoder = new TextEncoder()
/** Room for more of a value than is looked for. */
const encoded = new Uint8Array(4 * LONGEST)

export const isTooShort = (value: string): boolean =>
  Buffer.byteLength(value) < (value.indexOf('@') > 0 ? SHORTEST_ADDRESS : SHORTEST)

/** Adds a value, however it may be spelled; false where it is there already. The value must not be too short. */
export function addNeedle(store: NeedleStore, needle: Needle): boolean {
  const digits = digitsOf(needle)
  if (digits !== undefined) return store.add(encoder.encode(digits), needle.kind, PLAIN, DIGITS)
  const isNew = addSpelling(store, needle)
  for (const value of othersOf(needle)) addSpelling(store, { value, kind: needle.kind })
  return isNew
}

/** The same address, IBAN or name as others write it. */
function othersOf({ value, kind }: Needle): readonly string[] {
  const others = kind === 'ip' ? ipv6Spellings(value) : [value.normalize('NFC'), value.normalize('NFD')]
  if (IBAN.test(value)) others.push(...ibanSpellings(value))
  return [...new Set(others)].filter((other) => other !== value && !isTooShort(other))
}

const IBAN = /^[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}$/i

function ibanSpellings(value: string): readonly string[] {
  const bare = value.replaceAll(' ', '')
  return [bare, bare.replace(/(.{4})(?=.)/g, '$1 ')]
}

function addSpelling(store: NeedleStore, { value, kind }: Needle): boolean {
  const { written, read } = encoder.encodeInto(value, encoded)
  const bytes = encoded.subarray(0, written)
  // A character beyond ASCII takes more bytes than it has code units.
  const ascii = written === read
  if (ascii && bytes.length >= DECODED_FROM) return store.add(bytes, kind, PLAIN)
  const isNew = store.add(bytes, kind, PLAIN, ascii ? OWN_BASE64 : OWN_BASE64 | OWN_WIDE)
  for (const spelling of new Set([value, value.toLowerCase(), value.toUpperCase()])) {
    const text = Buffer.from(spelling)
    if (!ascii) store.add(text, kind, PLAIN, OWN_BASE64 | OWN_WIDE)
    if (!ascii) for (const wide of wideOf(spelling)) store.add(wide, kind, UTF16)
    if (!ascii) store.add(Buffer.from(text.toString('hex')), kind, HEX)
    for (const digits of base64Of(text)) store.add(Buffer.from(digits), kind, BASE64)
  }
  return isNew
}

function wideOf(text: string): readonly Buffer[] {
  const little = Buffer.from(text, 'utf16le').subarray(0, LONGEST - 1)
  return [little, Buffer.from(little).swap16()]
}

/** The digits that the text alone decides, for each place in a group of three bytes at which it may begin. */
export function base64Of(text: Buffer): readonly string[] {
  const digits = [0, 1, 2].map((before) => {
    const whole = Buffer.concat([Buffer.alloc(before), text]).toString('base64')
    return whole.slice(Math.ceil((before * 8) / 6), Math.floor(((before + text.length) * 8) / 6))
  })
  const safe = digits.map((each) => each.replaceAll('+', '-').replaceAll('/', '_'))
  return [...new Set([...digits, ...safe])].filter((each) => each.length >= SHORTEST)
}
