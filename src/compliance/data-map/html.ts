// The map as one page to read and print: the picture, then every table and column in words.
import { escapeHtml, listOf, PAGE_END, pageStart, tableOf } from '../html.ts'
import { type DataMap, detailOf, type MapTable } from './map.ts'
import { CLASSES } from './meanings.ts'
import { svgOf } from './svg.ts'

const STYLE = `
figure{margin:1rem 0}figure svg{width:100%;height:auto}body{max-width:100rem}
@page{size:A3 landscape;margin:10mm}`

export function htmlOf(map: DataMap): string {
  const tables = map.files.flatMap(({ file, about, tables: all, technical }) => [
    `<h2>${escapeHtml(file)}</h2>\n<p>${escapeHtml(about)}</p>\n`,
    ...all.map(sectionOf),
    ...technical.map(
      ({ table, about: holds, retention }) =>
        `<h3>${escapeHtml(table)}</h3>\n<p>${escapeHtml(holds)} Kept: ${escapeHtml(retention)}</p>\n`,
    ),
  ])
  return [
    pageStart('Data map', STYLE),
    '<p>What is kept, where, why and how long: POPIA section 17. Made from the catalog that the application itself follows.</p>\n',
    `<figure>${svgOf(map)}</figure>\n`,
    ...tables,
    '<h2>The register of purposes</h2>\n',
    tableOf(
      ['purpose', 'what for', 'ground', 'who', 'retention'],
      map.purposes.map(({ id, description, ground, who, retention }) => [id, description, ground, who, retention]),
    ),
    PAGE_END,
  ].join('')
}

function sectionOf(table: MapTable): string {
  const facts = listOf([
    ['Why', table.why],
    ['Ground', table.ground],
    ['Purposes', table.purposes.join(', ')],
    ['Kept', table.retention],
  ])
  const rows = table.columns.map((column) => [column.name, CLASSES[column.class].words, detailOf(column), column.about])
  return (
    `<h3>${escapeHtml(`${table.domain}.${table.table}`)}</h3>\n<p>${escapeHtml(table.about)}</p>\n${facts}` +
    tableOf(['column', 'class', 'kind, link or type', 'what it holds'], rows)
  )
}
