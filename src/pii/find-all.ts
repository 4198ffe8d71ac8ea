/**
 * Everything that a text holds of people, also behind encodings and look-alikes, as spans of what is written: what a file
 * that may hold nothing of them must not be given. Most texts are dismissed by one pass over their characters.
 */
import { findPii, isOpaque } from './find.ts'
import { hidingMarks } from './hiding-marks.ts'
import type { PiiSpan } from './kinds.ts'
import { isQuiet } from './quiet.ts'
import { withoutTokens } from './tokens.ts'
import { placesIn } from './views.ts'

/** What one value hides from another shows when the first is gone; twice is enough for real text. */
const LOOKS = 3

/** Ascending, not overlapping; tokens are left alone. An encoded run is one span, with the first value that it holds. */
export function findAll(text: string): PiiSpan[] {
  if (isQuiet(text)) return []
  const plain = findPii(text)
  if (hidingMarks(text) === 0) return plain
  let spans = plain
  for (let looks = 0; looks < LOOKS; looks++) {
    const more = placesIn(blanked(withoutTokens(text), looks === 0 ? [] : spans))
    if (more.length === 0) break
    spans = merged(text, [...spans, ...more])
  }
  return spans
}

/** The same in ids, codes and tokens, whose digits may be like somebody's number: emails in any case, the rest where it is no id. */
export function findAllInId(text: string): PiiSpan[] {
  if (!isOpaque(text)) return findAll(text)
  return mayEncode.test(text) ? findAll(text).filter(({ kind }) => kind === 'email') : []
}

/** The text with a star in the place of each of them: for messages and reports. */
export function masked(text: string): string {
  return findAll(text).reduceRight((left, { start, end }) => `${left.slice(0, start)}*${left.slice(end)}`, text)
}

/** An id alone can hold an email in base64, which has capitals, or in hex. */
const mayEncode = /[A-Z]|[0-9a-f]{10}/

/** Overlapping spans as one that covers them, with the value of the longest: what is only a part of it was seen by another view. */
function merged(text: string, spans: readonly PiiSpan[]): PiiSpan[] {
  const ordered = spans.toSorted((a, b) => a.start - b.start || b.end - a.end)
  const kept: PiiSpan[] = []
  for (const span of ordered) {
    const last = kept.at(-1)
    if (last === undefined || span.start >= last.end) kept.push(toWordEnd(text, span))
    else if (isQuotedRest(text, last, span)) kept[kept.length - 1] = span
    else if (span.end > last.end) kept[kept.length - 1] = toWordEnd(text, { ...last, end: span.end, bare: false })
  }
  return kept
}

/** `=20thabo@example.com`: the value begins behind what the encoding writes for a space. */
const isQuotedRest = (text: string, longer: PiiSpan, shorter: PiiSpan): boolean =>
  longer.kind === 'email' &&
  shorter.kind === 'email' &&
  text.charAt(longer.start - 1) === '=' &&
  shorter.start === longer.start + 2 &&
  shorter.end === longer.end

/** A token must not touch a letter or digit after it: these would be read as its own. */
function toWordEnd(text: string, span: PiiSpan): PiiSpan {
  let end = span.end
  while (/[0-9a-z]/.test(text.charAt(end))) end++
  return end === span.end ? span : { ...span, end }
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
