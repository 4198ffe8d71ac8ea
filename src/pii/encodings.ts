/**
 * Encodings that hide a text inside a text: base64, hex, quoted-printable, HTML entities. Each function gives what it
 * could read, as text; bytes that are no text give nothing. Linear in the length of the text.
 */
import { isUtf8 } from 'node:buffer'
import type { Step } from './readings.ts'

const FEWEST_BYTES = 5
/** Control characters but tab and line ends. */
const unprintable = /[^\P{Cc}\t\n\r]/u

/** Bytes as text, UTF-8 or UTF-16LE (as PowerShell encodes); undefined where they are neither, or hold control characters. */
export function textOf(bytes: Buffer): string | undefined {
  if (bytes.length < FEWEST_BYTES) return undefined
  if (isUtf8(bytes)) {
    const text = bytes.toString('utf8')
    if (!unprintable.test(text)) return text
  }
  if (bytes[1] !== 0 || bytes[3] !== 0) return undefined
  const text = bytes.toString('utf16le')
  return unprintable.test(text) ? undefined : text
}

/** Standard and URL-safe alphabet, padded or not, also over several lines. */
const base64Runs = /[\w+/-]{8,}={0,2}(?:\r?\n[ \t]*[\w+/-]{2,}={0,2})*/g
/** What may join a run that it is no part of: line ends, and the characters that only one of the alphabets has. */
const base64Joints = [/[\s=]+/, /[\s=_-]+/, /[\s=+/]+/]

/** What an encoded run says, and where it stands. */
export interface Run {
  readonly text: string
  readonly start: number
  readonly end: number
}

/** Every run of base64 that is text; a run need not begin where the encoding begins (`v1dGhhYm8…`). */
export function fromBase64(text: string): Run[] {
  return [...text.matchAll(base64Runs)].flatMap(({ 0: run, index: start }) =>
    textsOf(run).map((read) => ({ text: read, start, end: start + run.length })),
  )
}

function textsOf(run: string): string[] {
  const whole = base64Text(run.replace(/\s+/g, ''))
  if (whole !== undefined) return [whole]
  for (const joint of base64Joints) {
    const parts = joint.test(run) ? run.split(joint).flatMap((part) => base64Text(part) ?? []) : []
    if (parts.length > 0) return parts
  }
  return []
}

function base64Text(run: string): string | undefined {
  for (let offset = 0; offset < 4 && run.length - offset >= 8; offset++) {
    if (!base64BeginsText(run, offset)) continue
    const read = textOf(Buffer.from(run.slice(offset), 'base64'))
    if (read !== undefined) return read
  }
  return undefined
}

const sextets = new Uint8Array(128).fill(255)
for (const [value, char] of [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].entries())
  sextets[char.charCodeAt(0)] = value
sextets['-'.charCodeAt(0)] = 62
sextets['_'.charCodeAt(0)] = 63

const scratch = new Uint8Array(12)
const FEWEST_QUADS = 2
const MOST_QUADS = 4

/**
 * Whether what eight characters from `at` on encode, or sixteen where the run is as long, could begin a text: what ids and
 * hashes fail at.
 */
export function base64BeginsText(text: string, at: number): boolean {
  for (let nth = 0; nth < MOST_QUADS; nth++) {
    let value = 0
    for (let next = at + nth * 4; next < at + nth * 4 + 4; next++) {
      const sextet = next < text.length ? (sextets[text.charCodeAt(next)] ?? 255) : 255
      if (sextet === 255) return nth >= FEWEST_QUADS
      value = (value << 6) | sextet
    }
    scratch[nth * 3] = value >> 16
    scratch[nth * 3 + 1] = value >> 8
    scratch[nth * 3 + 2] = value
    if (!isTextStart(nth * 3 + 3)) return false
  }
  return true
}

/** Whether the first bytes of `scratch` are UTF-8 without control characters, or UTF-16LE of ASCII. */
function isTextStart(length: number): boolean {
  let wanted = 0
  for (let at = 0; at < length; at++) {
    const byte = scratch[at] as number
    if (wanted === 0 && !isTextByte(byte, at)) return false
    if (wanted > 0 && byte >> 6 !== 2) return false
    wanted = wanted > 0 ? wanted - 1 : continuations(byte)
  }
  return true
}

/** ASCII but control characters, the first byte of a character of UTF-8, the second of one of UTF-16. */
function isTextByte(byte: number, at: number): boolean {
  if (byte >= 0x20) return byte < 0x7f || (byte >= 0xc2 && byte < 0xf5)
  return byte === 9 || byte === 10 || byte === 13 || (byte === 0 && at % 2 === 1)
}

function continuations(byte: number): number {
  if (byte < 0xc2) return 0
  return byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3
}

/** Together, in pairs with a separator, `0x74, 0x68`, or `\x74\x68`. */
const hexRuns = /(?:0x|\\x)?[0-9a-f]{2}(?:[ :,;-]{0,2}(?:0x|\\x)?[0-9a-f]{2}){4,}[0-9a-f]?/gi

/** Every run of hex digits that is text. */
export function fromHex(text: string): Run[] {
  return [...text.matchAll(hexRuns)].flatMap(({ 0: run, index: start }) => {
    const digits = run.replace(/0x|\\x|[^0-9a-f]/gi, '')
    const read = hexText(digits) ?? hexText(digits.slice(1))
    if (read !== undefined) return [{ text: read, start, end: start + run.length }]
    // A word before it may end like hex: `see 7468…`.
    return [...run.matchAll(hexPieces)].flatMap(({ 0: piece, index: at }) => {
      const inner = piece.length === run.length ? undefined : (hexText(piece) ?? hexText(piece.slice(1)))
      return inner === undefined ? [] : [{ text: inner, start: start + at, end: start + at + piece.length }]
    })
  })
}

const hexPieces = /[0-9a-f]{10,}/gi

function hexText(digits: string): string | undefined {
  return hexBeginsText(digits, 0) ? textOf(Buffer.from(digits, 'hex')) : undefined
}

/** Whether the five bytes of ten hex digits from `at` on could begin a text. */
export function hexBeginsText(text: string, at: number): boolean {
  for (let index = 0; index < FEWEST_BYTES; index++) {
    const byte = Number.parseInt(text.slice(at + index * 2, at + index * 2 + 2), 16)
    if (Number.isNaN(byte)) return false
    scratch[index] = byte
  }
  return isTextStart(FEWEST_BYTES)
}

const softBreak = /=\r?\n/g
const quoted = /(?:=[0-9A-Fa-f]{2})+/g
const encodedWord = /=\?[\w-]+\?q\?([^?]*)\?=/gi

/** Quoted-printable (RFC 2045) with its soft line breaks, and encoded words of mail headers (RFC 2047). */
export const quotedSteps: readonly Step[] = [
  [encodedWord, (_word, inner = '') => inner.replaceAll('_', ' ')],
  [softBreak, () => ''],
  [quoted, (run) => Buffer.from(run.replaceAll('=', ''), 'hex').toString('utf8')],
]

const entity = /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,8})(?=;));?/gi
const named: Readonly<Record<string, string>> = {
  ...{ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ', commat: '@', period: '.', plus: '+', lowbar: '_' },
  ...{ hyphen: '-', dash: '-', colon: ':', sol: '/', lpar: '(', rpar: ')', shy: '', zwj: '', zwnj: '', thinsp: ' ' },
}

/** HTML and XML character references. */
export const entitySteps: readonly Step[] = [
  [
    entity,
    (reference, decimal?: string, hex?: string, name?: string) => {
      if (name !== undefined) return named[name.toLowerCase()] ?? reference
      const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal)
      return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : reference
    },
  ],
]
