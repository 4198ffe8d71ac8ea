// How a chain begins where a file has rows already, and which rows share a link (chain.ts).
import { type CatalogModel, quote } from './catalog.ts'
import {
  beginningOf,
  type ChainEnd,
  chainedModels,
  type Link,
  linkHashOf,
  newestIn,
  rowHashOf,
  rowIdOf,
  type Values,
} from './chain.ts'
import type { Connection } from './connections.ts'
import type { Domain } from './domains.ts'

/** A file that has rows in its logs and no chain gets one. Gives the number of links, 0 where there was nothing to do. */
export function beginChain(domain: Domain, connection: Connection): number {
  const newest = newestIn(chainedModels(domain), connection)
  return connection.transaction(() => (newest() ? 0 : adopt(domain, connection).position))()
}

/** So that what a link adds to its row stays small. */
const MOST_ROWS = 200
const SECOND = 'yyyy-mm-ddThh:mm:ss'.length

/** Neighbours of one second: retention takes them at the same time. */
export function sharing<T>(rows: readonly T[], timeOf: (row: T) => string): readonly (readonly T[])[] {
  if (rows.length === 1) return [rows]
  const groups: T[][] = []
  let second = ''
  for (const row of rows) {
    const own = timeOf(row).slice(0, SECOND)
    const last = groups.at(-1)
    if (last && own === second && last.length < MOST_ROWS) last.push(row)
    else groups.push([row])
    second = own
  }
  return groups
}

const PORTION = 1_000

/** Rows that were written before the file had a chain, log by log in the order of writing: their links lie in ChainLink. */
export function adopt(domain: Domain, connection: Connection): ChainEnd {
  const insert = connection.prepare<unknown[]>(
    'insert into "ChainLink" (position, log, rowId, createdAt, rowHash, hash) values (?, ?, ?, ?, ?, ?)',
  )
  let end: ChainEnd = { position: 0, hash: beginningOf(domain) }
  const write = (model: CatalogModel, rows: readonly Values[]) => {
    const link: Link = {
      ...{ position: end.position + 1, log: model.name, createdAt: String(rows[0]?.createdAt) },
      rowId: rowIdOf(rows.map((row) => String(row[model.key[0] ?? '']))),
      rowHash: Buffer.concat(rows.map((row) => rowHashOf(model, row))),
    }
    end = { position: link.position, hash: linkHashOf(end.hash, link) }
    insert.run(link.position, link.log, link.rowId, link.createdAt, link.rowHash, end.hash)
  }
  for (const model of chainedModels(domain)) {
    const portion = connection.prepare<[number], Values & { readonly at: number }>(
      `select rowid as at, * from ${quote(model.name)} where rowid > ? order by rowid limit ${PORTION}`,
    )
    for (let rows = portion.all(0); rows.length > 0; rows = portion.all(rows.at(-1)?.at ?? 0))
      for (const some of sharing(rows, ({ createdAt }) => String(createdAt))) write(model, some)
  }
  return end
}
