// The export as a page to read and print.
import { escapeHtml, listOf, PAGE_END, pageStart, rowOf, tableOf } from '../html.ts'
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
    } else if (event.type === 'row') yield rowOf(columns.map((name) => textOf(event.row[name])))
    else if (event.type === 'table-end') yield `</tbody></table>\n<p>${rowsWords(event.rows)}</p>\n`
    else if (event.type === 'end') yield endOf(event)
    else yield ''
  }
}

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
  const meanings = tableOf(
    ['column', 'meaning'],
    table.columns.map(({ name, about }) => [name, about]),
  )
  return (
    `<h2>${escapeHtml(title)}</h2>\n<p>${escapeHtml(table.about)}</p>\n${facts}` +
    `<details open><summary>What the columns mean</summary>${meanings}</details>\n` +
    `<table>\n<thead>${rowOf(
      table.columns.map(({ name }) => name),
      'th',
    )}</thead>\n<tbody>`
  )
}

const endOf = ({ empty, untouched, rows }: ReadableEnd): string =>
  `${listed(EMPTY_TITLE, empty)}${listed(UNTOUCHED_TITLE, untouched)}<p>${rowsWords(rows)}</p>\n${PAGE_END}`

const listed = (title: string, tables: readonly Untouched[]): string =>
  `<h2>${escapeHtml(title)}</h2>\n${tableOf(
    ['file', 'table', 'what it holds'],
    tables.map(({ file, table, about }) => [file, table, about]),
  )}`
