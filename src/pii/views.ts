/**
 * The deeper look: findPii also sees through JSON escapes and percent-encoding; here a text is also read as base64, hex,
 * quoted-printable and HTML, and as it looks. What a view shows is looked at in the same way, two views deep.
 */
import { decode } from './decode.ts'
import { entitySteps, fromBase64, fromHex, quotedSteps, type Run } from './encodings.ts'
import { findPii } from './find.ts'
import { BASE64, BEYOND_ASCII, ENTITY, FORM, HEX, hidingMarks, MIXED_NUMBER, QUOTED } from './hiding-marks.ts'
import type { PiiKind, PiiSpan } from './kinds.ts'
import { folded, foldSteps, letterSteps } from './look-alikes.ts'
import { type Locate, type Reading, rewritten, type Step } from './readings.ts'

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

/** Where in the text each of them stands, the same value as often as it is seen; as spans of what is written there. */
export function placesIn(text: string): PiiSpan[] {
  const places: PiiSpan[] = []
  new Look(text.length, places).at(text, '', DEPTH)
  return places
}

/** Of a million codes that happen to be base64 some hundred hold an `@` between letters; none also has a top-level domain. */
const hasTopLevel = /[^@.]\.\p{L}[\p{L}\p{N}-]*\p{L}$/u
const isDecoded = (view: string): boolean => view.includes('base64') || view.includes('hex')

class Look {
  readonly #found = new Map<string, DeepFind & { key: string }>()
  #left: number

  readonly #places: PiiSpan[] | undefined

  constructor(length: number, places?: PiiSpan[]) {
    this.#left = Math.max(LEAST_BUDGET, length * BUDGET)
    this.#places = places
  }

  at(text: string, view: string, depth: number, locate: Locate = asItStands): void {
    for (const span of findPii(text)) {
      const { kind, value } = span
      if (kind === 'email' && isDecoded(view) && !hasTopLevel.test(value)) continue
      if (this.#places) {
        const [start, end] = locate(span.start, span.end)
        this.#places.push({ ...span, start, end, bare: span.bare && view === '' })
      }
      const key = keyOf(kind, value)
      if (!this.#found.has(`${kind} ${key}`)) this.#found.set(`${kind} ${key}`, { kind, value, view, key })
    }
    if (depth === 0) return
    for (const inner of innerTexts(text)) {
      if (inner.text.length > this.#left) continue
      this.#left -= inner.text.length
      const within: Locate = (start, end) => locate(...inner.locate(start, end))
      this.at(inner.text, view === '' ? inner.view : `${view} > ${inner.view}`, depth - 1, within)
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

const asItStands: Locate = (start, end) => [start, end]

interface Inner extends Reading {
  readonly view: ViewName
}

function* innerTexts(raw: string): Generator<Inner> {
  const marks = hidingMarks(raw)
  if (marks === 0) return
  const { text, starts } = decode(raw)
  const located: Locate = starts ? (start, end) => [starts[start] ?? 0, starts[end] ?? raw.length] : asItStands
  const seen = (view: ViewName, steps: readonly Step[]): Inner[] => {
    const read = rewritten(text, steps)
    if (read.text === text) return []
    return [{ view, text: read.text, locate: (start, end) => located(...read.locate(start, end)) }]
  }
  const runs = (view: ViewName, read: readonly Run[]): Inner[] =>
    read.map(({ text: inner, start, end }) => ({ view, text: inner, locate: () => located(start, end) }))
  if (marks & BEYOND_ASCII) yield* seen('look-alike', foldSteps)
  if (marks & MIXED_NUMBER) yield* seen('look-alike', [...foldSteps, ...letterSteps])
  if (marks & ENTITY) yield* seen('html', entitySteps)
  if (marks & FORM) yield { view: 'form', text: raw.replaceAll('+', ' '), locate: asItStands }
  if (marks & QUOTED) yield* seen('quoted-printable', quotedSteps)
  if (marks & HEX) yield* runs('hex', fromHex(text))
  if (marks & BASE64) yield* runs('base64', fromBase64(text))
}
