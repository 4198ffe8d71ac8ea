// A paid month arrives: by payment, by voucher or by a recurring charge.
import type { Tx } from '../database/rows.ts'
import { applyTransition, type Cause, type Changes, type Sources, type Subscription } from './events.ts'
import { nextMonth } from './months.ts'
import { activeSchedule, alignSchedules, isOvertaken, replaceSchedules } from './schedules.ts'
import { freshUsage, termsOf } from './standing.ts'
import { currentSubscription } from './subscriptions.ts'
import { compareTiers, type PaidTier, tierOf } from './tiers.ts'
import type { Action } from './transitions.ts'

export interface Activation extends Cause {
  readonly userId: string
  readonly tier: PaidTier
  /** PayFast's agreement for recurring charges; it replaces any other. */
  readonly token?: string | undefined
}

/**
 * Gives a month of the tier, from now or from where the running month of the same tier ends. A lower tier than the one that
 * is running is kept on record only: it was checked out before the higher one was paid.
 */
export function activate(tx: Tx<'billing'>, activation: Activation, sources: Sources): Subscription {
  const { userId, tier, token } = activation
  const before = currentSubscription(tx, userId, sources)
  const schedule = activeSchedule(tx, userId)
  const agreement = schedule?.token === token ? schedule : undefined
  if (isOvertaken(before, tier, agreement, sources.now())) return keepOnRecord(tx, before, tier, activation, sources)
  const subscription = giveMonth(tx, before, tier, activation, sources)
  if (token === undefined) {
    alignSchedules(tx, before, subscription, sources)
    return subscription
  }
  const replaced = { payfastToken: token, nextTier: null, updatedAt: sources.now() }
  tx.update('Subscription', { id: subscription.id }, replaced)
  replaceSchedules(tx, subscription, token, sources)
  return { ...subscription, ...replaced }
}

/** Money that gives nothing, to be paid back: tier, schedule and token stay. */
export const keepOnRecord = (
  tx: Tx<'billing'>,
  subscription: Subscription,
  tier: PaidTier,
  { actor, meta }: Cause,
  sources: Sources,
): Subscription =>
  applyTransition(tx, subscription, 'take_payment', {}, { actor, meta: { ...meta, tier, given: false } }, sources)

/** The month alone; schedules are the caller's. The subscription must be up to date. */
export function giveMonth(
  tx: Tx<'billing'>,
  subscription: Subscription,
  tier: PaidTier,
  cause: Cause,
  sources: Sources,
): Subscription {
  const action = monthAction(subscription, tier)
  const changes = monthChanges(subscription, tier, sources.now())
  return applyTransition(tx, subscription, action, changes, cause, sources)
}

function monthAction(subscription: Subscription, tier: PaidTier): Action {
  const { status } = subscription
  const current = tierOf(subscription)
  if (current === 'FREE' || (status !== 'active' && status !== 'past_due')) return 'activate'
  if (current === tier) return 'renew'
  return compareTiers(tier, current) > 0 ? 'upgrade' : 'downgrade'
}

/** What the month changes, whatever status it leads to. */
export function monthChanges(subscription: Subscription, tier: PaidTier, now: Date): Changes {
  const settled = { ...termsOf(tier), retryCount: 0, paymentFailedAt: null }
  const { nextBilling, startedAt, status } = subscription
  if (nextBilling === null || status === 'pending' || !goesOn(subscription, tier))
    return { ...settled, ...newPeriod(now) }
  const end = nextMonth(nextBilling, startedAt)
  const nextTier = subscription.nextTier === tier ? null : subscription.nextTier
  if (nextBilling > now) return { ...settled, nextTier, nextBilling: end }
  // Nobody pays for a month that is over already.
  if (end <= now) return { ...settled, ...newPeriod(now), nextTier }
  return { ...settled, ...freshUsage(nextBilling), nextTier, nextBilling: end }
}

/** Whether the month follows the running one: the same tier, or a lower one that was planned from then on. */
function goesOn(subscription: Subscription, tier: PaidTier): boolean {
  const current = tierOf(subscription)
  if (current === tier) return true
  const isPlanned = subscription.nextTier === tier && compareTiers(tier, current) < 0
  return isPlanned && (subscription.status === 'active' || subscription.status === 'past_due')
}

/** A period of its own, with its whole allowance. */
export const newPeriod = (now: Date) =>
  ({ ...freshUsage(now), startedAt: now, nextBilling: nextMonth(now), nextTier: null }) satisfies Changes
