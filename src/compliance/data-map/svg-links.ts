// The lines of the picture, from columns to the rows that they name: each target has a lane, a colour and dashes of its own.
import { type Box, LANE, type Layout, nameOf, rowY } from './layout.ts'

/** One for each table that others link to. */
const STROKES: readonly { readonly colour: string; readonly dash: string }[] = [
  { colour: '#7d3c98', dash: '' },
  { colour: '#1f618d', dash: '6 2' },
  { colour: '#8a5a00', dash: '2 2' },
  { colour: '#117a65', dash: '8 2 2 2' },
  { colour: '#a93226', dash: '4 3' },
  { colour: '#424949', dash: '1 2' },
]
const strokeAt = (lane: number) => STROKES[lane % STROKES.length] ?? { colour: '#000', dash: '' }

/** The attributes of a line. */
export function strokeOf(lane: number): string {
  const { colour, dash } = strokeAt(lane)
  return `stroke="${colour}"${dash ? ` stroke-dasharray="${dash}"` : ''}`
}

/** From each column that names a row, along gutters and over the bus, to that row. */
export function linksOf(layout: Layout): readonly string[] {
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
  return `<path d="${d}" fill="none" stroke-width="1.2" ${strokeOf(lane)}/>`
}

const arrowOf = (x: number, y: number, lane: number): string =>
  `<path d="M${x} ${y}l-7 -3.5v7Z" fill="${strokeAt(lane).colour}"/>`
