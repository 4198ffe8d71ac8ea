/**
 * The audit's deeper look: findPii also sees through JSON escapes and percent-encoding; here a text is also read as
 * base64, hex, quoted-printable and HTML, and as it looks. What a view shows is looked at in the same way, two views deep.
 * Writes do not pay for this: nobody's free text arrives in base64 by mistake, but an auditor has to ask.
 */
import { decode } from './decode.ts'
import { base64BeginsText, fromBase64, fromEntities, fromHex, fromQuotedPrintable, hexBeginsText } from './encodings.ts'
import { findPii } from './find.ts'
import type { PiiKind } from './kinds.ts'
import { folded, withLettersAsDigits } from './look-alikes.ts'
import { isAlphanumeric, isHex } from './scan.ts'

export type ViewName = 'base64' | 'hex' | 'quoted-printable' | 'html' | 'form' | 'look-alike'

export interface DeepFind {
  readonly kind: PiiKind
  /** Decoded: personal information, for comparisons only. */
  readonly value: string
  /** How it was seen: empty as it stands, else the views, outermost first: `base64` or `base64 > hex`. */
  readonly view: string
}

const DEPTH = 2
/** Characters that all views of one text together may have, per character of the text: what keeps the work linear. */
const BUDGET = 8
const LEAST_BUDGET = 1 << 16

/** Personal information in a text, in whatever encoding; the same value once. */
export function findDeep(text: string): DeepFind[] {
  const look = new Look(text.length)
  look.at(text, '', DEPTH)
  return look.finds()
}

/** Of a million codes that happen to be base64 some hundred hold an `@` between letters; none also has a top-level domain. */
const hasTopLevel = /[^@.]\.\p{L}[\p{L}\p{N}-]*\p{L}$/u
const isDecoded = (view: string): boolean => view.includes('base64') || view.includes('hex')

class Look {
  readonly #found = new Map<string, DeepFind & { key: string }>()
  #left: number

  constructor(length: number) {
    this.#left = Math.max(LEAST_BUDGET, length * BUDGET)
  }

  at(text: string, view: string, depth: number): void {
    for (const { kind, value } of findPii(text)) {
      if (kind === 'email' && isDecoded(view) && !hasTopLevel.test(value)) continue
      const key = keyOf(kind, value)
      if (!this.#found.has(`${kind} ${key}`)) this.#found.set(`${kind} ${key}`, { kind, value, view, key })
    }
    if (depth === 0) return
    for (const inner of innerTexts(text)) {
      if (inner.text.length > this.#left) continue
      this.#left -= inner.text.length
      this.at(inner.text, view === '' ? inner.view : `${view} > ${inner.view}`, depth - 1)
    }
  }

  finds(): DeepFind[] {
    const all = [...this.#found.values()]
    const kept =
      all.length > 1 && all.length < 1000 ? all.filter((one) => !all.some((other) => hides(other, one))) : all
    return kept.map(({ kind, value, view }) => ({ kind, value, view }))
  }
}

/** A space, a line end, `=`: what quoted-printable leaves before an email. */
const quotedRests = new Set(['20', '0a', '3d'])

/** Whether `one` is only the part of `other` that another view showed: `bo@x.com` of a `thabo@x.com` split in two. */
function hides(other: DeepFind & { key: string }, one: DeepFind & { key: string }): boolean {
  if (other === one || other.view === one.view || other.key === one.key) return false
  // `=20thabo@x.com`: the longer one is the encoding's own rest.
  const isRest = (longer: string, shorter: string) =>
    one.kind === 'email' && quotedRests.has(longer.slice(0, 2)) && longer.slice(2) === shorter
  if (other.view.endsWith('quoted-printable') && isRest(one.key, other.key)) return true
  return other.key.includes(one.key) && !(one.view.endsWith('quoted-printable') && isRest(other.key, one.key))
}

/** What two spellings of one value share. */
export function keyOf(kind: PiiKind, value: string): string {
  const plain = folded(value).toLowerCase()
  if (kind === 'email') return /^[^"]* @|@ /.test(plain) ? plain.replaceAll(' ', '') : plain
  if (kind === 'ip') return plain
  return kind === 'iban' ? plain.replace(/[^0-9a-z]/g, '') : plain.replace(/\D/g, '')
}

interface Inner {
  readonly view: ViewName
  readonly text: string
}

function* innerTexts(raw: string): Generator<Inner> {
  const marks = hidingMarks(raw)
  if (marks === 0) return
  const { text } = decode(raw)
  const seen = (view: ViewName, read: string): Inner[] => (read === text ? [] : [{ view, text: read }])
  if (marks & BEYOND_ASCII) yield* seen('look-alike', folded(text))
  if (marks & MIXED_NUMBER) yield* seen('look-alike', withLettersAsDigits(folded(text)))
  if (marks & ENTITY) yield* seen('html', fromEntities(text))
  if (marks & FORM) yield { view: 'form', text: raw.replaceAll('+', ' ') }
  if (marks & QUOTED) yield* seen('quoted-printable', fromQuotedPrintable(text))
  if (marks & HEX) yield* fromHex(text).map((read): Inner => ({ view: 'hex', text: read }))
  if (marks & BASE64) yield* fromBase64(text).map((read): Inner => ({ view: 'base64', text: read }))
}

const BASE64 = 1
const HEX = 2
const QUOTED = 4
const ENTITY = 8
const BEYOND_ASCII = 16
const MIXED_NUMBER = 32
const ESCAPED = 64
const FORM = 128

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
