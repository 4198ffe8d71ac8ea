// One link against the rows that it covers, wherever it lies.
import { type CatalogModel, quote } from '../../database/catalog.ts'
import {
  HASH_BYTES,
  type Link,
  linkDigestOf,
  linkHashOf,
  rowDigestOf,
  rowHashOf,
  rowIdOf,
  rowIdsOf,
} from '../../database/chain.ts'
import type { Connection } from '../../database/connections.ts'
import { cutoffOf, retentionsOf } from '../../database/retention.ts'
import { timeText } from '../../database/row-codec.ts'
import { differences } from './differences.ts'
import type { HeldLink, KeptLink } from './links-in-order.ts'
import { Collected } from './report.ts'
import { type Row, rowsInOrder } from './rows-in-order.ts'

export interface LogWalk {
  readonly changed: Collected
  readonly removed: Collected
  readonly inserted: Collected
}

/** A log that is being read, with what was found of it so far. */
export interface Log extends LogWalk {
  readonly model: CatalogModel
  /** Rows that a link names, changed or not. */
  there: number
  row(id: string): Row | undefined
  isPast(createdAt: unknown): boolean
}

export interface Read {
  /** False where the hash is not that of what the link covers; true where a row that is not as it was hides that. */
  readonly follows: boolean
  readonly digest: string | undefined
  readonly rows: number
  readonly past: number
}

/** `before`: the hash of the link before, where that is there. */
export function readLink(logs: ReadonlyMap<string, Log>, link: KeptLink | HeldLink, before: string | undefined): Read {
  const log = logs.get(link.log)
  if ('rows' in link) return readHeld(log, link, before)
  const areBytes = link.hash instanceof Uint8Array && link.rowHash instanceof Uint8Array
  const compared = log && areBytes ? compareRows(log, link) : undefined
  if (!compared) return { follows: false, digest: undefined, rows: 0, past: 0 }
  const isRight = before === undefined || linkHashOf(Buffer.from(before, 'hex'), asWritten(link)).equals(link.hash)
  return { ...compared, follows: isRight, digest: link.hash.toString('hex') }
}

/** Rows with the link in the last of them. */
function readHeld(log: Log | undefined, { position, rows, text }: HeldLink, before: string | undefined): Read {
  if (!log || !text) {
    const isHeld = rows.some(({ chainHash }) => chainHash !== null)
    if (!isHeld) log?.removed.add(position) // The row that held it.
    return { follows: !isHeld, digest: undefined, rows: 0, past: 0 }
  }
  const { name, key } = log.model
  const digests = rows.map((row) => rowDigestOf(log.model, row))
  const ids = rows.map((row) => String(row[key[0] ?? '']))
  const { changed, inserted, missing } = differences(text.marks, digests)
  for (const at of changed) log.changed.add(position, ids[at])
  for (const at of inserted) log.inserted.add(position, ids[at])
  for (let at = 0; at < missing; at++) log.removed.add(position)
  const areSame = changed.length + inserted.length + missing === 0
  const says = { position, log: name, rowId: rowIdOf(ids), createdAt: String(rows[0]?.createdAt) }
  const isRight =
    before === undefined || linkDigestOf(before, { ...says, rowDigests: digests.join('') }) === text.digest
  const intact = rows.length - changed.length - inserted.length
  return { follows: isRight || !areSame, digest: text.digest, rows: intact, past: 0 }
}

/** A time that looks like a number is stored as one. */
const asWritten = (link: Link): Link => ({ ...link, createdAt: String(link.createdAt) })

/** Undefined where the link cannot be of this program. */
function compareRows(log: Log, link: Link): { readonly rows: number; readonly past: number } | undefined {
  const ids = idsOf(link)
  if (!ids || link.rowHash.length !== ids.length * HASH_BYTES) return undefined
  let [rows, past] = [0, 0]
  for (const [at, id] of ids.entries()) {
    const row = log.row(id)
    if (row?.chainPosition === null) log.there += 1
    if (!row && log.isPast(link.createdAt)) past += 1
    else if (!row) log.removed.add(link.position, id)
    else if (isAsWritten(log.model, row, link.rowHash, at)) rows += 1
    else log.changed.add(link.position, id)
  }
  return { rows, past }
}

function idsOf(link: Link): readonly string[] | undefined {
  try {
    return rowIdsOf(link)
  } catch {
    return undefined
  }
}

const isAsWritten = (model: CatalogModel, row: Row, hashes: Uint8Array, at: number): boolean =>
  rowHashOf(model, row).equals(hashes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES))

/** Rows that share a link are of one second; the link tells the time of the first. */
const SECOND_MS = 1_000
/** Times before it are none: retention keeps such rows. */
const EARLIEST = '1970-01-01'

export function openLog(model: CatalogModel, reader: Connection, now: Date): Log {
  const retention = retentionsOf([model.domain]).find((one) => one.model.name === model.name)
  const before = retention && timeText(new Date(cutoffOf(retention, now).getTime() + SECOND_MS))
  return {
    model,
    there: 0,
    changed: new Collected(),
    removed: new Collected(),
    inserted: new Collected(),
    row: rowsInOrder(model, reader),
    isPast: (time) => before !== undefined && typeof time === 'string' && time >= EARLIEST && time < before,
  }
}

/** Only where there are more rows without a link of their own than ChainLink names: SQLite sorts all of them for it. */
export function findInserted({ model, there, inserted }: Log, reader: Connection): void {
  const [table, key] = [quote(model.name), quote(model.key[0] ?? '')]
  const count = reader.prepare(`select count(*) from ${table} where chainPosition is null`).pluck().get() as number
  if (count <= there) return
  const found = reader
    .prepare(
      `select ${key} from ${table} where chainPosition is null
       except select rowId from "ChainLink" where log = @log and length(rowHash) = ${HASH_BYTES}
       except select value from "ChainLink", json_each(iif(json_valid(rowId), rowId, '[]'))
         where log = @log and length(rowHash) > ${HASH_BYTES}`,
    )
    .pluck()
    .iterate({ log: model.name }) as IterableIterator<string>
  for (const id of found) inserted.add(0, String(id))
}
