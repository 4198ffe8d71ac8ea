// The export as a page to read and print.
import { escapeHtml, listOf, PAGE_END, pageStart, rowOf, tableOf } from '../html.ts'
import type { ExportEvent, Head, TableHead, Untouched } from './export.ts'
import { recipientLine } from './recipients.ts'
import type { Shown } from './shown.ts'

export function* htmlOf(events: Iterable<ExportEvent>): Generator<string> {
  let columns: readonly string[] = []
  let isEmpty = true
  for (const event of events) {
    if (event.type === 'head') yield headOf(event.head)
    else if (event.type === 'table') {
      columns = event.table.columns.map(({ name }) => name)
      isEmpty = true
      yield startOf(event.table)
    } else if (event.type === 'row') {
      if (isEmpty) yield `<table>\n<thead>${rowOf(columns, 'th')}</thead>\n<tbody>`
      isEmpty = false
      yield rowOf(columns.map((name) => textOf(event.row[name])))
    } else if (event.type === 'table-end')
      yield isEmpty
        ? '<p>Nothing about you is in this table.</p>\n'
        : `</tbody></table>\n<p>${event.rows} row(s).</p>\n`
    else if (event.type === 'end') yield endOf(event.untouched)
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

export const RECIPIENTS = 'Third parties who have or had it'
export const NO_RECIPIENT = 'None that the tables or the configuration tell.'

const itemsOf = (lines: readonly string[]): string =>
  `<ul>${lines.map((line) => `<li>${escapeHtml(line)}</li>`).join('')}</ul>\n`

function headOf({ law, madeAt, subject, notes, recipients }: Head): string {
  const facts = listOf([
    ['Under', law],
    ['Made at', madeAt],
    ['Subject id', subject.ids.join(', ')],
    ['Kind', subject.isAdministrator ? `${subject.kind}, administrator` : subject.kind],
    ['Email', subject.email ?? '–'],
    ['Addresses', subject.addresses.map(addressLine).join('; ') || '–'],
  ])
  const given = recipients.length > 0 ? recipients.map(recipientLine) : [NO_RECIPIENT]
  return `${pageStart(titleOf())}${facts}${itemsOf(notes)}<h2>${RECIPIENTS}</h2>\n${itemsOf(given)}`
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
    `<details open><summary>What the columns mean</summary>${meanings}</details>\n`
  )
}

const endOf = (untouched: readonly Untouched[]): string =>
  `<h2>Tables without anything of people</h2>\n${tableOf(
    ['file', 'table', 'what it holds'],
    untouched.map(({ file, table, about }) => [file, table, about]),
  )}${PAGE_END}`
