// The same end as purge.ts, in one transaction of somebody else's: of a restore, whose file nobody else has open.
import { quote } from '../../database/catalog.ts'
import { cutoffOf, dueIn, EARLIEST, type Retention, retentionsOf } from '../../database/retention.ts'
import { timeText } from '../../database/row-codec.ts'
import type { Tx } from '../../database/rows.ts'
import { type MessageType, type Post, post } from '../../saga/messages.ts'
import { postParentDeleted } from '../../saga/parent-deleted.ts'
import type { Purged } from './purge.ts'

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

function removeAll(tx: Tx, retention: Retention, before: Date, now: Date): number {
  const { model } = retention
  const sql = `delete from ${quote(model.name)} where ${dueIn(retention)} returning ${quote(model.key[0] ?? '')} as id`
  const ids = tx.all<{ id: string }>(sql, EARLIEST, timeText(before)).map(({ id }) => id)
  const posting = { post: <T extends MessageType>(message: Post<T>) => void post(tx, message, null, now) }
  if (ids.length > 0) postParentDeleted(tx, { model: model.name, ids }, posting)
  return ids.length
}
