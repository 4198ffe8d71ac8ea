// Where everything goes in the picture: three bands side by side, one for each file, with the tables stacked in columns. Left
// of each column runs a gutter, above all of them a bus; links run there and nowhere else, so that no line crosses a text.
import type { Domain } from '../../database/domains.ts'
import { type DataMap, detailOf, type MapColumn, type MapTable } from './map.ts'

export const BOX = 250
export const PAD = 6
export const ROW = 13
export const LINE = 11
export const HEAD = 17
/** Room between two lines that run side by side. */
export const LANE = 5
const GAP = 10
const BAND_GAP = 10
const BAND_PAD = 8
const TITLE = 58
const BAND_HEAD = 45
const LEGEND = 92
const EDGE = 16
/** A3, lying, in millimetres. */
const PAPER = { width: 420, height: 297 }

export interface Box {
  readonly table: MapTable
  /** The same as this one, which is drawn in full in another file. */
  readonly sameAs: string | undefined
  readonly lines: readonly string[]
  readonly x: number
  readonly y: number
  readonly height: number
  /** Number of its gutter. */
  readonly gutter: number
}

export interface Band {
  readonly domain: Domain
  readonly x: number
  readonly width: number
}

export interface Layout {
  readonly width: number
  readonly height: number
  readonly bands: readonly Band[]
  readonly boxes: readonly Box[]
  /** Right edge of each gutter, where the boxes begin. */
  readonly gutters: readonly number[]
  /** `identity.User.id` → number of its lane. */
  readonly lanes: ReadonlyMap<string, number>
  readonly top: number
  readonly bottom: number
  readonly busY: number
  readonly legendY: number
}

type Measured = Pick<Box, 'table' | 'sameAs' | 'lines' | 'height'>

export function layOut(map: DataMap): Layout {
  const lanes = new Map(targetsOf(map).map((name, lane) => [name, lane]))
  const bands = measured(map)
  const tallest = Math.max(...bands.flat().map(({ height }) => height))
  const sum = bands.flat().reduce((total, { height }) => total + height + GAP, 0)
  let best: Layout | undefined
  for (let height = tallest; height <= sum; height += ROW) {
    const tried = place(map, bands, { height, lanes })
    if (!best || shrinkage(tried) < shrinkage(best)) best = tried
  }
  if (!best) throw new Error('The map has no tables')
  return best
}

const shrinkage = ({ width, height }: Layout): number => Math.max(width / PAPER.width, height / PAPER.height)

export const nameOf = ({ to }: NonNullable<MapColumn['link']>): string => `${to.domain}.${to.table}.${to.column}`

const targetsOf = ({ files }: DataMap): readonly string[] => [
  ...new Set(
    files.flatMap(({ tables }) =>
      tables.flatMap(({ columns }) => columns.flatMap(({ link }) => (link ? nameOf(link) : []))),
    ),
  ),
]

/** What every file has is drawn in full once. */
function measured({ files }: DataMap): readonly (readonly Measured[])[] {
  const drawn = new Map<string, MapTable>()
  return files.map(({ tables }) =>
    tables.map((table) => {
      const first = drawn.get(shapeOf(table))
      drawn.set(shapeOf(table), first ?? table)
      const sameAs = first && `${first.domain}.${first.table}`
      const lines = first ? [] : linesOf(table)
      const rows = first ? 0 : table.columns.length
      return { table, sameAs, lines, height: HEAD + (first ? ROW : lines.length * LINE + rows * ROW) + PAD }
    }),
  )
}

const shapeOf = ({ table, columns }: MapTable): string =>
  JSON.stringify([table, columns.map((one) => [one.name, detailOf(one)])])

const linesOf = ({ about, why, purposes, retention }: MapTable): readonly string[] => [
  ...wrapped(about, LONGEST),
  ...wrapped(`Why: ${why}`, LONGEST),
  ...wrapped(`For: ${purposes.join(', ')}`, LONGEST),
  ...wrapped(`Kept: ${retention}`, LONGEST),
]

/** Letters of the small text that surely fit in a box. */
export const LONGEST = 54

/** Words in lines of at most so many letters. */
export function wrapped(text: string, most: number): readonly string[] {
  const lines: string[] = []
  for (const word of text.split(' ').filter(Boolean)) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= most) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}

function place(
  map: DataMap,
  measuredBands: readonly (readonly Measured[])[],
  { height, lanes }: { readonly height: number; readonly lanes: ReadonlyMap<string, number> },
): Layout {
  const gutter = (lanes.size + 2) * LANE
  const top = TITLE + (lanes.size + 1) * LANE + BAND_HEAD + PAD
  const boxes: Box[] = []
  const gutters: number[] = []
  const bands: Band[] = []
  let x = EDGE
  let lowest = top
  for (const [at, tables] of measuredBands.entries()) {
    const start = x
    x += BAND_PAD
    let y = Number.POSITIVE_INFINITY
    for (const table of tables) {
      if (y + table.height > top + height) {
        if (y !== Number.POSITIVE_INFINITY) x += BOX
        x += gutter
        gutters.push(x)
        y = top
      }
      boxes.push({ ...table, x, y, gutter: gutters.length - 1 })
      y += table.height + GAP
      lowest = Math.max(lowest, y)
    }
    x += BOX + BAND_PAD
    bands.push({ domain: map.files[at]?.domain ?? 'identity', x: start, width: x - start })
    x += BAND_GAP
  }
  const busY = TITLE
  const width = x - BAND_GAP + EDGE
  return {
    ...{ width, height: lowest + LEGEND, bands, boxes, gutters, lanes },
    ...{ top, bottom: lowest, busY, legendY: lowest + 14 },
  }
}

/** The middle of a column's row in its box; of the box's one line where it is not drawn in full. */
export function rowY({ table, sameAs, lines, y }: Box, column: string): number {
  if (sameAs !== undefined) return y + HEAD + ROW / 2
  const at = table.columns.findIndex(({ name }) => name === column)
  return y + HEAD + lines.length * LINE + at * ROW + ROW / 2 + 2
}
