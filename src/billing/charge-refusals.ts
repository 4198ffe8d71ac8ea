// What a refused charge does to its subscription.
import type { Tx } from '../database/rows.ts'
import { applyTransition, type Sources, type Subscription } from './events.ts'
import { addDays, nextMonth } from './months.ts'
import { retarget, type Schedule } from './schedules.ts'
import { endOfPeriod } from './standing.ts'
import { requirePaidTier } from './tiers.ts'

/** Days to the next try after the first refusal, the second and the third; the fourth is the last. */
const RETRY_DAYS = [1, 3, 5] as const

const CAUSE = { actor: 'payfast' }

/** Everything is as it was before the upgrade was asked for. */
export function refuseUpgrade(
  tx: Tx<'billing'>,
  subscription: Subscription,
  schedule: Schedule,
  sources: Sources,
): void {
  const { nextBilling, tier } = subscription
  const now = sources.now()
  retarget(tx, schedule, requirePaidTier(tier), nextBilling ?? nextMonth(now), now)
  applyTransition(tx, subscription, 'miss_upgrade', { nextTier: null }, CAUSE, sources)
}

/** Past due, to be tried again; after the last retry the subscription expires. */
export function refuseRenewal(
  tx: Tx<'billing'>,
  subscription: Subscription,
  schedule: Schedule,
  sources: Sources,
): void {
  const now = sources.now()
  const failedCount = schedule.failedCount + 1
  const changes = { paymentFailedAt: subscription.paymentFailedAt ?? now, retryCount: subscription.retryCount + 1 }
  const missed = applyTransition(tx, subscription, 'miss_payment', changes, CAUSE, sources)
  const wait = RETRY_DAYS[schedule.failedCount]
  if (wait !== undefined) {
    const nextChargeAt = addDays(now, wait)
    tx.update('RecurringSchedule', { id: schedule.id }, { failedCount, nextChargeAt, updatedAt: now })
    return
  }
  tx.update('RecurringSchedule', { id: schedule.id }, { failedCount, status: 'failed', updatedAt: now })
  applyTransition(tx, missed, 'expire', endOfPeriod(missed, now), { actor: 'system' }, sources)
}
