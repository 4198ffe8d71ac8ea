// The hash chain of a file's log (`@chain` in the schemas). Each row that is written gets a link that covers the row and the
// link before it, in the same transaction; so a row cannot be changed, removed, inserted or moved without breaking every
// link that follows (Haber and Stornetta, 1991). A link lies in the last row that it covers, since a table of links costs
// SQLite as much as the log. It says nothing of anybody, and moves to ChainLink when retention takes its row (chain-kept.ts).
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

/** Whatever holds it, a link says this. */
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

export type Values = Readonly<Record<string, Stored>>

/** What each row of a log holds of its link, beside its own columns. */
export interface RowLink {
  /** Null where the link lies in ChainLink, and where there is none. */
  readonly chainPosition: number | null
  /** In the last row that the link covers: see `linkText`. */
  readonly chainHash: string | null
}

export const HASH_BYTES = 32
const HASH_DIGITS = 2 * HASH_BYTES
/** Enough to tell which row of a link was changed; that one was, the hash tells. */
const MARK_DIGITS = 16

export const chainedModels = (domain: Domain): readonly CatalogModel[] =>
  allModels.filter((model) => model.chained && model.domain === domain)

/** What the first link covers in place of a link before it. */
export const beginningOf = (domain: Domain): Buffer => Buffer.from(digestOf(`gogga-chain/1 ${domain}`), 'hex')

/** Columns without a value are left out, so that a column that is added later changes no hash. */
export function rowDigestOf(model: CatalogModel, row: Values): string {
  const cells: unknown[] = []
  for (const { name } of model.columns) addCell(cells, name, row[name])
  return digestOf(JSON.stringify(cells))
}

export const rowHashOf = (model: CatalogModel, row: Values): Buffer => Buffer.from(rowDigestOf(model, row), 'hex')

export function addCell(cells: unknown[], name: string, value: Stored | undefined): void {
  if (value !== null && value !== undefined) cells.push(name, typeof value === 'string' ? value : plain(value))
}

/** The text that is hashed is JSON, with bytes in hexadecimal: to be checked without this program. */
export const linkHashOf = (before: Uint8Array, { rowHash, ...link }: Link): Buffer =>
  Buffer.from(linkDigestOf(hexOf(before), { ...link, rowDigests: hexOf(rowHash) }), 'hex')

/** The same in digits: Node makes a buffer of a hash several times as slowly as a text. */
export const linkDigestOf = (
  before: string,
  { position, log, rowId, createdAt, rowDigests }: Omit<Link, 'rowHash'> & { readonly rowDigests: string },
): string => {
  // As JSON.stringify of all six writes it, in half of the time: digits need no escapes.
  const middle = `${position},"${log}",${JSON.stringify(rowId)},${JSON.stringify(createdAt)}`
  return digestOf(`["${before}",${middle},"${rowDigests}"]`)
}

/** Ids of the rows that a link covers. */
export const rowIdsOf = ({ rowId, rowHash }: Pick<Link, 'rowId' | 'rowHash'>): readonly string[] =>
  rowHash.length === HASH_BYTES ? [rowId] : (JSON.parse(rowId) as string[])

export const rowIdOf = (ids: readonly string[]): string => (ids.length === 1 ? (ids[0] ?? '') : JSON.stringify(ids))

/** What stands in `chainHash`: the link's hash, then the beginning of each row's, all in hexadecimal. */
export const linkText = (digest: string, rowDigests: readonly string[]): string =>
  rowDigests.reduce((text, one) => text + one.slice(0, MARK_DIGITS), digest)

export interface LinkText {
  readonly digest: string
  readonly marks: readonly string[]
}

const MARKS = new RegExp(`.{${MARK_DIGITS}}`, 'g')
const LINK_TEXT = new RegExp(`^[0-9a-f]{${HASH_DIGITS}}(?:[0-9a-f]{${MARK_DIGITS}})+$`)

/** Undefined where it is not of this program. */
export function linkTextOf(text: unknown): LinkText | undefined {
  if (typeof text !== 'string' || !LINK_TEXT.test(text)) return undefined
  return { digest: text.slice(0, HASH_DIGITS), marks: text.slice(HASH_DIGITS).match(MARKS) ?? [] }
}

export const digestOf = (text: string): string => hash('sha256', text, 'hex')

const hexOf = (bytes: Uint8Array): string => Buffer.prototype.toString.call(bytes, 'hex')

function plain(value: Stored): unknown {
  if (typeof value === 'bigint') return value.toString()
  return value instanceof Uint8Array ? hexOf(value) : value
}

/** Undefined without any link, also where the file is older than the chain. */
export function chainEndOf(domain: Domain, connection: Connection): ChainEnd | undefined {
  const columns = connection.prepare('select name from pragma_table_info(?)').pluck()
  if (columns.all('ChainLink').length === 0) return undefined
  const logs = chainedModels(domain).filter(({ name }) => columns.all(name).includes('chainHash'))
  return newestIn(logs, connection)()
}

/** Asks again whenever it is called. */
export function newestIn(logs: readonly CatalogModel[], connection: Connection): () => ChainEnd | undefined {
  const inTable = connection.prepare<[], ChainEnd & Link>(
    'select position, hash, log, rowId, rowHash from "ChainLink" order by position desc limit 1',
  )
  const inRows = logs.map(({ name, key: [key = ''] }) => ({
    name,
    // Rows up to the one that the newest link in the table names have theirs in the table, and need not be looked through.
    last: connection.prepare<[string], RowLink>(
      `select chainPosition, chainHash from ${quote(name)} where chainHash is not null or ${quote(key)} = ?
       order by rowid desc limit 1`,
    ),
  }))
  return () => {
    const kept = inTable.get()
    const ends = inRows.flatMap(({ name, last }): ChainEnd[] => {
      const found = last.get(kept?.log === name ? lastIdOf(kept) : '')
      const text = linkTextOf(found?.chainHash)
      return text ? [{ position: Number(found?.chainPosition), hash: Buffer.from(text.digest, 'hex') }] : []
    })
    if (kept) ends.push({ position: kept.position, hash: kept.hash })
    return ends.reduce<ChainEnd | undefined>((a, b) => (a && a.position >= b.position ? a : b), undefined)
  }
}

function lastIdOf(link: Link): string {
  try {
    return rowIdsOf(link).at(-1) ?? ''
  } catch {
    return '' // It was tampered with: then rows are looked through.
  }
}
