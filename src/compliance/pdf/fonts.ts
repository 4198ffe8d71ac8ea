// Letters as they are drawn. The fonts are embedded, cut down to what is used. Laying out words through the font library takes
// 100 µs each and keeps all of them; letters that stand alone are therefore looked up once each, and only words whose letters
// shape one another go that way.
import { fileURLToPath } from 'node:url'
import type PDFDocument from 'pdfkit'
import { isShaped, visible } from './letters.ts'

export type Doc = InstanceType<typeof PDFDocument>
export type FontName = 'plain' | 'bold'

const FILES: Readonly<Record<FontName, string>> = {
  plain: 'dejavu-fonts-ttf/ttf/DejaVuSansCondensed.ttf',
  bold: 'dejavu-fonts-ttf/ttf/DejaVuSansCondensed-Bold.ttf',
}

/** What pdfkit's embedded fonts have; its types leave it out. */
interface Embedded {
  readonly id: string
  encode(text: string): readonly [glyphs: readonly string[], positions: readonly { readonly advanceWidth: number }[]]
}

interface Letter {
  readonly glyphs: string
  /** Thousandths of the size. */
  readonly width: number
  readonly isMissing: boolean
}

export interface Font {
  readonly name: FontName
  /** As the page's resources name it. */
  readonly id: string
  /** As `visible` in letters.ts. */
  visible(text: string): string
  /** In points. */
  widthOf(text: string, size: number): number
  /** Hexadecimal glyphs of a text no letter of which is shaped. */
  glyphsOf(text: string): string
}

export function fontsOf(doc: Doc): Readonly<Record<FontName, Font>> {
  for (const [name, path] of Object.entries(FILES)) doc.registerFont(name, fileURLToPath(import.meta.resolve(path)))
  return { plain: fontOf(doc, 'plain'), bold: fontOf(doc, 'bold') }
}

function fontOf(doc: Doc, name: FontName): Font {
  const { _font: embedded } = doc.font(name) as unknown as { readonly _font: Embedded }
  const letters = new Map<string, Letter>()
  const letterOf = (letter: string): Letter => {
    const known = letters.get(letter)
    if (known) return known
    const [glyphs, positions] = embedded.encode(letter)
    const width = positions.reduce((sum, { advanceWidth }) => sum + advanceWidth, 0)
    const found = { glyphs: glyphs.join(''), width, isMissing: glyphs.includes('0000') }
    letters.set(letter, found)
    return found
  }
  return {
    name,
    id: embedded.id,
    visible: (text) => visible(text, (letter) => !letterOf(letter).isMissing),
    widthOf(text, size) {
      if (isShaped(text)) return doc.font(name).fontSize(size).widthOfString(text)
      let width = 0
      for (const letter of text) width += letterOf(letter).width
      return (width * size) / 1_000
    },
    glyphsOf(text) {
      let glyphs = ''
      for (const letter of text) glyphs += letterOf(letter).glyphs
      return glyphs
    },
  }
}
