// The picture. Two letters in front of each column say its class, dashes tell the links apart, and beside each link stands
// where it leads: nothing depends on colour alone.
import { escapeHtml } from '../html.ts'
import {
  type Band,
  BOX,
  type Box,
  HEAD,
  LANE,
  type Layout,
  LINE,
  LONGEST,
  layOut,
  nameOf,
  PAD,
  ROW,
  rowY,
  wrapped,
} from './layout.ts'
import { type DataMap, detailOf, type MapColumn } from './map.ts'
import { CLASSES } from './meanings.ts'

const BANDS: Readonly<Record<Band['domain'], string>> = { identity: '#fbeeec', billing: '#eef4fa', admin: '#eef7f0' }
/** One for each table that others link to. */
const STROKES: readonly { readonly colour: string; readonly dash: string }[] = [
  { colour: '#7d3c98', dash: '' },
  { colour: '#1f618d', dash: '6 2' },
  { colour: '#b9770e', dash: '2 2' },
  { colour: '#117a65', dash: '8 2 2 2' },
  { colour: '#a93226', dash: '4 3' },
  { colour: '#424949', dash: '1 2' },
]
const strokeOf = (lane: number) => STROKES[lane % STROKES.length] ?? { colour: '#000', dash: '' }

/** One SVG document, as wide as an A3 page when printed lying. */
export function svgOf(map: DataMap): string {
  const layout = layOut(map)
  const { width, height } = layout
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="420mm" role="img" aria-labelledby="t">`,
    '<title id="t">Data map: files, tables, columns, classes and links</title>',
    `<style>text{font-family:"Liberation Sans",Arial,Helvetica,sans-serif;fill:#1b2631}.s{font-size:9px}.m{font-size:10px}.b{font-weight:bold}.w{fill:#fff}.q{fill:#4d5656}</style>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    text(16, 26, 'Data map of GOGGA: what is kept, where, why and how long', 'b', 18),
    text(
      16,
      42,
      'Purposes name entries of the register. After each link: what becomes of its row when what it names is erased.',
      'q',
      10,
    ),
    ...map.files.map(({ file, about }, at) => bandOf(layout, at, file, about)),
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

function bandOf({ bands, busY, lanes, bottom }: Layout, at: number, file: string, about: string): string {
  const { x, width, domain } = bands[at] ?? { x: 0, width: 0, domain: 'identity' as const }
  const y = busY + (lanes.size + 1) * LANE
  // The band begins below the bus; its words stand right of the gutter, where no line runs.
  const left = x + 8 + (lanes.size + 2) * LANE
  return [
    `<rect x="${x}" y="${y}" width="${width}" height="${bottom - y}" rx="6" fill="${BANDS[domain]}" stroke="#aeb6bf"/>`,
    text(left, y + 16, file, 'b', 13),
    ...wrapped(about, LONGEST).map((line, row) => text(left, y + 29 + row * LINE, line, 's q')),
  ].join('\n')
}

function boxOf(box: Box): string {
  const { table, sameAs, lines, x, y, height } = box
  const head = table.isLog ? `${table.table} (log, never changed)` : table.table
  const start = [
    `<rect x="${x}" y="${y}" width="${BOX}" height="${height}" rx="3" fill="#fff" stroke="#85929e"/>`,
    `<path d="M${x} ${y + HEAD}V${y + 3}q0 -3 3 -3h${BOX - 6}q3 0 3 3V${y + HEAD}Z" fill="#34495e"/>`,
    text(x + PAD, y + 12.5, head, 'b w', 10),
  ]
  if (sameAs !== undefined)
    return [...start, text(x + PAD, y + HEAD + 10.5, `The same columns as ${sameAs}.`, 's q')].join('\n')
  const words = lines.map((line, at) => text(x + PAD, y + HEAD + (at + 1) * LINE - 1, line, 's q'))
  return [...start, ...words, ...table.columns.map((column) => columnOf(box, column))].join('\n')
}

function columnOf(box: Box, column: MapColumn): string {
  const y = rowY(box, column.name)
  const { mark, colour } = CLASSES[column.class]
  return [
    `<rect x="${box.x + PAD}" y="${y - ROW / 2 + 1}" width="17" height="${ROW - 2}" rx="2" fill="${colour}"/>`,
    text(box.x + PAD + 2.5, y + 3, mark, 's b w'),
    `<text x="${box.x + PAD + 21}" y="${y + 3}" class="m">${escapeHtml(column.name)}<tspan class="s q" dx="5">${escapeHtml(detailOf(column))}</tspan></text>`,
  ].join('\n')
}

function linksOf(layout: Layout): string[] {
  const targets = new Map(layout.boxes.map((box) => [`${box.table.domain}.${box.table.table}`, box]))
  const arrows = new Set<string>()
  const paths = layout.boxes.flatMap((box) => {
    const drawn = new Set<string>()
    return box.table.columns.flatMap(({ name, link }) => {
      const target = link && targets.get(`${link.to.domain}.${link.to.table}`)
      if (!link || !target) return []
      const key = `${nameOf(link)} ${rowY(box, name)}`
      if (drawn.has(key)) return []
      drawn.add(key)
      const lane = layout.lanes.get(nameOf(link)) ?? 0
      const end = rowY(target, link.to.column)
      arrows.add(arrowOf(target.x, end, lane))
      return [pathOf(layout, { lane, from: box, start: rowY(box, name), to: target, end })]
    })
  })
  return [...paths, ...arrows]
}

interface Link {
  readonly lane: number
  readonly from: Box
  readonly start: number
  readonly to: Box
  readonly end: number
}

const ROUND = 4

/** Out to the left, along the gutter; where the gutters differ, over the bus. */
function pathOf({ gutters, busY }: Layout, { lane, from, start, to, end }: Link): string {
  const lineX = (gutter: number) => (gutters[gutter] ?? 0) - (lane + 1.5) * LANE
  const [x, far] = [lineX(from.gutter), lineX(to.gutter)]
  const bus = busY + lane * LANE + ROUND
  const into = `H${to.x - 3}`
  const out = `M${from.x} ${start}H${x + ROUND}`
  const turn = (down: boolean) => `q${-ROUND} 0 ${-ROUND} ${down ? ROUND : -ROUND}`
  const d =
    from.gutter === to.gutter
      ? `${out}${turn(end > start)}V${end > start ? end - ROUND : end + ROUND}q0 ${end > start ? ROUND : -ROUND} ${ROUND} ${end > start ? ROUND : -ROUND}${into}`
      : `${out}${turn(false)}V${bus + ROUND}q0 ${-ROUND} ${far < x ? -ROUND : ROUND} ${-ROUND}H${far < x ? far + ROUND : far - ROUND}` +
        `q${far < x ? -ROUND : ROUND} 0 ${far < x ? -ROUND : ROUND} ${ROUND}V${end - ROUND}q0 ${ROUND} ${ROUND} ${ROUND}${into}`
  const { colour, dash } = strokeOf(lane)
  return `<path d="${d}" fill="none" stroke="${colour}" stroke-width="1"${dash ? ` stroke-dasharray="${dash}"` : ''}/>`
}

const arrowOf = (x: number, y: number, lane: number): string =>
  `<path d="M${x} ${y}l-6 -3v6Z" fill="${strokeOf(lane).colour}"/>`

const LEGEND_ROW = 15

function legendOf({ legendY, lanes, width }: Layout): string {
  const classes = Object.values(CLASSES).map(({ mark, words, colour }, at) => {
    const [x, y] = [16 + (at % 2) * 360, legendY + 14 + Math.floor(at / 2) * LEGEND_ROW]
    return `<rect x="${x}" y="${y - 8.5}" width="17" height="11" rx="2" fill="${colour}"/>${text(x + 2.5, y, mark, 's b w')}${text(x + 22, y, words, 'm')}`
  })
  const links = [...lanes].map(([name, lane]) => {
    const [x, y] = [Math.min(width - 440, 760) + (lane % 2) * 220, legendY + 14 + Math.floor(lane / 2) * LEGEND_ROW]
    const { colour, dash } = strokeOf(lane)
    return `<path d="M${x} ${y - 3}h34" stroke="${colour}" fill="none"${dash ? ` stroke-dasharray="${dash}"` : ''}/>${text(x + 40, y, `to ${name}`, 'm')}`
  })
  return [...classes, ...links].join('\n')
}
