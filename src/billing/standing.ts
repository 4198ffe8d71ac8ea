// How a subscription stands at a moment: what time has brought since it was last touched, worked out without writing.
import type { Changes, Subscription } from './events.ts'
import { addDays, latestMonth } from './months.ts'
import { expirePacks, heal, type Pack } from './packs.ts'
import { TIERS, type Tier } from './tiers.ts'
import type { Action } from './transitions.ts'

export interface Standing {
  readonly subscription: Subscription
  /** In the order and number of those that were given. */
  readonly packs: readonly Pack[]
  /** The transitions that time brought, oldest first. */
  readonly steps: readonly Step[]
}

export interface Step {
  readonly action: Action & ('expire' | 'reset')
  readonly changes: Changes
}

/** Without a schedule that tries again, a missed payment ends the subscription after as long as the retries would take. */
export const GRACE_DAYS = 9

/** `isScheduled`: whether an active recurring schedule charges for the next period. */
export function standingAt(
  subscription: Subscription,
  packs: readonly Pack[],
  isScheduled: () => boolean,
  now: Date,
): Standing {
  const expired = expirePacks(heal(packs, subscription.credits), now)
  let current = expired.lost === 0 ? subscription : { ...subscription, credits: subscription.credits - expired.lost }
  const steps: Step[] = []
  if (isOver(current, isScheduled, now)) {
    const changes = endOfPeriod(current, now)
    steps.push({ action: 'expire', changes })
    current = { ...current, ...changes, status: 'expired' }
  }
  const month = dueReset(current, now)
  if (month) {
    const changes = freshUsage(month)
    steps.push({ action: 'reset', changes })
    current = { ...current, ...changes }
  }
  return { subscription: current, packs: expired.packs, steps }
}

function isOver(subscription: Subscription, isScheduled: () => boolean, now: Date): boolean {
  const { status, tier, nextBilling, paymentFailedAt } = subscription
  const isPast = (time: Date | null): boolean => time !== null && time <= now
  if (status === 'cancelled') return nextBilling === null || isPast(nextBilling)
  if (tier === 'FREE') return false
  if (status === 'active') return isPast(nextBilling) && !isScheduled()
  const failedAt = paymentFailedAt ?? nextBilling
  return status === 'past_due' && failedAt !== null && isPast(addDays(failedAt, GRACE_DAYS)) && !isScheduled()
}

/** The limits of a tier. */
export const termsOf = (tier: Tier) =>
  ({ tier, monthlyCredits: TIERS[tier].credits, imagesLimit: TIERS[tier].images }) satisfies Changes

/** A month's allowance, untouched. */
export const freshUsage = (lastReset: Date) => ({ creditsUsed: 0, imagesUsed: 0, lastReset }) satisfies Changes

/** Back to FREE, whose months go on where the period ended. Credits of packs stay. */
export function endOfPeriod({ nextBilling }: Subscription, now: Date): Changes {
  const ended = nextBilling && nextBilling < now ? nextBilling : now
  return { ...termsOf('FREE'), ...freshUsage(ended), nextBilling: null, nextTier: null }
}

/** When the month began whose allowance is still to be given. A paid tier's new month begins with its payment. */
function dueReset({ status, tier, nextBilling, ...times }: Subscription, now: Date): Date | undefined {
  if (status === 'pending') return undefined
  const last = times.lastReset ?? times.startedAt ?? times.createdAt
  const isUnpaid = tier !== 'FREE' && nextBilling !== null && nextBilling <= now
  const until = isUnpaid ? new Date(nextBilling.getTime() - 1) : now
  const month = latestMonth(last, until, times.startedAt)
  return month > last ? month : undefined
}
