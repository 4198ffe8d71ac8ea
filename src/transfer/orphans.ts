// Links to rows that are not there, counted on both sides: split must neither break nor mend one unnoticed.
import { type CatalogLink, quote } from '../database/catalog.ts'
import type { Connection } from '../database/connections.ts'
import type { Domain } from '../database/domains.ts'
import { carriedColumns, type FoundTable, knownTable } from './inspect.ts'
import { legacyTableNamed } from './layout.ts'

export interface LinkCount {
  /** `Voucher.userId`, as the unified database calls it. */
  readonly link: string
  readonly orphans: number
}

/** A link of a known table to another: its own column, the table it names and that one's column. */
interface LinkEnds {
  readonly link: CatalogLink
  /** The column's name in the unified database, as the file spells it. */
  readonly column: string
}

function linksOf(table: FoundTable): LinkEnds[] {
  const main = knownTable(table)?.main
  const columns = carriedColumns(table)
  return (main?.links ?? []).flatMap((link) => {
    const column = columns.find(({ place }) => place?.model === main && place?.column.name === link.column)
    return link.subject || !column ? [] : [{ link, column: column.name }]
  })
}

export function orphansInLegacy(connection: Connection, table: FoundTable, known: readonly FoundTable[]): LinkCount[] {
  return linksOf(table).map(({ link, column }) => {
    const legacy = legacyTableNamed(link.to.model)?.name
    const to = known.find((candidate) => candidate.legacy === legacy)
    const key =
      to && carriedColumns(to).find(({ place }) => place?.column.name === link.to.column && !place.moved)?.name
    const [from, name] = [quote(table.name), quote(column)]
    // A join and not "not exists": SQLite makes itself an index where a hand-made table has none.
    const sql =
      to && key
        ? `select count(*) from ${from} a left join ${quote(to.name)} b on b.${quote(key)} = a.${name}
           where a.${name} is not null and b.${quote(key)} is null`
        : `select count(*) from ${from} where ${name} is not null`
    return { link: `${table.name}.${column}`, orphans: connection.prepare(sql).pluck().get() as number }
  })
}

export function orphansInFiles(files: Readonly<Record<Domain, Connection>>, table: FoundTable): LinkCount[] {
  const main = knownTable(table)?.main
  if (!main) return []
  return linksOf(table).map(({ link, column }) => {
    const name = quote(link.column)
    const groups = files[main.domain]
      .prepare<[], [unknown, number]>(
        `select ${name}, count(*) from ${quote(main.name)} where ${name} is not null group by ${name}`,
      )
      .raw()
      .iterate()
    return { link: `${table.name}.${column}`, orphans: countMisses(files[link.to.domain], link, groups) }
  })
}

const BATCH = 5_000

/** Keys go to the other file in batches, as one JSON array each. */
function countMisses(named: Connection, { to }: CatalogLink, groups: Iterable<[unknown, number]>): number {
  const missing = named
    .prepare<[string], number>(
      `select key from json_each(?) where value not in (select ${quote(to.column)} from ${quote(to.model)})`,
    )
    .pluck()
  let orphans = 0
  let batch: [unknown, number][] = []
  const flush = () => {
    const keys = JSON.stringify(batch.map(([value]) => String(value)))
    for (const at of missing.iterate(keys)) orphans += batch[at]?.[1] ?? 0
    batch = []
  }
  for (const group of groups) if (batch.push(group) === BATCH) flush()
  flush()
  return orphans
}
