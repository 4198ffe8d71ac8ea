// The export as a PDF, page by page.
import { momentText } from '../moments.ts'
import { type Cell, FAINT, Paper } from '../pdf/paper.ts'
import type { ExportEvent, Head, TableHead } from './export.ts'
import { addressLine, textOf, titleOf } from './html.ts'
import {
  EMPTY_TITLE,
  type ReadableEnd,
  type ReadableEvent,
  rowsWords,
  UNTOUCHED_TITLE,
  withoutEmpty,
} from './readable.ts'
import type { Shown } from './shown.ts'

/** Until somebody takes what is ready, no more is written. */
const MOST_WAITING = 1 << 20

/** The bytes of the file, as they come. */
export async function* pdfOf(events: Iterable<ExportEvent>): AsyncGenerator<Uint8Array> {
  let paper: Paper | undefined
  let columns: readonly string[] = []
  for (const event of withoutEmpty(events)) {
    if (event.type === 'head') paper = paperFor(event.head)
    if (!paper) throw new Error('Expected the head of an export first')
    columns = event.type === 'table' ? event.table.columns.map(({ name }) => name) : columns
    write(paper, event, columns)
    if (event.type !== 'turn' && paper.doc.readableLength < MOST_WAITING) continue
    yield* taken(paper)
    await new Promise((resolve) => setImmediate(resolve))
  }
  if (!paper) return
  paper.end()
  yield* paper.doc
}

function* taken({ doc }: Paper): Generator<Uint8Array> {
  for (let part = doc.read(); part !== null; part = doc.read()) yield part as Uint8Array
}

const paperFor = ({ madeAt, subject }: Head): Paper =>
  new Paper({
    title: titleOf(),
    foot: `${titleOf()}. Subject id ${subject.ids[0] ?? ''}. Made at ${momentText(madeAt)}`,
    madeAt: new Date(madeAt),
  })

function write(paper: Paper, event: ReadableEvent, columns: readonly string[]): void {
  if (event.type === 'head') writeHead(paper, event.head)
  else if (event.type === 'table') writeTable(paper, event.table)
  else if (event.type === 'row') paper.record(cellsOf(event.row, columns))
  else if (event.type === 'table-end') paper.text(rowsWords(event.rows), { size: 8, colour: FAINT })
  else if (event.type === 'end') writeEnd(paper, event)
}

const CODES =
  'A letter that this file has no font for, or that nobody would see, stands as its code point, such as [U+1F600]. Empty cells are left out.'

function writeHead(paper: Paper, { law, madeAt, subject, notes }: Head): void {
  paper.facts([
    { term: 'Under', words: law },
    { term: 'Made at', words: momentText(madeAt) },
    { term: 'Subject id', words: subject.ids.join(', ') },
    { term: 'Kind', words: subject.isAdministrator ? `${subject.kind}, administrator` : subject.kind },
    { term: 'Email', words: subject.email ?? '–' },
    { term: 'Addresses', words: subject.addresses.map(addressLine).join('\n') || '–' },
  ])
  for (const note of [...notes, CODES]) paper.item(note, { size: 8.5 })
}

function writeTable(paper: Paper, table: TableHead): void {
  paper.heading(table.isAccess ? 'Who had access' : `${table.file}: ${table.table}`, 210)
  paper.text(table.about, { size: 9, gap: 3 })
  paper.facts(
    [
      { term: 'Source', words: `${table.file}, table ${table.table}` },
      { term: 'Why it is kept', words: table.why },
      { term: 'Ground', words: table.ground },
      { term: 'Purposes', words: table.purposes.join(', ') || '–' },
      { term: 'How long', words: table.retention },
      { term: 'Yours because', words: table.through.join('; ') },
      {
        term: 'Columns',
        words: table.columns.map(({ name, about }) => `${name}: ${about.replace(/\.$/, '')}`).join('; '),
      },
    ],
    { size: 8 },
  )
}

/** Empty ones are left out. */
const cellsOf = (row: Readonly<Record<string, Shown>>, columns: readonly string[]): readonly Cell[] =>
  columns.filter((name) => row[name] !== null).map((name) => ({ term: name, words: textOf(row[name]) }))

function writeEnd(paper: Paper, { untouched, empty, rows }: ReadableEnd): void {
  paper.heading(EMPTY_TITLE)
  for (const { file, table, about } of empty) paper.item(`${file}, ${table}: ${about}`, { size: 8.5 })
  paper.heading(UNTOUCHED_TITLE)
  for (const { file, table, about } of untouched) paper.item(`${file}, ${table}: ${about}`, { size: 8.5 })
  paper.heading('End')
  paper.text(`${rows.toLocaleString('en')} rows in all, on ${paper.pages} pages, of which this is the last.`)
}
