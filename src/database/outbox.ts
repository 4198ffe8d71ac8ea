// Messages from one file to another. A change writes them in its own transaction; their effect is written with the inbox
// mark in the target's. In between they lie here, in the order of their writing.
import type { Domain } from './domains.ts'
import { timeText } from './row-codec.ts'
import type { RowOf, Rows, Tx } from './rows.ts'

export type OutboxRow = RowOf<Domain, 'OutboxMessage'>

export interface NewMessage {
  /** Derived from what happened: `voucher-redeemed:<voucherId>:0`. */
  readonly id: string
  readonly type: string
  readonly target: Domain
  /** Messages of one subject to one file are delivered in their order. */
  readonly subjectId: string | null
  /** JSON without personal information. */
  readonly payload: string
  readonly changeId: string | null
}

/** Other processes leave a fresh message to the one that wrote it for so long. */
const LEASE_MS = 3_000

/** Writing the same message twice is once: its id says that it is the same. */
export function postMessage(tx: Tx, message: NewMessage, now: Date): void {
  if (tx.find('OutboxMessage', { id: message.id })) return
  const nextAttemptAt = new Date(now.getTime() + LEASE_MS)
  tx.insert('OutboxMessage', { ...message, attempts: 0, createdAt: now, nextAttemptAt })
}

/** What is neither delivered nor dead, of a subject or, without one, the message itself; in the order of its writing. */
export const waitingOf = (rows: Rows<Domain>, chain: Pick<OutboxRow, 'id' | 'subjectId'>): OutboxRow[] =>
  chain.subjectId === null
    ? rows.list('OutboxMessage', { id: chain.id, deadAt: null })
    : rows.list('OutboxMessage', { subjectId: chain.subjectId, deadAt: null })

/** Takes what is due for itself: other processes see it as due again only when this one has had its time. */
export function claimDue(tx: Tx, now: Date, limit: number): OutboxRow[] {
  const [time, lease] = [timeText(now), timeText(new Date(now.getTime() + LEASE_MS))]
  const ids = tx
    .all<{ id: string }>(
      `update "OutboxMessage" set nextAttemptAt = ? where id in (
         select id from "OutboxMessage" where deadAt is null and nextAttemptAt <= ? order by nextAttemptAt limit ?
       ) returning id`,
      lease,
      time,
      limit,
    )
    .map(({ id }) => id)
  return ids.flatMap((id) => tx.find('OutboxMessage', { id }) ?? [])
}

export const isAnythingDue = (rows: Rows<Domain>, now: Date): boolean =>
  rows.all('select 1 from "OutboxMessage" where deadAt is null and nextAttemptAt <= ? limit 1', timeText(now)).length >
  0

export function removeDelivered(tx: Tx, ids: readonly string[]): void {
  tx.run('delete from "OutboxMessage" where id in (select value from json_each(?))', JSON.stringify(ids))
}
