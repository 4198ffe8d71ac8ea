/** Tokens stand in free text for values that were taken out of it; `reattach` undoes `detach` to the byte. */
import type { PiiSpan } from './kinds.ts'

const PREFIX = 'pii:'
/** A token may stand right before another, where the id must not take the next prefix for its own last letters. */
const tokens = /pii:([0-9a-z]{16,40}?)(?=pii:[0-9a-z]{16}|(?![0-9a-z]))/g
const LETTERS_OF_PREFIX = 'pii'

/** The token of a detached value; the id is lower-case [0-9a-z], 16 to 40 long. */
export const piiToken = (id: string): string => PREFIX + id

/** The text with tokens blanked, as long as before, so that no search finds or splits one. */
export function withoutTokens(text: string): string {
  return text.includes(PREFIX) ? text.replace(tokens, (token) => '\0'.repeat(token.length)) : text
}

/**
 * Replaces each span by its token, in double quotes when the span is bare. `spans` come from findPii on the same text;
 * not a byte of the rest changes. `idOf` gets the raw text that the token stands for.
 */
export function detach<S extends Omit<PiiSpan, 'kind'>>(
  text: string,
  spans: readonly S[],
  idOf: (span: S, raw: string) => string,
): string {
  let detached = ''
  let from = 0
  for (const span of spans) {
    const token = piiToken(idOf(span, text.slice(span.start, span.end)))
    detached += text.slice(from, span.start) + (span.bare ? `"${token}"` : token)
    from = span.end
  }
  return detached + text.slice(from)
}

/** The inverse of detach: puts the raw text in the place of each known token, with its quotes when bare. */
export function reattach(text: string, rawOf: (id: string) => { raw: string; bare: boolean } | undefined): string {
  let attached = ''
  let from = 0
  for (const found of text.matchAll(tokens)) {
    if (found.index < from) continue
    const id = knownId(text, found, rawOf)
    const known = rawOf(id)
    if (known === undefined) continue
    const end = found.index + PREFIX.length + id.length
    const quotes = known.bare && found.index > from && text[found.index - 1] === '"' && text[end] === '"' ? 1 : 0
    attached += text.slice(from, found.index - quotes) + known.raw
    from = end + quotes
  }
  return attached + text.slice(from)
}

/** The id as matched, or with the letters after it when only that is known: an id may itself end in `pii`. */
function knownId(text: string, found: RegExpExecArray, rawOf: (id: string) => unknown): string {
  const id = found[1] ?? ''
  const isNext = text.startsWith(PREFIX, found.index + PREFIX.length + id.length)
  return isNext && rawOf(id) === undefined ? id + LETTERS_OF_PREFIX : id
}
