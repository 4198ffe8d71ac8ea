/**
 * A4 pages that are written from top to bottom and given away as they fill: titles, paragraphs, facts, records. A line is never
 * cut, a record only where it is longer than a page, and each page says what it belongs to and its number.
 */
import PDFDocument from 'pdfkit'
import { type Doc, type Font, type FontName, fontsOf } from './fonts.ts'
import { inVisualOrder, isShaped } from './letters.ts'
import { linesOf } from './wrap.ts'

export interface Style {
  readonly font?: FontName
  /** Points. */
  readonly size?: number
  readonly colour?: Colour
  /** Points below. */
  readonly gap?: number
}

/** `#rrggbb` */
export type Colour = `#${string}`

export interface Cell {
  readonly term: string
  readonly words: string
}

export const INK = '#17202a'
export const FAINT = '#4d5b66'
const RULE = '#c3cad1'

const SIZE = { width: 595.28, height: 841.89 }
const MARGIN = 44
const WIDTH = SIZE.width - 2 * MARGIN
const BOTTOM = SIZE.height - MARGIN - 14
/** Of a letter's size: from line to line, and from a line's top to where letters stand. */
const LEADING = 1.28
const RISE = 0.94
const COLUMNS = 4
const GUTTER = 8

export class Paper {
  readonly doc: Doc
  readonly #fonts: Readonly<Record<FontName, Font>>
  readonly #foot: string
  #y = MARGIN
  #pages = 1
  /** What the page gets next: few large pieces cost less than many small ones. */
  #ink: string[] = []

  /** `foot` stands below each page; `madeAt` is in the file's properties. */
  constructor({ title, foot, madeAt }: { readonly title: string; readonly foot: string; readonly madeAt: Date }) {
    this.doc = new PDFDocument({
      ...{ size: 'A4', margin: MARGIN, lang: 'en', displayTitle: true, fontLayoutCache: false },
      info: { Title: title, Creator: 'gogga-data', Producer: 'gogga-data', CreationDate: madeAt },
    })
    this.#fonts = fontsOf(this.doc)
    this.#foot = foot
    this.#drawFoot()
    this.#write(title, { font: 'bold', size: 18, gap: 6 })
  }

  get pages(): number {
    return this.#pages
  }

  /** Keeps what follows on the same page, so many points of it. */
  heading(words: string, below = 60): void {
    this.#y += 12
    this.#room(below)
    this.#write(words, { font: 'bold', size: 12, gap: 2 })
    this.#fill(MARGIN, this.#y, WIDTH, 0.7, RULE)
    this.#y += 5
  }

  text(words: string, style: Style = {}): void {
    this.#write(words, style)
  }

  /** A mark in the margin of the first line. */
  item(words: string, style: Style = {}): void {
    this.#room(leadingOf(style))
    this.#line('•', MARGIN, this.#y, { ...style, font: 'plain' })
    this.#write(words, style, MARGIN + 10)
  }

  /** Terms to the left, what they are to the right. */
  facts(facts: readonly Cell[], { size = 8.5, gap = 6 }: Style = {}): void {
    const style = { size, gap: 1.5 }
    const column = Math.max(...facts.map(({ term }) => this.#fonts.plain.widthOf(term, size))) + 12
    for (const { term, words } of facts) {
      this.#room(leadingOf(style))
      this.#line(this.#fonts.plain.visible(term), MARGIN, this.#y, { ...style, colour: FAINT })
      this.#write(words, style, MARGIN + column)
    }
    this.#y += gap
  }

  /** A row of a table: each cell's term above its words, as many beside each other as fit; a rule below. */
  record(cells: readonly Cell[]): void {
    const rows = this.#rowsOf(cells)
    const height = rows.reduce((sum, row) => sum + heightOf(row), 0) + 4
    if (height < BOTTOM - MARGIN) this.#room(height)
    for (const row of rows) this.#drawRow(row)
    this.#fill(MARGIN, this.#y, WIDTH, 0.4, RULE)
    this.#y += 4
  }

  space(points: number): void {
    this.#y += points
  }

  /** So many points without a break. */
  keep(points: number): void {
    this.#room(points)
  }

  /** The last of the bytes come out of `doc`. */
  end(): void {
    this.#dry()
    this.doc.end()
  }

  #rowsOf(cells: readonly Cell[]): readonly (readonly Placed[])[] {
    const rows: Placed[][] = []
    let column = COLUMNS
    for (const { term, words } of cells) {
      const span = this.#spanOf(words)
      if (column + span > COLUMNS) {
        rows.push([])
        column = 0
      }
      const width = span * ACROSS - GUTTER
      const lines = linesOf(words, this.#fonts.plain, VALUE.size, width)
      rows.at(-1)?.push({ term: this.#fonts.plain.visible(term), lines, x: MARGIN + column * ACROSS })
      column += span
    }
    return rows
  }

  /** A quarter of the line, half of it or all. */
  #spanOf(words: string): number {
    if (words.length > 400) return COLUMNS
    const width = this.#fonts.plain.widthOf(this.#fonts.plain.visible(words), VALUE.size)
    return [1, 2].find((span) => width <= span * ACROSS - GUTTER) ?? COLUMNS
  }

  #drawRow(row: readonly Placed[]): void {
    this.#room(leadingOf(TERM) + leadingOf(VALUE))
    for (const { term, x } of row) this.#line(term, x, this.#y, TERM)
    this.#y += leadingOf(TERM)
    const most = Math.max(...row.map(({ lines }) => lines.length))
    for (let at = 0; at < most; at += 1) {
      this.#room(leadingOf(VALUE))
      for (const { lines, x } of row) this.#line(lines[at] ?? '', x, this.#y, VALUE)
      this.#y += leadingOf(VALUE)
    }
    this.#y += 2
  }

  #write(words: string, style: Style, x = MARGIN): void {
    const { font = 'plain', size = 9, gap = 1.5 } = style
    for (const line of linesOf(words, this.#fonts[font], size, MARGIN + WIDTH - x)) {
      this.#room(leadingOf(style))
      this.#line(line, x, this.#y, style)
      this.#y += leadingOf(style)
    }
    this.#y += gap
  }

  /** Of letters that can be seen. */
  #line(line: string, x: number, y: number, { font: name = 'plain', size = 9, colour = INK }: Style): void {
    if (line === '') return
    const font = this.#fonts[name]
    if (!isShaped(line)) {
      const ink = `${inkOf(colour)} rg /${font.id} ${size} Tf 1 0 0 -1`
      this.#ink.push(`BT ${ink} ${x.toFixed(2)} ${(y + size * RISE).toFixed(2)} Tm <${font.glyphsOf(line)}> Tj ET`)
      return
    }
    let left = x
    for (const part of inVisualOrder(line)) {
      if (isShaped(part)) this.#shaped(part, left, y, { font: name, size, colour })
      else this.#line(part, left, y, { font: name, size, colour })
      left += font.widthOf(part, size)
    }
  }

  #shaped(part: string, x: number, y: number, { font, size, colour }: Required<Omit<Style, 'gap'>>): void {
    const options = { lineBreak: false, baseline: 'alphabetic' } as const
    this.doc
      .font(font)
      .fontSize(size)
      .fillColor(colour)
      .text(part, x, y + size * RISE, options)
  }

  #fill(x: number, y: number, width: number, height: number, colour: Colour): void {
    this.#ink.push(`${inkOf(colour)} rg ${x} ${y.toFixed(2)} ${width} ${height} re f`)
  }

  #room(height: number): void {
    if (this.#y + height <= BOTTOM) return
    this.#dry()
    this.doc.addPage()
    this.#pages += 1
    this.#drawFoot()
    this.#y = MARGIN
  }

  /** A space through pdfkit enters each font in the page's resources. */
  #drawFoot(): void {
    const style = { size: 7.5, colour: FAINT } as const
    const [y, number] = [SIZE.height - MARGIN - 7, `Page ${this.#pages}`]
    for (const name of ['plain', 'bold']) this.doc.font(name).text(' ', MARGIN, y, { lineBreak: false })
    this.#line(this.#fonts.plain.visible(this.#foot), MARGIN, y, style)
    const x = MARGIN + WIDTH - this.#fonts.bold.widthOf(number, style.size)
    this.#line(number, x, y, { ...style, font: 'bold' })
  }

  #dry(): void {
    if (this.#ink.length > 0) this.doc.addContent(this.#ink.join('\n'))
    this.#ink = []
  }
}

interface Placed {
  readonly term: string
  readonly lines: readonly string[]
  readonly x: number
}

const ACROSS = (WIDTH + GUTTER) / COLUMNS
const TERM = { size: 6.5, colour: FAINT } as const
const VALUE = { size: 8, colour: INK } as const

const leadingOf = ({ size = 9 }: Style): number => size * LEADING
const heightOf = (row: readonly Placed[]): number =>
  leadingOf(TERM) + Math.max(...row.map(({ lines }) => lines.length)) * leadingOf(VALUE) + 2

const INKS = new Map<Colour, string>()
function inkOf(colour: Colour): string {
  const known = INKS.get(colour)
  if (known !== undefined) return known
  const parts = [1, 3, 5].map((at) => (Number.parseInt(colour.slice(at, at + 2), 16) / 255).toFixed(3))
  INKS.set(colour, parts.join(' '))
  return parts.join(' ')
}
