// What becomes of links whose rows go: before retention removes a row, the link that covers it moves to ChainLink, in the same
// transaction, with the hashes of the rows; so it can be checked without them, and says how old they were. Where some rows of a
// link stay, they are named by it there. A row that was tampered with stays so: its link does not fit what was moved.
import { type CatalogModel, quote } from './catalog.ts'
import { linkTextOf, type RowLink, rowHashOf, rowIdOf, type Values } from './chain.ts'
import type { Tx } from './rows.ts'

type Numbered = Values & RowLink & { readonly at: number }

const PORTION = 500

/** Needs a transaction of the caller's, which then removes the rows: the `rowids` of a log. */
export function keepLinks(tx: Pick<Tx, 'all' | 'run'>, model: CatalogModel, rowids: readonly number[]): void {
  for (let from = 0; from < rowids.length; from += PORTION) keepSome(tx, model, rowids.slice(from, from + PORTION))
  keepLast(tx, model, rowids)
}

/**
 * Whoever writes takes the hash in the last row for the end of the chain (chain-write.ts). Where the last row goes, and another one
 * becomes the last, that hash would be an older one: so it moves as well.
 */
function keepLast(tx: Pick<Tx, 'all' | 'run'>, model: CatalogModel, rowids: readonly number[]): void {
  const [last] = tx.all<Numbered>(
    `select rowid as at, * from ${quote(model.name)} where rowid not in (select value from json_each(?))
     order by rowid desc limit 1`,
    JSON.stringify(rowids),
  )
  if (!last || last.chainHash === null || !rowids.some((at) => at > last.at)) return
  keepCovered(tx, model, last, new Set())
}

function keepSome(tx: Pick<Tx, 'all' | 'run'>, model: CatalogModel, rowids: readonly number[]): void {
  const rows = tx.all<Numbered>(
    `select rowid as at, * from ${quote(model.name)}
     where rowid in (select value from json_each(?)) and chainPosition is not null order by rowid`,
    JSON.stringify(rowids),
  )
  const going = new Set(rowids)
  let position: number | null = null
  for (const row of rows) {
    if (row.chainPosition === position) continue
    position = row.chainPosition
    keepCovered(tx, model, row, going)
  }
}

function keepCovered(
  tx: Pick<Tx, 'all' | 'run'>,
  model: CatalogModel,
  row: Numbered,
  going: ReadonlySet<number>,
): void {
  const covered = coveredWith(tx, model, row)
  const staying = covered.filter(({ at }) => !going.has(at)).map(({ at }) => at)
  keep(tx, model, covered)
  if (staying.length > 0) tx.run(clearing(model), JSON.stringify(staying))
}

/** Every row of the link that covers this one, in the order of writing; none where the link itself is gone. */
function coveredWith(tx: Pick<Tx, 'all'>, model: CatalogModel, row: Numbered): readonly Numbered[] {
  if (linkTextOf(row.chainHash)?.marks.length === 1) return [row]
  const [last] = tx.all<Numbered>(
    `select rowid as at, * from ${quote(model.name)}
     where rowid >= ? and (chainHash is not null or chainPosition is not ?) order by rowid limit 1`,
    row.at,
    row.chainPosition,
  )
  const text = linkTextOf(last?.chainHash)
  if (!last || !text || last.chainPosition !== row.chainPosition) return []
  const rows = tx.all<Numbered>(
    `select rowid as at, * from ${quote(model.name)} where rowid <= ? order by rowid desc limit (? + 0)`,
    last.at,
    text.marks.length,
  )
  return rows.filter(({ chainPosition }) => chainPosition === row.chainPosition).reverse()
}

function keep(tx: Pick<Tx, 'run'>, model: CatalogModel, rows: readonly Numbered[]): void {
  const [first, last] = [rows[0], rows.at(-1)]
  const text = linkTextOf(last?.chainHash)
  if (!first || !last || !text) return
  tx.run(
    'insert or ignore into "ChainLink" (position, log, rowId, createdAt, rowHash, hash) values (?, ?, ?, ?, ?, ?)',
    last.chainPosition,
    model.name,
    rowIdOf(rows.map((row) => String(row[model.key[0] ?? '']))),
    String(first.createdAt),
    Buffer.concat(rows.map((row) => rowHashOf(model, row))),
    Buffer.from(text.digest, 'hex'),
  )
}

/** Rows that stay are named by their link in ChainLink. */
const clearing = ({ name }: CatalogModel): string =>
  `update ${quote(name)} set chainPosition = null, chainHash = null where rowid in (select value from json_each(?))`
