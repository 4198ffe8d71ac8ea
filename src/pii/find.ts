/**
 * Finds personal information in free text: valid JSON, broken JSON and plain text alike. A first pass (scan.ts) sends
 * most texts back at once. The others are searched in a view with their escapes undone (decode.ts), kind by kind;
 * the spans found there are carried back to the raw text.
 */
import { bareNumbers } from './bare.ts'
import { decode, type View } from './decode.ts'
import { pushEmails } from './emails.ts'
import { pushIbans } from './ibans.ts'
import { pushIpv4, pushIpv6 } from './ips.ts'
import type { PiiKind, PiiSpan } from './kinds.ts'
import { pushNumbers } from './numbers.ts'
import { EMAIL, ESCAPE, HIDDEN, IBAN, IPV4, IPV6, isAlphanumeric, marksOf, NUMBER } from './scan.ts'
import { withoutTokens } from './tokens.ts'

export type { PiiKind, PiiSpan } from './kinds.ts'

/** Of two overlapping spans of the same length the kind that stands further left here wins. */
const specific: readonly PiiKind[] = ['email', 'iban', 'idNumber', 'card', 'ip', 'phone']
const ALL = EMAIL | NUMBER | IPV4 | IPV6 | IBAN
/** What one value hides from another is found by looking again without the first; twice is enough for real text. */
const LOOKS = 3

/** Every piece of personal information in a text, ascending, not overlapping. Tokens in the text are left alone. */
export function findPii(text: string): PiiSpan[] {
  const marks = marksOf(text)
  if ((marks & ~ESCAPE) === 0) return []
  const spans = search(text, marks, ALL)
  return spans.some((span) => span.kind !== 'email' && span.kind !== 'ip') ? bareNumbers(text, spans) : spans
}

/** Emails only: for codes and external ids, where digits are legitimate. */
export function findEmails(text: string): PiiSpan[] {
  const marks = marksOf(text) & (EMAIL | ESCAPE | HIDDEN)
  return (marks & ~ESCAPE) === 0 ? [] : search(text, marks, EMAIL)
}

/** Searches, then looks again where a span touches something that it may have hidden. */
function search(text: string, marks: number, wanted: number): PiiSpan[] {
  let rest = withoutTokens(text)
  let spans = look(rest, marks, wanted)
  for (let looks = 1; looks < LOOKS && spans.some((span) => isCrowded(rest, span)); looks++) {
    rest = blanked(rest, spans)
    const more = look(rest, marks, wanted)
    if (more.length === 0) break
    spans = [...spans, ...more].sort((a, b) => a.start - b.start)
  }
  return spans
}

function look(raw: string, rawMarks: number, wanted: number): PiiSpan[] {
  const view: View = rawMarks & (ESCAPE | HIDDEN) ? decode(raw) : { text: raw, starts: undefined }
  const { text, starts } = view
  const marks = (starts === undefined ? rawMarks : marksOf(text)) & wanted
  const spans: PiiSpan[] = []
  if (marks & EMAIL) pushEmails(text, spans, widthIn(view))
  if (marks & IPV6) pushIpv6(text, spans)
  if (marks & IPV4) pushIpv4(text, spans)
  if (marks & IBAN) pushIbans(text, spans)
  if (marks & NUMBER) pushNumbers(text, spans)
  const kept = spans.length > 1 ? withoutOverlaps(spans) : spans
  if (starts === undefined) return kept
  return kept.map((span) => ({ ...span, start: starts[span.start] ?? 0, end: starts[span.end] ?? raw.length }))
}

/** Raw code units of a view's character: 1, or the length of its escape. */
function widthIn({ starts }: View): (at: number) => number {
  return (at) => (starts === undefined ? 1 : (starts[at + 1] ?? 0) - (starts[at] ?? 0))
}

/** The longest of spans that overlap; equally long, the more specific. Ascending. */
function withoutOverlaps(spans: PiiSpan[]): PiiSpan[] {
  spans.sort((a, b) => a.start - b.start || b.end - a.end)
  const kept: PiiSpan[] = []
  for (const span of spans) {
    const last = kept.at(-1)
    if (last === undefined || span.start >= last.end) kept.push(span)
    else if (isBetter(span, last)) kept[kept.length - 1] = span
  }
  return kept
}

function isBetter(a: PiiSpan, b: PiiSpan): boolean {
  const longer = a.end - a.start - (b.end - b.start)
  return longer > 0 || (longer === 0 && specific.indexOf(a.kind) < specific.indexOf(b.kind))
}

const joints = new Set([...'.:-@+%_'])

/** Whether a joint and a letter or digit follow or precede: 0821234567.0821234567 looks like one number. */
function isCrowded(text: string, { start, end }: PiiSpan): boolean {
  if (joints.has(text.charAt(start - 1)) && isAlphanumeric(text.charCodeAt(start - 2))) return true
  return joints.has(text.charAt(end)) && isAlphanumeric(text.charCodeAt(end + 1))
}

function blanked(text: string, spans: readonly PiiSpan[]): string {
  const parts: string[] = []
  let from = 0
  for (const { start, end } of spans) {
    parts.push(text.slice(from, start), '\0'.repeat(end - start))
    from = end
  }
  return parts.join('') + text.slice(from)
}

const OPAQUE = /^[\w-]*$/

/** Could be an id, a code or a token: no id has blanks, dots or signs. */
export const isOpaque = (text: string): boolean => OPAQUE.test(text)

/** In ids, codes and tokens, whose digits may be like somebody's number: emails in any case, the rest where it is no id. */
export const findInId = (text: string): PiiSpan[] => (isOpaque(text) ? findEmails(text) : findPii(text))
