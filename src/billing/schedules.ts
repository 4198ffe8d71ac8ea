// Recurring schedules: the agreement by which we charge for a subscription's next month.
import type { RowOf, Rows, Tx } from '../database/rows.ts'
import type { Sources, Subscription } from './events.ts'
import { nextMonth } from './months.ts'
import { isRestricted } from './restricted.ts'
import { compareTiers, isTier, type PaidTier, TIERS, tierOf } from './tiers.ts'

export type Schedule = RowOf<'billing', 'RecurringSchedule'>

const MAX_CHARGES = 12

/** The schedule that charges next. */
export const activeSchedule = (rows: Rows<'billing'>, userId: string): Schedule | undefined =>
  rows.list('RecurringSchedule', { userId, status: 'active' }, 'nextChargeAt, id')[0]

/** Whether the next period is charged by itself. */
export const isScheduled = (rows: Rows<'billing'>, userId: string): boolean =>
  activeSchedule(rows, userId) !== undefined && !isRestricted(rows, userId)

/** Whether a charge of this person is under way, its outcome not known yet. */
export const hasOpenAttempt = (rows: Rows<'billing'>, userId: string): boolean =>
  rows.find('ChargeAttempt', { userId, status: 'started' }) !== undefined

/** A new agreement takes the place of all others. */
export function replaceSchedules(tx: Tx<'billing'>, subscription: Subscription, token: string, sources: Sources): void {
  cancelSchedules(tx, subscription.userId, sources)
  const tier = tierOf(subscription)
  const now = sources.now()
  tx.insert('RecurringSchedule', {
    id: sources.newId(),
    userId: subscription.userId,
    tier,
    amountCents: TIERS[tier].priceCents,
    token,
    frequency: 'monthly',
    nextChargeAt: subscription.nextBilling ?? nextMonth(now),
    lastChargedAt: null,
    chargeCount: 0,
    maxCharges: MAX_CHARGES,
    status: 'active',
    failedCount: 0,
    createdAt: now,
    updatedAt: now,
  })
}

export function cancelSchedules(tx: Tx<'billing'>, userId: string, { now }: Sources): void {
  tx.update('RecurringSchedule', { userId, status: 'active' }, { status: 'cancelled', updatedAt: now() })
}

/** Whether the next charge is to lift the subscription to a higher tier. */
export const awaitsUpgrade = ({ nextTier, ...subscription }: Subscription): boolean =>
  nextTier !== null && isTier(nextTier) && compareTiers(nextTier, tierOf(subscription)) > 0

/**
 * Whether a paid month of a lower tier came too late to lower what is running: only the agreement that is to go on with the
 * lower tier may, when its time has come.
 */
export function isOvertaken(
  subscription: Subscription,
  tier: PaidTier,
  agreement: Schedule | undefined,
  now: Date,
): boolean {
  const { status, nextBilling } = subscription
  if (status === 'pending' || compareTiers(tier, tierOf(subscription)) >= 0) return false
  if (agreement?.status !== 'active' || agreement.tier !== tier) return true
  return agreement.nextChargeAt > now && nextBilling !== null && nextBilling > now
}

/** Whether it charges now for a higher tier that was asked for in the running month; else it charges for the next month. */
export const chargesUpgrade = (subscription: Subscription, schedule: Schedule): boolean =>
  awaitsUpgrade(subscription) && isOutOfTurn(subscription, schedule)

const isOutOfTurn = ({ status, nextBilling }: Subscription, { nextChargeAt }: Schedule): boolean =>
  status === 'active' && nextChargeAt.getTime() !== nextBilling?.getTime()

/**
 * Brings active schedules to the subscription's period, and to its tier, or the one that it awaits, where that is another
 * than before. Otherwise the terms stay what was agreed.
 */
export function alignSchedules(
  tx: Tx<'billing'>,
  before: Subscription,
  after: Subscription,
  { now }: Pick<Sources, 'now'>,
): void {
  const tier = tierOf({ tier: after.nextTier ?? after.tier })
  const isOther = before.tier !== after.tier || before.nextTier !== after.nextTier
  const times = { nextChargeAt: after.nextBilling ?? nextMonth(now()), failedCount: 0, updatedAt: now() }
  for (const schedule of tx.list('RecurringSchedule', { userId: after.userId, status: 'active' })) {
    if (awaitsUpgrade(after) && isOutOfTurn(before, schedule)) continue
    const terms = isOther && schedule.tier !== tier ? { tier, amountCents: TIERS[tier].priceCents } : {}
    tx.update('RecurringSchedule', { id: schedule.id }, { ...terms, ...times })
  }
}

/** Brings active schedules to the subscription's period; tier and amount stay what was agreed. */
export function moveSchedules(
  tx: Tx<'billing'>,
  { userId, nextBilling }: Subscription,
  { now }: Pick<Sources, 'now'>,
): void {
  const times = { nextChargeAt: nextBilling ?? nextMonth(now()), failedCount: 0, updatedAt: now() }
  tx.update('RecurringSchedule', { userId, status: 'active' }, times)
}

/** What the next charge of this schedule is for. */
export function retarget(tx: Tx<'billing'>, { id }: Schedule, tier: PaidTier, nextChargeAt: Date, now: Date): void {
  const amountCents = TIERS[tier].priceCents
  tx.update('RecurringSchedule', { id }, { tier, amountCents, nextChargeAt, updatedAt: now })
}
