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

const [PORTION, WINDOW] = [500, 2_000]
/** More than this program lets share a link. */
const MOST_ROWS = 500

export function* linksInOrder(domain: Domain, reader: Connection): Generator<KeptLink | HeldLink> {
  const kept = keptLinks(reader)
  let next = kept.next()
  for (const model of chainedModels(domain))
    for (const held of heldLinks(model, reader)) {
      for (; !next.done && next.value.position <= held.position; next = kept.next()) yield next.value
      yield held
    }
  for (; !next.done; next = kept.next()) yield next.value
}

function* keptLinks(reader: Connection): Generator<KeptLink> {
  const portion = reader.prepare<[number], KeptLink>(
    `select position, log, rowId, createdAt, rowHash, hash from "ChainLink" where position > ? order by position limit ${PORTION}`,
  )
  for (let some = portion.all(-1); some.length > 0; some = portion.all(some.at(-1)?.position ?? 0)) yield* some
}

/** Rows one after the other that name the same link. */
function* heldLinks(model: CatalogModel, reader: Connection): Generator<HeldLink> {
  let rows: Numbered[] = []
  for (const row of rowsWithLinks(model, reader)) {
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
function* rowsWithLinks({ name }: CatalogModel, reader: Connection): Generator<Numbered> {
  const windowEnd = reader
    .prepare<[number], number | null>(
      `select max(rowid) from (select rowid from ${quote(name)} where rowid > ? order by rowid limit ${WINDOW})`,
    )
    .pluck()
  const within = reader.prepare<[number, number], Numbered>(
    `select rowid, * from ${quote(name)} where rowid > ? and rowid <= ? and chainPosition is not null order by rowid`,
  )
  let from = Number.MIN_SAFE_INTEGER
  for (let to = windowEnd.get(from); to !== null && to !== undefined; to = windowEnd.get(from)) {
    yield* within.all(from, to)
    from = to
  }
}
