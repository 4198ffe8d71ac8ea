// Subscriptions to which time has brought something that is not written yet. Reading takes it into account anyway; this is
// for events, lists and balances as they lie in the file, so what is costly to find at the moment may be found days later.
import { timeText } from '../database/row-codec.ts'
import type { Rows, Tx } from '../database/rows.ts'
import type { Sources } from './events.ts'
import { addDays } from './months.ts'
import { GRACE_DAYS } from './standing.ts'
import { bringUpToDate } from './subscriptions.ts'
import { TIER_NAMES } from './tiers.ts'
import { TRANSITIONS } from './transitions.ts'

/** No month is longer: what was reset so long ago is certainly due, so no row that isn't stands in the way. */
const LONGEST_MONTH_DAYS = 31
/** Packs that expired longer ago are left until their owner comes: an index leads to the times, not to what is left. */
const PACK_WINDOW_DAYS = 40

const UNSCHEDULED = `not exists (select 1 from "RecurringSchedule" r where r.userId = s.userId and r.status = 'active'
  and not exists (select 1 from "RestrictedSubject" x where x.subjectId = r.userId))`

/** Words of the program's own, for SQL. */
export const listed = (words: readonly string[]): string => `(${words.map((word) => `'${word}'`).join(', ')})`

/** Rows of other words come from elsewhere: nothing can be done to them, so they must not come up in every round. */
const KNOWN = `+s.tier in ${listed(TIER_NAMES)} and +s.status in ${listed(TRANSITIONS.reset.from)}`

/** Rows of `userId`. A `+` keeps SQLite from an index that leads to nearly everybody. */
export const DUE_QUERIES = {
  ended: `select s.userId from "Subscription" s
    where s.nextBilling <= @now and s.tier <> 'FREE' and +s.status = 'active' and ${KNOWN} and ${UNSCHEDULED}
    order by s.nextBilling limit @limit`,
  cancelled: `select s.userId from "Subscription" s
    where s.status = 'cancelled' and (s.nextBilling is null or s.nextBilling <= @now) and ${KNOWN} limit @limit`,
  unpaid: `select s.userId from "Subscription" s
    where s.status = 'past_due' and s.tier <> 'FREE' and coalesce(s.paymentFailedAt, s.nextBilling) <= @grace
      and ${KNOWN} and ${UNSCHEDULED} limit @limit`,
  reset: `select s.userId from "Subscription" s
    where s.lastReset <= @month and ${KNOWN}
      and (s.tier = 'FREE' or s.nextBilling is null or s.nextBilling > @now)
    order by s.lastReset limit @limit`,
  neverReset: `select s.userId from "Subscription" s
    where s.lastReset is null and coalesce(s.startedAt, s.createdAt) <= @month and ${KNOWN}
      and (s.tier = 'FREE' or s.nextBilling is null or s.nextBilling > @now) limit @limit`,
  packs: `select p.userId from "CreditPurchase" p
    where p.status = 'complete' and p.expiresAt > @window and p.expiresAt <= @now and p.creditsUsed < p.credits
      and exists (select 1 from "Subscription" s where s.userId = p.userId and ${KNOWN})
    order by p.expiresAt limit @limit`,
} as const

/** User ids, each once, at most `limit` of them. */
export function dueSubscriptions(rows: Rows<'billing'>, now: Date, limit: number): readonly string[] {
  const times = {
    now: timeText(now),
    grace: timeText(addDays(now, -GRACE_DAYS)),
    month: timeText(addDays(now, -LONGEST_MONTH_DAYS)),
    window: timeText(addDays(now, -PACK_WINDOW_DAYS)),
  }
  const due = new Set<string>()
  for (const query of Object.values(DUE_QUERIES)) {
    if (due.size >= limit) break
    const { sql, names } = positional(query)
    const values = names.map((name) => (name === 'limit' ? limit : times[name as keyof typeof times]))
    for (const { userId } of rows.all<{ userId: string }>(sql, ...values)) due.add(userId)
  }
  return [...due].slice(0, limit)
}

/** Writes what time has brought to one person. */
export function bringPersonUpToDate(tx: Tx<'billing'>, userId: string, sources: Sources): void {
  const subscription = tx.find('Subscription', { userId })
  if (subscription) bringUpToDate(tx, subscription, sources)
}

/** The gateway takes values in order. */
export function positional(query: string): { readonly sql: string; readonly names: readonly string[] } {
  const names: string[] = []
  const sql = query.replace(/@(\w+)/g, (_, name: string) => {
    names.push(name)
    return '?'
  })
  return { sql, names }
}
