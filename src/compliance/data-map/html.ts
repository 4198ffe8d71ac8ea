// The map as one page to read and print: what there is at a glance, the picture, then every table and column in words.
import { escapeHtml, listOf, PAGE_END, pageStart, tableOf } from '../html.ts'
import { type DataMap, detailOf, type MapColumn, type MapFile, type MapTable } from './map.ts'
import { CLASSES } from './meanings.ts'
import { svgOf } from './svg.ts'

/** On paper the picture has a page for itself, and no table is torn from its words. */
const STYLE = `
body{max-width:120rem}figure{margin:1rem 0}figure svg{width:100%;height:auto}
.register td:first-child{white-space:nowrap}
.columns table{table-layout:fixed}.columns th:first-child{width:15%}.columns th:nth-child(2){width:27%}.columns th:nth-child(3){width:23%}
tr:has(b){background:#f9e2df}
@page{size:A3 landscape;margin:10mm 10mm 14mm}
@media print{figure{break-before:page;break-after:page;margin:0}figure svg{max-height:271mm}section{break-inside:avoid}h2.file{break-before:page}
h2.file:first-of-type{break-before:auto}}`

export function htmlOf(map: DataMap): string {
  return [
    pageStart('Data map', STYLE),
    '<p>What is kept, where, why and how long: POPIA section 17. Made from the catalog that the application itself follows.</p>\n',
    '<h2>At a glance</h2>\n',
    tableOf(
      ['file', 'what it is', 'tables', 'columns', 'with personal information', 'links to other files'],
      [...map.files.map(glanceAt)],
    ),
    '<div class="register"><h2>The register of purposes</h2>\n',
    tableOf(
      ['purpose', 'what for', 'ground', 'who', 'retention'],
      map.purposes.map(({ id, description, ground, who, retention }) => [id, description, ground, who, retention]),
    ),
    `</div><figure>${svgOf(map)}</figure>\n`,
    ...map.files.flatMap(({ file, about, tables }) => [
      `<h2 class="file">${escapeHtml(file)}</h2>\n<p>${escapeHtml(about)}</p>\n`,
      ...tables.map(sectionOf),
    ]),
    PAGE_END,
  ].join('')
}

function glanceAt({ domain, file, about, tables }: MapFile): readonly string[] {
  const columns = tables.flatMap((table) => table.columns)
  const away = columns.filter(({ link }) => link && link.to.domain !== domain)
  return [file, about, ...[tables, columns, columns.filter(isPii), away].map(({ length }) => String(length))]
}

const isPii = (column: MapColumn): boolean => column.class === 'pii'

function sectionOf(table: MapTable): string {
  const facts = listOf([
    ['Why', table.why],
    ['Ground', table.ground],
    ['Purposes', table.purposes.join(', ')],
    ['Kept', table.retention],
  ])
  return (
    `<section class="columns"><h3>${escapeHtml(`${table.domain}.${table.table}`)}</h3>\n<p>${escapeHtml(table.about)}</p>\n${facts}` +
    `<table>\n<thead><tr><th>column</th><th>class</th><th>kind, link or type</th><th>what it holds</th></tr></thead>\n` +
    `<tbody>${table.columns.map(rowFor).join('')}</tbody></table></section>\n`
  )
}

function rowFor(column: MapColumn): string {
  const { mark, words } = CLASSES[column.class]
  const shown = escapeHtml(words)
  const cells = [
    escapeHtml(column.name),
    `${mark} ${isPii(column) ? `<b>${shown}</b>` : shown}`,
    escapeHtml(detailOf(column)),
    escapeHtml(column.about),
  ]
  return `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>\n`
}
