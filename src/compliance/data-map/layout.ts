// Where everything goes in the picture: three bands side by side, one for each file, with the tables stacked in columns. Left
// of each column runs a gutter, above all of them a bus; links run there and nowhere else, so that no line crosses a text.
import type { Domain } from '../../database/domains.ts'
import { type DataMap, detailOf, type MapColumn, type MapTable } from './map.ts'

export const BOX = 322
export const PAD = 6
export const ROW = 15
export const LINE = 12.5
export const HEAD = 19
/** Between the words and the first row. */
const BREATH = 3
/** Room between two lines that run side by side. */
export const LANE = 5
const GAP = 9
const BAND_GAP = 10
const BAND_PAD = 8
const TITLE = 62
const BAND_HEAD = 47
const LEGEND = 92
const EDGE = 16
/** A3, lying, in millimetres, without the margins that printers need. */
export const PAPER = { width: 400, height: 277 }

export interface Box {
  readonly table: MapTable
  /** The files that have it. */
  readonly files: readonly string[]
  readonly lines: readonly string[]
  /** Columns that say something of people, rows or power have a line each. */
  readonly rows: readonly MapColumn[]
  /** The names of the others: ids, then facts. */
  readonly groups: readonly Group[]
  readonly x: number
  readonly y: number
  readonly height: number
  /** Number of its gutter. */
  readonly gutter: number
}

export interface Group {
  readonly class: MapColumn['class']
  readonly lines: readonly string[]
  /** From the left edge of the groups; above zero it stands beside the group before. */
  readonly inset: number
}

/** A file's own tables, or (undefined) those that several files have alike. */
export interface Band {
  readonly domain: Domain | undefined
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

type Measured = Pick<Box, 'table' | 'files' | 'lines' | 'rows' | 'groups' | 'height'>

export function layOut(map: DataMap): Layout {
  const lanes = new Map(targetsOf(map).map((name, lane) => [name, lane]))
  const bands = measured(map)
  const heights = bands.flatMap(({ boxes }) => boxes.map(({ height }) => height))
  const tallest = Math.max(...heights)
  const sum = heights.reduce((total, height) => total + height + GAP, 0)
  let best: Layout | undefined
  for (let height = tallest; height <= sum; height += ROW) {
    const tried = place(bands, { height, lanes })
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

interface MeasuredBand {
  readonly domain: Domain | undefined
  readonly boxes: readonly Measured[]
}

/** A band for each file, and one for what several files have alike. */
function measured(map: DataMap): readonly MeasuredBand[] {
  const targets = new Set(targetsOf(map))
  const filesOf = new Map<string, readonly string[]>()
  for (const { file, tables } of map.files)
    for (const table of tables) filesOf.set(shapeOf(table), [...(filesOf.get(shapeOf(table)) ?? []), file])
  const isAlone = (table: MapTable) => filesOf.get(shapeOf(table))?.length === 1
  const own = map.files.map(({ domain, file, tables }) => ({
    domain,
    boxes: tables.filter(isAlone).map((table) => boxFor(table, [file], targets)),
  }))
  const alike = new Map(
    map.files.flatMap(({ tables }) => tables.filter((one) => !isAlone(one)).map((one) => [shapeOf(one), one])),
  )
  const shared = [...alike].map(([shape, table]) => boxFor(table, filesOf.get(shape) ?? [], targets))
  return [...own, { domain: undefined, boxes: shared }].filter(({ boxes }) => boxes.length > 0)
}

const GROUPED: readonly MapColumn['class'][] = ['key', 'plain']

function boxFor(table: MapTable, files: readonly string[], targets: ReadonlySet<string>): Measured {
  const isGrouped = ({ class: kind, link, isBearer, name }: MapColumn) =>
    GROUPED.includes(kind) && !link && !isBearer && !targets.has(`${table.domain}.${table.table}.${name}`)
  const lines = linesOf(table)
  const rows = table.columns.filter((column) => !isGrouped(column))
  const groups = groupsOf(table.columns.filter(isGrouped))
  const below = groups.reduce((sum, group) => sum + heightOf(group), 0) - (isBeside(groups) ? ROW : 0)
  return { table, files, lines, rows, groups, height: rowsTop(lines) + rows.length * ROW + below + PAD }
}

/** Of a letter of the small text, and of two letters for a class, surely. */
const LETTER = 6.2
const BADGE = 30

/** Ids, then facts: beside each other where that takes no more lines. */
function groupsOf(columns: readonly MapColumn[]): readonly Group[] {
  const namesOf = (kind: MapColumn['class']) =>
    columns.flatMap((column) => (column.class === kind ? column.name : [])).join(', ')
  const [ids, facts] = [namesOf('key'), namesOf('plain')]
  const most = LONGEST - 6
  const group = (kind: MapColumn['class'], lines: readonly string[], inset = 0) =>
    lines.length > 0 ? [{ class: kind, lines, inset }] : []
  const [above, below] = [wrapped(ids, most), wrapped(facts, most)]
  const beside = wrapped(facts, most - ids.length - BADGE / LETTER)
  const isShort = above.length === 1 && ids.length < most / 2 && beside.length <= below.length
  return [
    ...group('key', above),
    ...(isShort ? group('plain', beside, BADGE + ids.length * LETTER) : group('plain', below)),
  ]
}

const isBeside = (groups: readonly Group[]): boolean => groups.some(({ inset }) => inset > 0)

const rowsTop = (lines: readonly string[]): number => HEAD + lines.length * LINE + BREATH

const heightOf = ({ lines }: Group): number => ROW + (lines.length - 1) * LINE

const shapeOf = ({ table, columns }: MapTable): string =>
  JSON.stringify([table, columns.map((one) => [one.name, detailOf(one)])])

const linesOf = ({ about, purposes, retention }: MapTable): readonly string[] => [
  ...wrapped(about, LONGEST),
  ...wrapped(`For: ${purposes.join(', ')}`, LONGEST),
  ...wrapped(`Kept: ${retention}`, LONGEST),
]

/** Letters of the small text that surely fit in a box. */
export const LONGEST = 59

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
  measuredBands: readonly MeasuredBand[],
  { height, lanes }: { readonly height: number; readonly lanes: ReadonlyMap<string, number> },
): Layout {
  const gutter = (lanes.size + 2) * LANE
  const top = TITLE + (lanes.size + 1) * LANE + BAND_HEAD + PAD
  const boxes: Box[] = []
  const gutters: number[] = []
  const bands: Band[] = []
  let x = EDGE
  let lowest = top
  for (const { domain, boxes: tables } of measuredBands) {
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
    bands.push({ domain, x: start, width: x - start })
    x += BAND_GAP
  }
  const busY = TITLE
  const width = x - BAND_GAP + EDGE
  return {
    ...{ width, height: lowest + LEGEND, bands, boxes, gutters, lanes },
    ...{ top, bottom: lowest, busY, legendY: lowest + 4 },
  }
}

/** The middle of a column's row in its box; of its title where the column has no row of its own. */
export function rowY({ rows, lines, y }: Box, column: string): number {
  const at = rows.findIndex(({ name }) => name === column)
  return at === -1 ? y + HEAD / 2 : y + rowsTop(lines) + at * ROW + ROW / 2
}

/** The middle of a group's first line. */
export function groupY({ rows, lines, groups, y }: Box, at: number): number {
  const above = isBeside(groups) ? [] : groups.slice(0, at)
  const top = y + rowsTop(lines) + rows.length * ROW + ROW / 2
  return above.reduce((sum, group) => sum + heightOf(group), top)
}
