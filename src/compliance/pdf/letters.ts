// What letters a page can show, and in which order. Nothing vanishes: what a font lacks, and what nobody would see, appears as
// its code point.

/** Right-to-left scripts, with the marks on their letters. */
const RTL = '\\p{Script=Hebrew}\\p{Script=Arabic}\\p{Script=Syriac}\\p{Script=Thaana}\\p{Script=Nko}\\p{Script=Adlam}'
const RTL_RUNS = new RegExp(`[${RTL}][${RTL}\\p{M}]*`, 'gu')
const RTL_LETTER = new RegExp(`[${RTL}]`, 'u')
/** Letters that take their shape or place from their neighbours. */
const SHAPED = new RegExp(`[${RTL}\\p{M}\\p{Script=Lao}]`, 'u')
/** Controls, invisible and directing signs, unassigned and private ones. */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u

export const isShaped = (text: string): boolean => SHAPED.test(text)

/** `[U+1F600]` */
export const codeOf = (letter: string): string =>
  `[U+${(letter.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`

/** Line ends stay, tabs become spaces; a space of any width becomes one that can be seen to be there. */
export function visible(text: string, hasLetter: (letter: string) => boolean): string {
  if (PLAIN.test(text)) return text
  const lines = text.replace(/\r\n?/g, '\n').replaceAll('\t', '    ')
  return [...lines].map((letter) => shownAs(letter, hasLetter)).join('')
}

const PLAIN = /^[\n\x20-\x7e]*$/

function shownAs(letter: string, hasLetter: (letter: string) => boolean): string {
  if (letter === '\n' || letter === ' ') return letter
  if (/\p{Zs}/u.test(letter)) return ' '
  return UNSEEN.test(letter) || !hasLetter(letter) ? codeOf(letter) : letter
}

/**
 * A line in parts from left to right: a part of a right-to-left script is one word of it, to be drawn by itself, and words of
 * such scripts that follow each other stand in the order in which they are read.
 */
export function inVisualOrder(line: string): readonly string[] {
  const parts: string[] = []
  let at = 0
  for (const { index, 0: word } of line.matchAll(RTL_RUNS)) {
    parts.push(...between(line.slice(at, index)), word)
    at = index + word.length
  }
  parts.push(...between(line.slice(at)))
  return reordered(parts)
}

/** Numbers keep their order inside of what is turned round. */
const between = (text: string): readonly string[] => text.match(/\d[\d.,:/-]*\d|\d|[^\d]+/g) ?? []

function reordered(parts: readonly string[]): readonly string[] {
  const ordered: string[] = []
  for (let at = 0; at < parts.length; ) {
    const end = RTL_LETTER.test(parts[at] ?? '') ? endOfRun(parts, at) : at + 1
    ordered.push(...parts.slice(at, end).reverse())
    at = end
  }
  return ordered
}

/** Past the last right-to-left word that is reached without a letter of another script between. */
function endOfRun(parts: readonly string[], start: number): number {
  let end = start + 1
  for (let at = end; at < parts.length; at += 1) {
    const part = parts[at] ?? ''
    if (RTL_LETTER.test(part)) end = at + 1
    else if (/\p{L}/u.test(part)) return end
  }
  return end
}
