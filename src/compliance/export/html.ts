// The export as a page to read and print.
import { escapeHtml, listOf, PAGE_END, pageStart, recordOf, rowOf, tableOf, tableStart } from '../html.ts'
import { momentText } from '../moments.ts'
import type { ExportEvent, Head, TableHead, Untouched } from './export.ts'
import { EMPTY_TITLE, type ReadableEnd, rowsWords, UNTOUCHED_TITLE, withoutEmpty } from './readable.ts'
import type { Shown } from './shown.ts'

export function* htmlOf(events: Iterable<ExportEvent>): Generator<string> {
  let columns: readonly string[] = []
  for (const event of withoutEmpty(events)) {
    if (event.type === 'head') yield headOf(event.head)
    else if (event.type === 'table') {
      columns = event.table.columns.map(({ name }) => name)
      yield startOf(event.table)
    } else if (event.type === 'row')
      yield isWide(columns) ? recordFor(event.row, columns) : cellsFor(event.row, columns)
    else if (event.type === 'table-end')
      yield `${isWide(columns) ? '' : '</tbody></table>\n'}<p>${rowsWords(event.rows)}</p>\n`
    else if (event.type === 'end') yield endOf(event)
    else yield ''
  }
}

type Row = Readonly<Record<string, Shown>>

/** More columns than a page shows beside each other. */
const isWide = ({ length }: readonly unknown[]): boolean => length > 8

const cellsFor = (row: Row, columns: readonly string[]): string => rowOf(columns.map((name) => textOf(row[name])))

const recordFor = (row: Row, columns: readonly string[]): string =>
  recordOf(columns.map((name) => [name, textOf(row[name])]))

/** A cell in words. */
export function textOf(value: Shown | undefined): string {
  if (value === null || value === undefined) return '–'
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  return typeof value === 'object' ? value.join(', ') : String(value)
}

/** `2026-01-01 … until 2026-02-01` */
export const addressLine = ({ address, since, until }: Head['subject']['addresses'][number]): string =>
  [address, since && `since ${since}`, until && `until ${until}`].filter(Boolean).join(', ')

export const titleOf = (): string => 'What is held about you'

function headOf({ law, madeAt, subject, notes }: Head): string {
  const facts = listOf([
    ['Under', law],
    ['Made at', momentText(madeAt)],
    ['Subject id', subject.ids.join(', ')],
    ['Kind', subject.isAdministrator ? `${subject.kind}, administrator` : subject.kind],
    ['Email', subject.email ?? '–'],
    ['Addresses', subject.addresses.map(addressLine).join('; ') || '–'],
  ])
  return `${pageStart(titleOf())}${facts}<ul>${notes.map((note) => `<li>${escapeHtml(note)}</li>`).join('')}</ul>\n`
}

function startOf(table: TableHead): string {
  const title = table.isAccess ? 'Who had access' : `${table.file}: ${table.table}`
  const facts = listOf([
    ['Source', `${table.file}, table ${table.table}`],
    ['Why it is kept', table.why],
    ['Ground', table.ground],
    ['Purposes', table.purposes.join(', ') || '–'],
    ['How long', table.retention],
    ['Yours because', table.through.join('; ')],
  ])
  const meanings = listOf(table.columns.map(({ name, about }) => [name, about]))
  return (
    `<h2>${escapeHtml(title)}</h2>\n<p>${escapeHtml(table.about)}</p>\n${facts}` +
    `<details open><summary>What the columns mean</summary>${meanings}</details>\n` +
    (isWide(table.columns) ? '' : tableStart(table.columns.map(({ name }) => name)))
  )
}

const endOf = ({ empty, untouched, rows }: ReadableEnd): string =>
  `${listed(EMPTY_TITLE, empty)}${listed(UNTOUCHED_TITLE, untouched)}<p>${rowsWords(rows)}</p>\n${PAGE_END}`

const listed = (title: string, tables: readonly Untouched[]): string =>
  `<h2>${escapeHtml(title)}</h2>\n${tableOf(
    ['file', 'table', 'what it holds'],
    tables.map(({ file, table, about }) => [file, table, about]),
  )}`
