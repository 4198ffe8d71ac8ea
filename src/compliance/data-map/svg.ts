// The picture. Two letters in front of each column say its class, dashes tell the links apart, and beside each link stands
// where it leads: nothing depends on colour alone.
import type { Domain } from '../../database/domains.ts'
import { escapeHtml } from '../html.ts'
import {
  type Band,
  BOX,
  type Box,
  type Group,
  groupY,
  HEAD,
  LANE,
  type Layout,
  LINE,
  LONGEST,
  layOut,
  PAD,
  PAPER,
  ROW,
  rowY,
  wrapped,
} from './layout.ts'
import { type DataMap, detailOf, type MapColumn } from './map.ts'
import { CLASSES, type ClassWords } from './meanings.ts'
import { linksOf, strokeOf } from './svg-links.ts'

const BANDS: Readonly<Record<Domain, string>> = { identity: '#fbeeec', billing: '#eef4fa', admin: '#eef7f0' }
const SEVERAL = {
  file: 'In several files alike',
  about: 'Each of the named files has such a table of its own.',
  fill: '#f2f3f4',
}
const ABOUT =
  'Three bands, one for each file, hold a box for each table: what it holds, why, for which purposes of the register and how ' +
  'long, then its columns with two letters for their class. Lines lead from a column to the row that it names.'
const STYLE =
  'text{font-family:"Liberation Sans",Arial,Helvetica,sans-serif;fill:#17202a}.s{font-size:11px}.m{font-size:12px}' +
  '.b{font-weight:bold}.w{fill:#fff}.q{fill:#3f4a54}'

/** One SVG document that fits on an A3 page, lying. */
export function svgOf(map: DataMap): string {
  const layout = layOut(map)
  const { width, height } = layout
  const scale = Math.min(PAPER.width / width, PAPER.height / height)
  const size = `width="${(width * scale).toFixed(1)}mm" height="${(height * scale).toFixed(1)}mm"`
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" ${size} role="img" aria-labelledby="map-title map-about">`,
    '<title id="map-title">Data map: files, tables, columns, classes and links</title>',
    `<desc id="map-about">${escapeHtml(ABOUT)}</desc>`,
    `<style>${STYLE}</style>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    text(16, 28, 'Data map of GOGGA: what is kept, where, why and how long', 'b', 20),
    text(
      16,
      47,
      'Tables with PI in their title hold personal information. “For” names purposes of the register. After each link (→): what becomes of its row when what it names is erased.',
      'q',
      12,
    ),
    ...layout.bands.map((band) => bandOf(layout, band, map)),
    ...linksOf(layout),
    ...layout.boxes.map(boxOf),
    legendOf(layout),
    '</svg>\n',
  ]
  return parts.join('\n')
}

function text(x: number, y: number, words: string, kind: string, size?: number): string {
  const font = size === undefined ? '' : ` style="font-size:${size}px"`
  return `<text x="${x}" y="${y}" class="${kind}"${font}>${escapeHtml(words)}</text>`
}

function bandOf({ busY, lanes, bottom }: Layout, { x, width, domain }: Band, map: DataMap): string {
  const own = map.files.find((one) => one.domain === domain)
  const { file, about } = own ?? SEVERAL
  const y = busY + (lanes.size + 1) * LANE
  // The band begins below the bus; its words stand right of the gutter, where no line runs.
  const left = x + 8 + (lanes.size + 2) * LANE
  return [
    `<rect x="${x}" y="${y}" width="${width}" height="${bottom - y}" rx="6" fill="${domain ? BANDS[domain] : SEVERAL.fill}" stroke="#aeb6bf"/>`,
    text(left, y + 19, file, 'b', 16),
    ...wrapped(about, LONGEST).map((line, row) => text(left, y + 33 + row * LINE, line, 's q')),
  ].join('\n')
}

function boxOf(box: Box): string {
  const { table, files, lines, rows, x, y, height } = box
  const frame = `<rect x="${x}" y="${y}" width="${BOX}" height="${height}" rx="3" fill="#fff" stroke="#5d6d7e"/>`
  const notes = [table.isLog ? 'log, never changed' : '', files.length > 1 ? filesIn(files) : '']
    .filter(Boolean)
    .join('; ')
  const head = `${escapeHtml(table.table)}${notes && `<tspan class="s w" dx="6" style="font-weight:normal">${escapeHtml(notes)}</tspan>`}`
  const holdsPii = rows.some((column) => column.class === 'pii')
  return [
    frame,
    `<path d="M${x} ${y + HEAD}V${y + 3}q0 -3 3 -3h${BOX - 6}q3 0 3 3V${y + HEAD}Z" fill="#2c3e50"/>`,
    `<text x="${x + PAD}" y="${y + 13.5}" class="b w" style="font-size:12px">${head}</text>`,
    holdsPii ? badge(x + BOX - PAD - MARK, y + HEAD / 2, CLASSES.pii) : '',
    ...lines.map((line, at) => text(x + PAD, y + HEAD + (at + 1) * LINE - 0.5, line, 's q')),
    ...rows.map((column) => columnOf(box, column)),
    ...box.groups.map((group, at) => groupOf(box, group, at)),
  ].join('\n')
}

/** `in identity.db, billing.db` */
const filesIn = (files: readonly string[]): string => `in ${files.join(', ')}`

const MARK = 19

const badge = (x: number, y: number, { mark, colour }: ClassWords): string =>
  `<rect x="${x}" y="${y - 6.5}" width="${MARK}" height="13" rx="2" fill="${colour}" stroke="#fff" stroke-width=".7"/>` +
  `<text x="${x + MARK / 2}" y="${y + 3.7}" class="s b w" text-anchor="middle">${mark}</text>`

function columnOf(box: Box, column: MapColumn): string {
  const y = rowY(box, column.name)
  const isPii = column.class === 'pii'
  return [
    isPii ? `<rect x="${box.x + 2}" y="${y - ROW / 2}" width="${BOX - 4}" height="${ROW}" fill="#f9e2df"/>` : '',
    badge(box.x + PAD, y, CLASSES[column.class]),
    `<text x="${box.x + PAD + MARK + 4}" y="${y + 3.7}" class="m${isPii ? ' b' : ''}">${escapeHtml(column.name)}<tspan class="s q" dx="5">${escapeHtml(detailOf(column))}</tspan></text>`,
  ].join('\n')
}

function groupOf(box: Box, { class: kind, lines, inset }: Group, at: number): string {
  const y = groupY(box, at)
  const x = box.x + PAD + inset
  const names = lines.map((line, row) => text(x + MARK + 4, y + 3.7 + row * LINE, line, 's'))
  return [badge(x, y, CLASSES[kind]), ...names].join('\n')
}

const LEGEND_ROW = 19

function legendOf({ legendY, lanes, width }: Layout): string {
  const rowOf = (at: number) => legendY + 16 + Math.floor(at / 2) * LEGEND_ROW
  const classes = Object.values(CLASSES).map((one, at) => {
    const x = 16 + (at % 2) * 440
    return badge(x, rowOf(at), one) + text(x + 26, rowOf(at) + 3.7, one.words, 'm')
  })
  const links = [...lanes].map(([name, lane]) => {
    const x = Math.min(width - 520, 960) + (lane % 2) * 270
    const line = `<path d="M${x} ${rowOf(lane)}h38" stroke-width="1.4" ${strokeOf(lane)} fill="none"/>`
    return line + text(x + 45, rowOf(lane) + 3.7, `to ${name}`, 'm')
  })
  return [...classes, ...links].join('\n')
}
