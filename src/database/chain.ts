// The hash chain of a file's logs (`@chain` in the schemas). Each row that is written gets a link that covers the row and the
// link before it, in the same transaction; so a row cannot be changed, removed, inserted or moved without breaking every
// link that follows (Haber and Stornetta, 1991). A link says nothing of anybody, and stays when retention takes its row.
// Rows of one insert share a link: most of a link's cost is SQLite's, and a busy server logs readings by the dozen.
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
  /** Of one row its id, of several a JSON array of theirs. */
  readonly rowId: string
  /** As it stands in the first row; the others are of the same second. */
  readonly createdAt: string
  /** SHA-256 of each row, one after the other. */
  readonly rowHash: Uint8Array
}

export interface Chain {
  /**
   * Links rows that were just inserted; they hold their values as SQLite has them. Where the file has no chain yet, it begins
   * with every row that is there. Needs a transaction of the caller's.
   */
  append(model: CatalogModel, rows: readonly Values[]): void
}

type Values = Readonly<Record<string, Stored>>

export const HASH_BYTES = 32
/** So that a link stays small beside its rows. */
const MOST_ROWS = 200

export const chainedModels = (domain: Domain): readonly CatalogModel[] =>
  allModels.filter((model) => model.chained && model.domain === domain)

/** What the first link covers in place of a link before it. */
export const beginningOf = (domain: Domain): Buffer => sha256(`gogga-chain/1 ${domain}`)

/** Columns without a value are left out, so that a column that is added later changes no hash. */
export function rowHashOf(model: CatalogModel, row: Values): Buffer {
  const cells: unknown[] = []
  for (const { name } of model.columns) {
    const value = row[name]
    if (value !== null && value !== undefined) cells.push(name, typeof value === 'string' ? value : plain(value))
  }
  return sha256(JSON.stringify(cells))
}

/** The text that is hashed is JSON, with bytes in hexadecimal: to be checked without this program. */
export const linkHashOf = (before: Uint8Array, { position, log, rowId, createdAt, rowHash }: Link): Buffer =>
  sha256(JSON.stringify([hexOf(before), position, log, rowId, createdAt, hexOf(rowHash)]))

/** Ids of the rows that a link covers. */
export const rowIdsOf = ({ rowId, rowHash }: Pick<Link, 'rowId' | 'rowHash'>): readonly string[] =>
  rowHash.length === HASH_BYTES ? [rowId] : (JSON.parse(rowId) as string[])

/** By way of text: Node makes a buffer of a hash several times as slowly as one of hexadecimal digits. */
const sha256 = (text: string): Buffer => Buffer.from(hash('sha256', text, 'hex'), 'hex')

const hexOf = (bytes: Uint8Array): string => Buffer.prototype.toString.call(bytes, 'hex')

function plain(value: Stored): unknown {
  if (typeof value === 'bigint') return value.toString()
  return value instanceof Uint8Array ? hexOf(value) : value
}

/** Links `rows` after `before` and gives where the chain ends then. */
type Write = (before: ChainEnd, model: CatalogModel, rows: readonly Values[]) => ChainEnd

export function chainOver(domain: Domain, connection: Connection): Chain {
  const { newest, write, writeAfter } = linksIn(connection)
  let known: ChainEnd | undefined
  return {
    append(model, rows) {
      for (const some of sharing(rows)) {
        known = known && writeAfter(known, model, some)
        if (known) continue
        const end = newest()
        known = end ? write(end, model, some) : adopt(domain, connection, write)
        if (!end) return // It began with all of these.
      }
    },
  }
}

/** A file that has rows in its logs and no chain gets one. Gives the number of links, 0 where there was nothing to do. */
export function beginChain(domain: Domain, connection: Connection): number {
  const { newest, write } = linksIn(connection)
  return connection.transaction(() => (newest() ? 0 : adopt(domain, connection, write).position))()
}

const COLUMNS = '"ChainLink" (position, log, rowId, createdAt, rowHash, hash)'

function linksIn(connection: Connection) {
  const newest = connection.prepare<[], ChainEnd>(
    'select position, hash from "ChainLink" order by position desc limit 1',
  )
  const insert = connection.prepare<unknown[]>(`insert into ${COLUMNS} values (?, ?, ?, ?, ?, ?)`)
  const insertAfter = connection.prepare<unknown[]>(
    `insert or ignore into ${COLUMNS} select ?, ?, ?, ?, ?, ?
      where exists (select 1 from "ChainLink" where position = ? and hash = ?)`,
  )
  const write: Write = (before, model, rows) => {
    const { end, cells } = nextLink(before, model, rows)
    insert.run(...cells)
    return end
  }
  /** Undefined where the chain does not end so: another process went on, or our own last link was taken back. */
  const writeAfter = (before: ChainEnd, model: CatalogModel, rows: readonly Values[]): ChainEnd | undefined => {
    const { end, cells } = nextLink(before, model, rows)
    return insertAfter.run(...cells, before.position, before.hash).changes === 0 ? undefined : end
  }
  return { newest: () => newest.get(), write, writeAfter }
}

function nextLink(before: ChainEnd, model: CatalogModel, rows: readonly Values[]) {
  const ids = rows.map((row) => String(row[model.key[0] ?? '']))
  const hashes = rows.map((row) => rowHashOf(model, row))
  const rowId = ids.length === 1 ? (ids[0] ?? '') : JSON.stringify(ids)
  const rowHash = hashes.length === 1 ? (hashes[0] ?? Buffer.of()) : Buffer.concat(hashes)
  const [position, log, createdAt] = [before.position + 1, model.name, String(rows[0]?.createdAt)]
  const hash = linkHashOf(before.hash, { position, log, rowId, createdAt, rowHash })
  return { end: { position, hash }, cells: [position, log, rowId, createdAt, rowHash, hash] }
}

const SECOND = 'yyyy-mm-ddThh:mm:ss'.length

/** Neighbours of one second: retention takes them at the same time. */
function sharing(rows: readonly Values[]): readonly (readonly Values[])[] {
  if (rows.length === 1) return [rows]
  const groups: Values[][] = []
  let second = ''
  for (const row of rows) {
    const own = String(row.createdAt).slice(0, SECOND)
    const last = groups.at(-1)
    if (last && own === second && last.length < MOST_ROWS) last.push(row)
    else groups.push([row])
    second = own
  }
  return groups
}

const PORTION = 1_000

/** Rows that were written before the file had a chain, log by log in the order of writing. */
function adopt(domain: Domain, connection: Connection, write: Write): ChainEnd {
  let end: ChainEnd = { position: 0, hash: beginningOf(domain) }
  for (const model of chainedModels(domain)) {
    const portion = connection.prepare<[number], Values & { readonly at: number }>(
      `select rowid as at, * from ${quote(model.name)} where rowid > ? order by rowid limit ${PORTION}`,
    )
    for (let rows = portion.all(0); rows.length > 0; rows = portion.all(rows.at(-1)?.at ?? 0))
      for (const some of sharing(rows)) end = write(end, model, some)
  }
  return end
}
