/** Numbers that stand bare in valid JSON, where a token must bring its own quotes. */
import type { PiiSpan } from './kinds.ts'

const partOfNumber = /[-+.0-9eE]/
const BACKSLASH = 92

/**
 * Marks the spans that are JSON numbers, widened to the whole number (its minus sign). The text is parsed only when
 * a span lies outside every string.
 */
export function bareNumbers(text: string, spans: PiiSpan[]): PiiSpan[] {
  const outside = outsideStrings(text, spans)
  if (outside.size === 0 || !isJson(text)) return spans
  const widened: PiiSpan[] = []
  for (const span of spans) {
    const found = outside.has(span) ? wholeNumber(text, span) : span
    if (found.start >= (widened.at(-1)?.end ?? 0)) widened.push(found)
  }
  return widened
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** The spans that begin outside of JSON strings and stand alone there, should the text be JSON. */
function outsideStrings(text: string, spans: readonly PiiSpan[]): Set<PiiSpan> {
  const outside = new Set<PiiSpan>()
  let open = text.indexOf('"')
  let close = open === -1 ? -1 : stringEnd(text, open)
  let floor = 0
  for (const span of spans) {
    while (open !== -1 && close < span.start) {
      open = text.indexOf('"', close + 1)
      close = open === -1 ? -1 : stringEnd(text, open)
    }
    if ((open === -1 || span.start < open) && standsAlone(text, span, floor)) outside.add(span)
    floor = span.end
  }
  return outside
}

/**
 * Nothing but the rest of a number and white space between the span and the JSON around it: a cheap no for plain text.
 * Reads no further back than `floor`, the span before, so that many spans stay linear.
 */
function standsAlone(text: string, { start, end }: PiiSpan, floor: number): boolean {
  let before = start - 1
  while (before >= floor && partOfNumber.test(text.charAt(before))) before--
  while (before >= floor && isSpace(text, before)) before--
  // How a column of floating point writes a whole number (numbers.ts).
  let after = text.startsWith('.0', end) ? end + 2 : end
  while (after < text.length && isSpace(text, after)) after++
  return (
    (before < 0 || ':[,'.includes(text.charAt(before))) && (after >= text.length || ',]}'.includes(text.charAt(after)))
  )
}

function isSpace(text: string, at: number): boolean {
  return ' \n\r\t'.includes(text.charAt(at))
}

/** The quote that closes the string opened at `open`, or the text's end. */
function stringEnd(text: string, open: number): number {
  for (let at = text.indexOf('"', open + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let escapes = at
    while (text.charCodeAt(escapes - 1) === BACKSLASH) escapes--
    if ((at - escapes) % 2 === 0) return at
  }
  return text.length
}

function wholeNumber(text: string, span: PiiSpan): PiiSpan {
  let { start, end } = span
  while (start > 0 && partOfNumber.test(text.charAt(start - 1))) start--
  while (end < text.length && partOfNumber.test(text.charAt(end))) end++
  return { ...span, start, end, bare: true }
}
