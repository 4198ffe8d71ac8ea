/**
 * Emails, permissively: a miss leaves a person in a file that must not hold one, a false hit costs a token. Around
 * each `@` the local part is read leftwards and the domain rightwards, so the work is linear in the text.
 */
import type { PiiSpan } from './kinds.ts'
import { isAlphanumeric } from './scan.ts'

const wordCharacter = /[\p{L}\p{M}\p{N}]/u
/** Kept inside a local part, trimmed from its start, where they are quotes, bullets or markup. RFC 5322 allows more
 * (`& / = ? { | }` and others), but those separate an email from its neighbours far more often. */
const inLocal = new Set([..."._'+-!#$~^%"].map((char) => char.charCodeAt(0)))
const inDomain = new Set([...'.-_'].map((char) => char.charCodeAt(0)))
/** package@1.2.3, action@v4, image@sha256: versions, not hosts. */
const versionLike = /^(?:v\d+(?:\.\d+)*|\d+(?:\.\d+)+-[\w.-]*|sha\d+)$/i
const pricedAmount = /^\d+x?@[A-Za-z]{1,3}\d+(?:\.\d+)?$/
const domainLiteral = /\[(?:IPv6:)?[0-9A-Fa-f:.]{3,45}\](?![0-9A-Za-z])/iy
/** NUL also stands for a token that is there already. */
const unquotable = /[\r\n\0]/
/** RFC 5321 allows 64 octets for a local part; a quoted one is looked for no further back. */
const LONGEST_QUOTED = 66

const AT = 64
const DOT = 46
const QUOTE = 34
const UNDERSCORE = 95

/** Appends every email of `text`; `width` gives the raw length of a character, to tell `\"` from `"`. */
export function pushEmails(text: string, spans: PiiSpan[], width: (at: number) => number): void {
  let floor = 0
  let end = 0
  // What was read as a domain in vain isn't read again: 1@1@1@1… stays linear.
  for (let at = text.indexOf('@'); at !== -1; at = text.indexOf('@', Math.max(at + 1, end))) {
    const spaced = isSpaced(text, at) ? spacedAround(text, at, floor) : undefined
    if (spaced) {
      spans.push({ kind: 'email', ...spaced, value: text.slice(spaced.start, spaced.end), bare: false })
      floor = end = spaced.end
      continue
    }
    const start = localStart(text, at, floor, width)
    if (start === at) continue
    end = domainEnd(text, at + 1)
    if (end === at + 1 || isNoEmail(text, start, at, end)) continue
    spans.push({ kind: 'email', start, end, value: text.slice(start, end), bare: false })
    floor = end
  }
}

const SPACE = 32
const isSpaced = (text: string, at: number): boolean =>
  text.charCodeAt(at - 1) === SPACE || text.charCodeAt(at + 1) === SPACE

/** `thabo @ example.co.za`: with a space or two, a host with a top-level domain, and no word such as `bought` before it. */
function spacedAround(text: string, at: number, floor: number): { start: number; end: number } | undefined {
  const before = localBefore.exec(text.slice(Math.max(floor, at - LONGEST_SPACED), at))?.[1]
  const after = hostAfter.exec(text.slice(at + 1, at + 1 + LONGEST_SPACED))?.[0]
  if (before === undefined || after === undefined || atPlaces.test(before)) return undefined
  const start = at - before.length
  return { start, end: at + 1 + after.length }
}

const LONGEST_SPACED = 80
const localBefore = /(?<![^\s"'(<[,;:=|>])([\p{L}\p{N}][\p{L}\p{N}._+-]* {0,2})$/u
const hostAfter = /^ {0,2}[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)*\.\p{L}{2,24}(?![\p{L}\p{N}@])/u
/** What stands before a place or a shop, in English and Afrikaans. */
const atPlaces =
  /^(?:is|was|it|its|me|us|we|them|all|items?|and|or|in|on|off|out|up|here|there|now|today|found|find|bought|buy|sold|sell|shop|shopping|order|orders|ordered|online|site|website|web|page|see|visit|check|look|available|live|hosted|paid|pay|cash|price|prices|deal|deals|special|sale|meet|meeting|office|store|stock|posted|listed|read|more|info|koop|gekoop|verkoop|webwerf|by|kyk|sien|betaal|\d+) {0,2}$/i

/** Where the local part that ends before `at` begins; `at` itself when there is none. */
function localStart(text: string, at: number, floor: number, width: (at: number) => number): number {
  if (text.charCodeAt(at - 1) === QUOTE) return quotedStart(text, at, floor, width)
  let start = at
  while (start > floor) {
    const size = wordSizeBefore(text, start)
    if (size === 0 && !isLocalMark(text.charCodeAt(start - 1))) break
    start -= size || 1
  }
  while (start < at && isLocalMark(text.charCodeAt(start)) && text.charCodeAt(start) !== UNDERSCORE) start++
  return start
}

function isLocalMark(code: number): boolean {
  return inLocal.has(code)
}

/**
 * `"john doe"@example.com`. Both quotes must be escaped alike, else one of them is the JSON's own, and a word must
 * follow the first, else it closes one JSON string while the other opens the next: `"a", "@b"`.
 */
function quotedStart(text: string, at: number, floor: number, width: (at: number) => number): number {
  const open = text.lastIndexOf('"', at - 2)
  const content = at - 2 - open
  const fits = open >= floor && content > 0 && at - open <= LONGEST_QUOTED && wordSizeAfter(text, open + 1) > 0
  return fits && width(open) === width(at - 1) && !unquotable.test(text.slice(open, at)) ? open : at
}

/** Where the domain that begins at `from` ends; `from` itself when there is none. Takes a@b@c as one. */
function domainEnd(text: string, from: number): number {
  domainLiteral.lastIndex = from
  if (domainLiteral.test(text)) return domainLiteral.lastIndex
  let end = from
  while (end < text.length) {
    const size = wordSizeAfter(text, end)
    const code = text.charCodeAt(end)
    if (size === 0 && !inDomain.has(code)) break
    if (code === DOT && text.charCodeAt(end + 1) === DOT) break
    end += size || 1
  }
  while (end > from && inDomain.has(text.charCodeAt(end - 1))) end--
  if (end === from || inDomain.has(text.charCodeAt(from))) return from
  return text.charCodeAt(end) === AT ? Math.max(end, beyondAt(text, end)) : end
}

/** The end of a second domain after `at`, iterating so that a@b@c@d… can't exhaust the stack. */
function beyondAt(text: string, at: number): number {
  let end = at + 1
  let last = at
  for (; end < text.length; end++) {
    const size = wordSizeAfter(text, end)
    const code = text.charCodeAt(end)
    if (size === 0 && code !== AT && !inDomain.has(code)) break
    if (code === DOT && text.charCodeAt(end + 1) === DOT) break
    if (size > 1) end++
    if (size > 0) last = end + 1
  }
  return last
}

function isNoEmail(text: string, start: number, at: number, end: number): boolean {
  const domain = text.slice(at + 1, end)
  if (domain.startsWith('[')) return false
  return !/\p{L}/u.test(domain) || versionLike.test(domain) || pricedAmount.test(text.slice(start, end))
}

/** Code units (0, 1 or 2) of the letter, mark or digit that ends before `at`. */
function wordSizeBefore(text: string, at: number): number {
  const code = text.charCodeAt(at - 1)
  if (code < 128) return isAlphanumeric(code) ? 1 : 0
  if (code >= 0xdc00 && code <= 0xdfff && at > 1) return wordCharacter.test(text.slice(at - 2, at)) ? 2 : 0
  return wordCharacter.test(text.charAt(at - 1)) ? 1 : 0
}

/** Code units (0, 1 or 2) of the letter, mark or digit that begins at `at`. */
function wordSizeAfter(text: string, at: number): number {
  const code = text.charCodeAt(at)
  if (code < 128) return isAlphanumeric(code) ? 1 : 0
  const size = code >= 0xd800 && code <= 0xdbff ? 2 : 1
  return wordCharacter.test(text.slice(at, at + size)) ? size : 0
}
