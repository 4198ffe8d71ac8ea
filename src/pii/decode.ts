/**
 * Seeing through escapes. Free text may be JSON, JSON inside a JSON string, the first half of either, or a URL. A view
 * is the text as a person would read it, with the way back: which raw offset each of its characters began at.
 */

/** `starts[i]` is the raw offset of the view's character i; one more entry gives the raw length. No starts: raw. */
export interface View {
  text: string
  starts: Int32Array | undefined
}

/** JSON in JSON in JSON; deeper nesting isn't written by anything known, and each level costs a pass. */
const LEVELS = 3

// \' is no JSON escape, but common in text that JavaScript or Python printed.
const escapes =
  /\\(?:u[0-9a-fA-F]{4}|["\\/'bfnrt])|%(?:[2-7][0-9a-fA-F]|0[09aAdD]|[c-fC-F][0-9a-fA-F](?:%[89abAB][0-9a-fA-F]){1,3})/g
const short: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }

/** The view of a text with its JSON escapes and percent-encoding undone, repeatedly while that changes something. */
export function decode(raw: string): View {
  let view: View = { text: raw, starts: undefined }
  for (let level = 0; level < LEVELS; level++) {
    const next = decodeOnce(view)
    if (next === undefined) return view
    view = next
  }
  return view
}

/** Undoes one level; undefined when there was nothing to undo. */
function decodeOnce({ text, starts }: View): View | undefined {
  escapes.lastIndex = 0
  let found = escapes.exec(text)
  if (found === null) return undefined
  const into = new Int32Array(text.length + 1)
  const parts: string[] = []
  let length = 0
  let from = 0
  const keep = (upTo: number) => {
    parts.push(text.slice(from, upTo))
    for (let at = from; at < upTo; at++) into[length++] = starts?.[at] ?? at
    from = upTo
  }
  for (; found !== null; found = escapes.exec(text)) {
    const char = characterOf(found[0])
    if (char === undefined) continue
    keep(found.index)
    parts.push(char)
    for (let unit = 0; unit < char.length; unit++) into[length++] = starts?.[found.index] ?? found.index
    from = found.index + found[0].length
  }
  keep(text.length)
  into[length] = starts?.[text.length] ?? text.length
  return { text: parts.join(''), starts: into.subarray(0, length + 1) }
}

/** The character an escape stands for; undefined when a percent sequence isn't UTF-8. */
function characterOf(sequence: string): string | undefined {
  if (sequence.startsWith('%')) return percentDecoded(sequence)
  const letter = sequence.charAt(1)
  if (letter === 'u' && sequence.length === 6) return String.fromCharCode(Number.parseInt(sequence.slice(2), 16))
  return short[letter] ?? letter
}

function percentDecoded(sequence: string): string | undefined {
  try {
    return decodeURIComponent(sequence)
  } catch {
    return undefined
  }
}
