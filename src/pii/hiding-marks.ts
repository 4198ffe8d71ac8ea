/** Which views of a text could show something that it does not show as it stands: the cheap look before src/pii/views.ts. */
import { base64BeginsText, hexBeginsText } from './encodings.ts'
import { isAlphanumeric, isHex } from './scan.ts'

export const BASE64 = 1
export const HEX = 2
export const QUOTED = 4
export const ENTITY = 8
export const BEYOND_ASCII = 16
export const MIXED_NUMBER = 32
const ESCAPED = 64
export const FORM = 128

const entityStart = /&(?:#|[a-z]{2,8};)/i
const quotedStart = /=(?:[0-9A-F]{2}|\r?\n|\?)/i
const hexPairs = /(?:0x|\\x)?[0-9a-f]{2}(?:[ :,;-]{1,2}(?:0x|\\x)?[0-9a-f]{2}){4}|(?:\\x[0-9a-f]{2}){5}/i
/** A form's body writes a space as a plus sign. */
const formSpace = /[\w)]\+[\w(]/
const mixedNumber = /[0-9][ ().-]{0,2}[OoIl|]|[OoIl|][ ().-]{0,2}[0-9]/
const mixedRun = /(?<![0-9A-Za-z])[0-9OoIl|](?:[ ().-]{0,2}[0-9OoIl|]){8}/

/**
 * Bits of the views that could show something; 0 for most texts, ids and hashes among them. May answer yes for nothing,
 * never no for something. Several ids with line ends between them may be asked about at once.
 */
export function hidingMarks(text: string): number {
  let marks = runMarks(text)
  if (marks & ESCAPED) marks |= BASE64 | HEX | QUOTED | ENTITY | BEYOND_ASCII | MIXED_NUMBER
  if (text.includes('&') && entityStart.test(text)) marks |= ENTITY
  if (text.includes('=') && quotedStart.test(text)) marks |= QUOTED
  if (hexPairs.test(text)) marks |= HEX
  if (text.includes('=') && formSpace.test(text)) marks |= FORM
  if (mixedNumber.test(text) && mixedRun.test(text)) marks |= MIXED_NUMBER
  return marks
}

const IN_RUN = 1
const IS_HEX = 2
const JOINT = 3
const ESCAPE = 4
const BEYOND = 5
const classes = new Uint8Array(128)
for (let code = 0; code < 128; code++) if (isAlphanumeric(code)) classes[code] = isHex(code) ? IS_HEX : IN_RUN
for (const char of '+/_-') classes[char.charCodeAt(0)] = JOINT
for (const char of '\\%') classes[char.charCodeAt(0)] = ESCAPE

const ownMarks = new Uint8Array(8)
ownMarks[ESCAPE] = ESCAPED
ownMarks[BEYOND] = BEYOND_ASCII

const SHORTEST_BASE64 = 8
const SHORTEST_HEX = 10

/** The same, by one pass over the characters: runs of base64 and hex, escapes, and what isn't ASCII. */
export function runMarks(text: string): number {
  let marks = 0
  let run = 0
  let hex = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    const kind = code < 128 ? (classes[code] as number) : BEYOND
    if (kind === IS_HEX) continue
    if (at - hex >= SHORTEST_HEX) marks |= hexMarks(text, hex)
    hex = at + 1
    if (kind === IN_RUN) continue
    if (at - run >= SHORTEST_BASE64) marks |= base64Marks(text, run, at)
    run = at + 1
    marks |= kind === JOINT ? jointMarks(text, at) : (ownMarks[kind] as number)
  }
  if (text.length - hex >= SHORTEST_HEX) marks |= hexMarks(text, hex)
  return text.length - run >= SHORTEST_BASE64 ? marks | base64Marks(text, run, text.length) : marks
}

function hexMarks(text: string, start: number): number {
  return hexBeginsText(text, start) || hexBeginsText(text, start + 1) ? HEX : 0
}

/** Base64 that is text could begin within the first four characters of a run. */
function base64Marks(text: string, start: number, end: number): number {
  for (let offset = 0; offset < 4 && end - start - offset >= SHORTEST_BASE64; offset++)
    if (base64BeginsText(text, start + offset)) return BASE64
  return 0
}

/** A run of base64 could lie across the joint at `at`: `dGhhYm8+Zm9v`. */
function jointMarks(text: string, at: number): number {
  for (let start = at - SHORTEST_BASE64 + 1; start <= at; start++) if (base64BeginsText(text, start)) return BASE64
  return 0
}
