// One value: a cheap look that dismisses nearly all, and for the rest what was found, by JSON path and view.
import { textOf } from '../../../pii/encodings.ts'
import { isOpaque } from '../../../pii/find.ts'
import { hidingMarks, runMarks } from '../../../pii/hiding-marks.ts'
import type { PiiKind } from '../../../pii/kinds.ts'
import { marksOf } from '../../../pii/scan.ts'
import { type DeepFind, findDeep, keyOf } from '../../../pii/views.ts'
import type { Closeness } from './columns.ts'
import { leavesOf } from './json-leaves.ts'
import type { KnownValues } from './known.ts'

export interface Hit {
  /** `known`: a name or number of somebody that no detector sees. */
  readonly kind: PiiKind | 'known'
  readonly path: string
  readonly view: string
  /** identity.db knows the value. */
  readonly isKnown: boolean
  /** Decoded: personal information, for comparisons only. Empty with `known`. */
  readonly value: string
}

type Cell = string | number | bigint | Uint8Array | null

/** Longer values are looked at in parts that overlap by more than any value of a person is long. */
const PART = 1 << 20
const OVERLAP = 1 << 10
const ELEVEN_DIGITS = 10_000_000_000
const prismaTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(?:Z|\+00:00)$/

/** Looks at values of one column. Most columns hold few different values, or ids. */
export function lookerFor(closeness: Closeness, known: KnownValues): (cell: Cell) => readonly Hit[] {
  if (closeness === 'key') return (cell) => inKey(textIn(cell), known)
  if (closeness === 'count') return (cell) => findDeep(textIn(cell)).flatMap((find) => digitsHit(find, '', known))
  const isTime = closeness === 'time'
  const clean = new Set<string>()
  return (cell) => {
    if (typeof cell === 'string' && (clean.has(cell) || (isTime && prismaTime.test(cell)))) return NONE
    if (isTime && typeof cell === 'number') return NONE
    const hits = cell instanceof Uint8Array ? inBytes(cell, known) : inText(textIn(cell), known)
    if (hits.length === 0 && typeof cell === 'string' && clean.size < MOST_CLEAN) clean.add(cell)
    return hits
  }
}

const NONE: readonly Hit[] = []
const MOST_CLEAN = 64

function textIn(cell: Cell): string {
  if (typeof cell === 'string') return cell
  if (cell instanceof Uint8Array) return textOf(bufferOf(cell)) ?? ''
  return cell !== null && Math.abs(Number(cell)) >= ELEVEN_DIGITS ? String(cell) : ''
}

/** Bytes that are text by what the text says; of others the emails in their readable parts, where identity.db knows them. */
function inBytes(bytes: Uint8Array, known: KnownValues): readonly Hit[] {
  const buffer = bufferOf(bytes)
  const text = textOf(buffer)
  if (text !== undefined) return inText(text, known)
  // Hashes of the chains come by the million; most hold no `@` at all.
  const readable = buffer.includes('@') ? (buffer.toString('latin1').match(/[\x20-\x7e]{6,}/g) ?? []) : []
  return readable.flatMap((part) => inKey(part, known)).filter(({ isKnown }) => isKnown)
}

const bufferOf = (bytes: Uint8Array): Buffer => (Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes))

function inKey(text: string, known: KnownValues): readonly Hit[] {
  const isQuiet = marksOf(text) === 0 && runMarks(text) === 0 && !/[&=]/.test(text)
  if (isQuiet) return known.hasWhole(text) ? SOMEBODY : NONE
  const finds = findDeep(text)
  const hits = isOpaque(text)
    ? finds.flatMap((find) => digitsHit(find, '', known))
    : finds.map((find) => hitOf(find, '', known))
  return hits.length === 0 && known.hasWhole(text) ? SOMEBODY : hits
}

const SOMEBODY: readonly Hit[] = [{ kind: 'known', path: '', view: '', isKnown: true, value: '' }]

const hitOf = ({ kind, value, view }: DeepFind, path: string, known: KnownValues): Hit => {
  return { kind, path, view, isKnown: known.has(kind, value), value }
}

/** Where digits are legitimate: emails, and what identity.db knows. */
function digitsHit(find: DeepFind, path: string, known: KnownValues): Hit[] {
  const hit = hitOf(find, path, known)
  return hit.kind === 'email' || hit.isKnown ? [hit] : []
}

function inText(text: string, known: KnownValues): readonly Hit[] {
  if (text === '') return NONE
  if (text.length > PART) return partsOf(text).flatMap((part) => inText(part, known))
  const isQuiet = marksOf(text) === 0 && hidingMarks(text) === 0
  if (isQuiet && !known.mayHold(text)) return NONE
  const whole = isQuiet ? [] : findDeep(text)
  if (whole.length === 0 && !known.touches(text)) return NONE
  const leaves = leavesOf(text)
  if (leaves === undefined) return hitsIn(text, '', known)
  const seen = new Set<string>()
  const hits = leaves.flatMap(({ path, text: leaf, isKey }) => {
    const finds = findDeep(leaf)
    for (const { kind, value } of finds) seen.add(`${kind} ${keyOf(kind, value)}`)
    if (isKey && isOpaque(leaf)) return finds.flatMap((find) => digitsHit(find, path, known))
    return hitsOf(finds, leaf, path, known)
  })
  // What the leaves do not show: digits beyond a number's precision, keys, comments of what only looks like JSON.
  const rest = whole.filter(({ kind, value }) => !seen.has(`${kind} ${keyOf(kind, value)}`))
  return [...hits, ...rest.map((find) => hitOf(find, '$', known))]
}

const hitsIn = (text: string, path: string, known: KnownValues): Hit[] => hitsOf(findDeep(text), text, path, known)

function hitsOf(finds: readonly DeepFind[], text: string, path: string, known: KnownValues): Hit[] {
  const hits = finds.map((find) => hitOf(find, path, known))
  const { numbers, words } = known.countIn(text)
  const seenNumbers = hits.filter(({ kind, isKnown }) => isKnown && NUMBERS.has(kind)).length
  if (words > 0 || numbers > seenNumbers) hits.push({ kind: 'known', path, view: '', isKnown: true, value: '' })
  return hits
}

const NUMBERS: ReadonlySet<string> = new Set(['phone', 'idNumber', 'card'])

function partsOf(text: string): string[] {
  const parts: string[] = []
  for (let from = 0; from < text.length; from += PART - OVERLAP) parts.push(text.slice(from, from + PART))
  return parts
}
