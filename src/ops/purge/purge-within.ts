// The same end as purge.ts, in one transaction of somebody else's: of a restore, whose file nobody else has open.
import { quote } from '../../database/catalog.ts'
import { keepLinks } from '../../database/chain-kept.ts'
import { cutoffOf, type Retention, retentionsOf } from '../../database/retention.ts'
import { timeText } from '../../database/row-codec.ts'
import type { Tx } from '../../database/rows.ts'
import { type MessageType, type Post, post } from '../../saga/messages.ts'
import { postParentDeleted } from '../../saga/parent-deleted.ts'
import type { Purged } from './purge.ts'

/** Times before it are none, as in purge.ts. */
const EARLIEST = '1970-01-01'

/**
 * Removes everything that is due in the file of the transaction. Messages, which the next sweep delivers, tell other files of
 * removed rows. Gives only models of which rows went.
 */
export function purgeWithin(tx: Tx, now: Date): readonly Purged[] {
  return retentionsOf([tx.domain]).flatMap((retention) => {
    const before = cutoffOf(retention, now)
    const rows = removeAll(tx, retention, before, now)
    const { model, period } = retention
    return rows > 0 ? [{ model: `${model.domain}.${model.name}`, period, before, rows }] : []
  })
}

function removeAll(tx: Tx, { model, column }: Retention, before: Date, now: Date): number {
  const [table, time, key] = [quote(model.name), quote(column), quote(model.key[0] ?? '')]
  if (model.chained) {
    const due = `select rowid as at from ${table} where ${time} >= ? and ${time} < ?`
    const rowids = tx.all<{ at: number }>(due, EARLIEST, timeText(before)).map(({ at }) => at)
    keepLinks(tx, model, rowids)
  }
  const sql = `delete from ${table} where ${time} >= ? and ${time} < ? returning ${key} as id`
  const ids = tx.all<{ id: string }>(sql, EARLIEST, timeText(before)).map(({ id }) => id)
  const posting = { post: <T extends MessageType>(message: Post<T>) => void post(tx, message, null, now) }
  if (ids.length > 0) postParentDeleted(tx, { model: model.name, ids }, posting)
  return ids.length
}
