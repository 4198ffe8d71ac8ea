// The hash chain of a file's logs (`@chain` in the schemas). Each row that is written gets a link that covers the row and the
// link before it, in the same transaction; so a row cannot be changed, removed, inserted or moved without breaking every
// link that follows (Haber and Stornetta, 1991). A link says nothing of anybody, and stays when retention takes its row.
import { hash } from 'node:crypto'
import { allModels, type CatalogModel, quote } from './catalog.ts'
import type { Connection } from './connections.ts'
import type { Domain } from './domains.ts'
import type { Stored } from './row-codec.ts'

export interface ChainEnd {
  /** Of the newest link; 0 for none. */
  readonly position: number
  readonly hash: Buffer
}

export interface Link {
  readonly position: number
  readonly log: string
  readonly rowId: string
  /** As it stands in the row. */
  readonly createdAt: string
}

export interface Chain {
  /** Where the next link goes. Rows that were there before the chain began are linked first, in the order of writing. */
  end(): ChainEnd
  /** Links a row that was just inserted; `row` holds its values as SQLite has them. */
  readonly append: Append
}

type Values = Readonly<Record<string, Stored>> & { readonly createdAt?: Stored }
type Append = (end: ChainEnd, model: CatalogModel, row: Values) => ChainEnd

export const chainedModels = (domain: Domain): readonly CatalogModel[] =>
  allModels.filter((model) => model.chained && model.domain === domain)

/** What the first link covers in place of a link before it. */
export const beginningOf = (domain: Domain): Buffer => hash('sha256', `gogga-chain/1 ${domain}`, 'buffer')

/** Columns without a value are left out, so that a column that is added later changes no hash. */
export function rowHashOf(model: CatalogModel, row: Values): Buffer {
  const cells: unknown[] = []
  for (const { name } of model.columns) {
    const value = row[name]
    if (value !== null && value !== undefined) cells.push(name, plain(value))
  }
  return hash('sha256', JSON.stringify(cells), 'buffer')
}

export function linkHashOf(before: Uint8Array, { position, log, rowId, createdAt }: Link, rowHash: Uint8Array): Buffer {
  const words = Buffer.from(JSON.stringify([position, log, rowId, createdAt]))
  return hash('sha256', Buffer.concat([before, rowHash, words]), 'buffer')
}

function plain(value: Stored): unknown {
  if (typeof value === 'bigint') return value.toString()
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value
}

/** Both need a transaction of the caller's on this connection. */
export function chainOver(domain: Domain, connection: Connection): Chain {
  const newest = connection.prepare<[], { position: number; hash: Buffer }>(
    'select position, hash from "ChainLink" order by position desc limit 1',
  )
  const insert = connection.prepare<[number, string, string, string, Buffer, Buffer]>(
    'insert into "ChainLink" (position, log, rowId, createdAt, rowHash, hash) values (?, ?, ?, ?, ?, ?)',
  )
  const append: Append = (end, model, row) => {
    const [rowId, createdAt] = [String(row[model.key[0] ?? '']), String(row.createdAt)]
    const [position, rowHash] = [end.position + 1, rowHashOf(model, row)]
    const next = linkHashOf(end.hash, { position, log: model.name, rowId, createdAt }, rowHash)
    insert.run(position, model.name, rowId, createdAt, rowHash, next)
    return { position, hash: next }
  }
  return {
    end: () => newest.get() ?? adopt(domain, connection, append),
    append,
  }
}

const PORTION = 1_000

/** Rows that were written before the file had a chain, log by log in the order of writing. */
function adopt(domain: Domain, connection: Connection, append: Append): ChainEnd {
  let end: ChainEnd = { position: 0, hash: beginningOf(domain) }
  for (const model of chainedModels(domain)) {
    const portion = connection.prepare<[number], Values & { readonly at: number }>(
      `select rowid as at, * from ${quote(model.name)} where rowid > ? order by rowid limit ${PORTION}`,
    )
    for (let rows = portion.all(0); rows.length > 0; rows = portion.all(rows.at(-1)?.at ?? 0))
      for (const row of rows) end = append(end, model, row)
  }
  return end
}
