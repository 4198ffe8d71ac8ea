// The third question: how much personal information lies outside the tables of people. Judged by the text of every other
// table, unknown ones too, with the same detectors as split and the audit. Ids and tokens are searched for emails only: their
// digits may look like somebody's number.
import { allModels, type CatalogColumn } from '../../database/catalog.ts'
import { findAll, findAllInId } from '../../pii/find-all.ts'
import type { PiiKind } from '../../pii/kinds.ts'
import { sample, type Table, type Unified } from './unified-file.ts'

export interface PersonalColumn {
  readonly table: string
  readonly column: string
  readonly kinds: Readonly<Partial<Record<PiiKind, number>>>
  /** Values in the sample that hold any. */
  readonly values: number
  readonly sampled: number
  readonly rows: number
  /** Values in the whole table, by proportion; the same as `values` where every row was read. */
  readonly estimated: number
}

const MOST_ROWS = 20_000
const MOST_CHARACTERS = 100_000

const MODELS = allModels.filter(({ legacy }) => legacy)
const isOfPeople = ({ name }: Table): boolean =>
  MODELS.some(
    ({ domain, legacy }) =>
      domain === 'identity' && !legacy?.moved && legacy?.table.toLowerCase() === name.toLowerCase(),
  )

/** Columns with personal information, most first. */
export function personalColumns(unified: Unified, most = MOST_ROWS): readonly PersonalColumn[] {
  return unified.tables
    .filter((table) => !isOfPeople(table))
    .flatMap((table) => columnsOf(unified, table, most))
    .sort((one, other) => other.estimated - one.estimated)
}

function columnsOf(unified: Unified, table: Table, most: number): PersonalColumn[] {
  const { rows, sampled, values } = sample(unified, table, table.columns, most)
  const finders = table.columns.map((column) => finderFor(table.name, column))
  const found = table.columns.map(() => ({ values: 0, kinds: {} as Partial<Record<PiiKind, number>> }))
  for (const row of values) {
    for (const [at, value] of row.entries()) {
      const [finder, sum] = [finders[at], found[at]]
      if (typeof value !== 'string' || !finder || !sum) continue
      const spans = finder(value.slice(0, MOST_CHARACTERS))
      if (spans.length > 0) sum.values += 1
      for (const { kind } of spans) sum.kinds[kind] = (sum.kinds[kind] ?? 0) + 1
    }
  }
  return table.columns.flatMap((column, at) => {
    const { values: count = 0, kinds = {} } = found[at] ?? {}
    const estimated = Math.round((count * rows) / Math.max(sampled, 1))
    return count === 0 ? [] : [{ table: table.name, column, kinds, values: count, sampled, rows, estimated }]
  })
}

function finderFor(table: string, column: string): typeof findAll {
  const known = catalogColumn(table, column)
  return known?.class === 'key' || known?.class === 'secret' || known?.class === 'link' ? findAllInId : findAll
}

function catalogColumn(table: string, column: string): CatalogColumn | undefined {
  const [wantedTable, wanted] = [table.toLowerCase(), column.toLowerCase()]
  return MODELS.filter(({ legacy }) => legacy?.table.toLowerCase() === wantedTable)
    .flatMap(({ columns }) => columns)
    .find(({ name, legacy }) => (legacy ?? name).toLowerCase() === wanted)
}
