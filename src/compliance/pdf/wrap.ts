// Words in lines.
import type { Font } from './fonts.ts'

/** Lines that fit in so many points; a word that does not is broken between letters. Nothing is left out but spaces at a break. */
export function linesOf(text: string, font: Font, size: number, width: number): readonly string[] {
  return font
    .visible(text)
    .split('\n')
    .flatMap((paragraph) => wrapped(paragraph, font, size, width))
}

function wrapped(paragraph: string, font: Font, size: number, width: number): readonly string[] {
  if (font.widthOf(paragraph, size) <= width) return [paragraph]
  const lines: string[] = []
  let [line, used] = ['', 0]
  for (const word of paragraph.split(/(?<= )(?! )/)) {
    // A space at the end of a line may stand out.
    const [length, bare] = [font.widthOf(word, size), font.widthOf(word.trimEnd(), size)]
    if (used + bare <= width) {
      line += word
      used += length
      continue
    }
    if (line !== '') lines.push(line.trimEnd())
    const pieces = bare <= width ? [word] : broken(word, font, size, width)
    lines.push(...pieces.slice(0, -1))
    line = pieces.at(-1) ?? ''
    used = font.widthOf(line, size)
  }
  return [...lines, line.trimEnd()]
}

const SEGMENTER = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** Between letters with their marks. */
function broken(word: string, font: Font, size: number, width: number): readonly string[] {
  const pieces: string[] = []
  let [piece, used] = ['', 0]
  for (const { segment } of SEGMENTER.segment(word)) {
    const length = font.widthOf(segment, size)
    if (used + length > width && piece !== '') {
      pieces.push(piece)
      ;[piece, used] = ['', 0]
    }
    piece += segment
    used += length
  }
  return [...pieces, piece]
}
