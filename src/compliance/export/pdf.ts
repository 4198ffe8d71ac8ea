// The export as a PDF, page by page. The built-in fonts know Western European letters; others appear as their code points.
import PDFDocument from 'pdfkit'
import type { ExportEvent, Head, TableHead } from './export.ts'
import { addressLine, NO_RECIPIENT, RECIPIENTS, textOf, titleOf } from './html.ts'
import { recipientLine } from './recipients.ts'
import type { Shown } from './shown.ts'

type Doc = InstanceType<typeof PDFDocument>

const MARGIN = 48
/** Until somebody takes what is ready, no more is written. */
const MOST_WAITING = 1 << 20

/** The bytes of the file, as they come. */
export async function* pdfOf(events: Iterable<ExportEvent>): AsyncGenerator<Uint8Array> {
  const doc = new PDFDocument({
    size: 'A4',
    margin: MARGIN,
    info: { Title: titleOf(), Creator: 'gogga' },
    lang: 'en',
    displayTitle: true,
  })
  let columns: readonly string[] = []
  for (const event of events) {
    columns = event.type === 'table' ? event.table.columns.map(({ name }) => name) : columns
    write(doc, event, columns)
    if (event.type !== 'turn' && doc.readableLength < MOST_WAITING) continue
    yield* taken(doc)
    await new Promise((resolve) => setImmediate(resolve))
  }
  doc.end()
  yield* doc
}

function* taken(doc: Doc): Generator<Uint8Array> {
  for (let part = doc.read(); part !== null; part = doc.read()) yield part as Uint8Array
}

function write(doc: Doc, event: ExportEvent, columns: readonly string[]): void {
  if (event.type === 'head') writeHead(doc, event.head)
  else if (event.type === 'table') writeTable(doc, event.table)
  else if (event.type === 'row') writeRow(doc, event.row, columns)
  else if (event.type === 'table-end') {
    const words = event.rows === 0 ? 'Nothing about you is in this table.' : `${event.rows} row(s).`
    body(doc, words, { gap: 6 })
  } else if (event.type === 'end') {
    heading(doc, 'Tables without anything of people')
    for (const { file, table, about } of event.untouched) body(doc, `${file}, ${table}: ${about}`)
  }
}

function writeHead(doc: Doc, { law, madeAt, subject, notes, recipients }: Head): void {
  doc.font('Helvetica-Bold').fontSize(18).text(titleOf()).moveDown(0.5)
  const kind = subject.isAdministrator ? `${subject.kind}, administrator` : subject.kind
  for (const line of [
    `Under: ${law}`,
    `Made at: ${madeAt}`,
    `Subject id: ${subject.ids.join(', ')}`,
    `Kind: ${kind}`,
    `Email: ${subject.email ?? '-'}`,
    `Addresses: ${subject.addresses.map(addressLine).join('; ') || '-'}`,
    ...notes,
    'Letters that this file has no font for are written as their code points, such as \\u{1F600}.',
  ])
    body(doc, line, { gap: 2 })
  heading(doc, RECIPIENTS)
  for (const line of recipients.length > 0 ? recipients.map(recipientLine) : [NO_RECIPIENT]) body(doc, line)
}

function writeTable(doc: Doc, table: TableHead): void {
  heading(doc, table.isAccess ? 'Who had access' : `${table.file}: ${table.table}`)
  body(doc, table.about)
  for (const line of [
    `Source: ${table.file}, table ${table.table}`,
    `Why it is kept: ${table.why}`,
    `Ground: ${table.ground}`,
    `Purposes: ${table.purposes.join(', ') || '-'}`,
    `How long: ${table.retention}`,
    `Yours because ${table.through.join('; ')}`,
    `Columns: ${table.columns.map(({ name, about }) => `${name} (${about.replace(/\.$/, '')})`).join(', ')}`,
  ])
    body(doc, line, { size: 8, colour: '#444444' })
}

function writeRow(doc: Doc, row: Readonly<Record<string, Shown>>, columns: readonly string[]): void {
  const cells = columns.filter((name) => row[name] !== null).map((name) => `${name}: ${textOf(row[name])}`)
  body(doc, cells.join('  |  '), { size: 8, gap: 3 })
}

function heading(doc: Doc, words: string): void {
  if (doc.y > doc.page.height - 3 * MARGIN) doc.addPage()
  doc.moveDown(0.8).font('Helvetica-Bold').fontSize(12).fillColor('#000000').text(winAnsi(words)).moveDown(0.2)
}

interface Look {
  readonly size?: number
  readonly gap?: number
  readonly colour?: string
}

function body(doc: Doc, words: string, { size = 9, gap = 1, colour = '#000000' }: Look = {}): void {
  if (words === '') return
  doc.font('Helvetica').fontSize(size).fillColor(colour).text(winAnsi(words), { paragraphGap: gap })
}

/** Latin-1 and the few more that the fonts have. */
const winAnsi = (text: string): string =>
  [...text.toWellFormed()].map((character) => (KNOWN.test(character) ? character : codeOf(character))).join('')

const KNOWN = /^[\n\x20-\x7e\u00a0-\u00ff\u2013\u2014\u2018\u2019\u201c\u201d\u2022\u2026\u20ac]$/
const codeOf = (character: string): string => `\\u{${(character.codePointAt(0) ?? 0).toString(16).toUpperCase()}}`
