// All links of a file by position, in constant memory: those that lie in rows of its log, and those that lie in ChainLink.
// Positions rise with the rows, but where somebody wrote past the application: then a link comes out of order here.
import { type CatalogModel, quote } from '../../database/catalog.ts'
import { chainedModels, type Link, type LinkText, linkTextOf, type RowLink } from '../../database/chain.ts'
import type { Connection } from '../../database/connections.ts'
import type { Domain } from '../../database/domains.ts'
import type { Row } from './rows-in-order.ts'

/** A link that lies in ChainLink. */
export type KeptLink = Link & { readonly hash: Buffer }

/** A link that lies in rows: all that say that it covers them. */
export interface HeldLink {
  readonly position: number
  readonly log: string
  readonly rows: readonly Row[]
  /** Undefined where no row holds it, and where what the row holds is none. */
  readonly text: LinkText | undefined
}

export interface Place {
  readonly position: number
  /** No row up to there has a link of a later position. */
  readonly rowid: number
}

/** No rowid comes before. */
export const BEFORE_ALL = Number.MIN_SAFE_INTEGER
const [PORTION, WINDOW] = [500, 2_000]
/** More than this program lets share a link. */
const MOST_ROWS = 500

/** `after`: only those of later positions. */
export function* linksInOrder(domain: Domain, reader: Connection, after?: Place): Generator<KeptLink | HeldLink> {
  const kept = keptLinks(reader, after?.position ?? -1)
  let next = kept.next()
  for (const model of chainedModels(domain))
    for (const held of heldLinks(model, reader, after)) {
      for (; !next.done && next.value.position <= held.position; next = kept.next()) yield next.value
      yield held
    }
  for (; !next.done; next = kept.next()) yield next.value
}

function* keptLinks(reader: Connection, after: number): Generator<KeptLink> {
  const portion = reader.prepare<[number], KeptLink>(
    `select position, log, rowId, createdAt, rowHash, hash from "ChainLink" where position > ? order by position limit ${PORTION}`,
  )
  for (let some = portion.all(after); some.length > 0; some = portion.all(some.at(-1)?.position ?? 0)) yield* some
}

/** Rows one after the other that name the same link. */
function* heldLinks(model: CatalogModel, reader: Connection, after: Place | undefined): Generator<HeldLink> {
  let rows: Numbered[] = []
  for (const row of rowsWithLinks(model, reader, after?.rowid ?? BEFORE_ALL)) {
    if (after && Number(row.chainPosition) <= after.position) continue
    if (rows[0] && (rows[0].chainPosition !== row.chainPosition || rows.length === MOST_ROWS)) {
      yield heldBy(model, rows)
      rows = []
    }
    rows.push(row)
  }
  if (rows.length > 0) yield heldBy(model, rows)
}

type Numbered = Row & RowLink & { readonly rowid: number }

function heldBy({ name }: CatalogModel, rows: readonly Numbered[]): HeldLink {
  const holder = rows.findLast(({ chainHash }) => chainHash !== null)
  return { position: Number(rows[0]?.chainPosition), log: name, rows, text: linkTextOf(holder?.chainHash) }
}

/** Window by window: there may be a million rows without a link before the first that has one. */
function* rowsWithLinks({ name }: CatalogModel, reader: Connection, after: number): Generator<Numbered> {
  const windowEnd = reader
    .prepare<[number], number | null>(
      `select max(rowid) from (select rowid from ${quote(name)} where rowid > ? order by rowid limit ${WINDOW})`,
    )
    .pluck()
  const within = reader.prepare<[number, number], Numbered>(
    `select rowid, * from ${quote(name)} where rowid > ? and rowid <= ? and chainPosition is not null order by rowid`,
  )
  let from = after
  for (let to = windowEnd.get(from); to !== null && to !== undefined; to = windowEnd.get(from)) {
    yield* within.all(from, to)
    from = to
  }
}

/**
 * Where to begin with links after `position`, found by halving: rows with links are in the order of their positions. Where somebody
 * wrote past the application they may not be.
 */
export function placeOf(domain: Domain, reader: Connection, position: number): Place {
  const [model] = chainedModels(domain)
  if (!model) return { position, rowid: BEFORE_ALL }
  const at = reader.prepare<[number], { readonly at: number; readonly chainPosition: number | null }>(
    `select rowid as at, chainPosition from ${quote(model.name)} where rowid >= ? order by rowid limit 1`,
  )
  const last = reader
    .prepare(`select max(rowid) from ${quote(model.name)}`)
    .pluck()
    .get() as number | null
  let [low, high] = [at.get(BEFORE_ALL)?.at ?? 0, (last ?? 0) + 1]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const row = at.get(middle)
    if (row && Number(row.chainPosition ?? 0) <= position) low = row.at + 1
    else high = middle
  }
  return { position, rowid: low - 1 }
}
