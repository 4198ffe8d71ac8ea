// The subscription as its person sees it.
import type { Rows } from '../database/rows.ts'
import { NotFoundError } from '../errors.ts'
import { nextMonth } from './months.ts'
import { leftOf, type Pack } from './packs.ts'
import { isScheduled } from './schedules.ts'
import { findStanding } from './subscriptions.ts'
import { TIERS, type Tier, tierOf } from './tiers.ts'
import { type Action, allowedActions } from './transitions.ts'

export interface SubscriptionView {
  readonly id: string
  readonly userId: string
  readonly tier: Tier
  readonly status: string
  readonly priceCents: number
  /** The tier that a change waits for; null where none does. */
  readonly nextTier: string | null
  readonly startedAt: Date | null
  /** The end of the paid period. */
  readonly nextBilling: Date | null
  /** Whether a schedule charges for the next one. */
  readonly isRecurring: boolean
  readonly paymentFailedAt: Date | null
  /** The month's allowance of credits. */
  readonly monthlyCredits: number
  readonly monthlyCreditsLeft: number
  /** Credits beyond the allowance, from packs and adjustments. */
  readonly packCredits: number
  /** Of allowance and packs together. */
  readonly creditsLeft: number
  readonly imagesLimit: number
  readonly imagesLeft: number
  /** When the next month's allowance begins, if the period is paid by then. */
  readonly resetsAt: Date
  /** Those with something left, the earliest to expire first. */
  readonly packs: readonly PackView[]
  /** What its person may ask for now: names of actions. */
  readonly allowed: readonly Action[]
}

export interface PackView {
  readonly id: string
  readonly packSize: string
  readonly credits: number
  readonly creditsLeft: number
  readonly expiresAt: Date | null
}

/** Up to date for `now`, without writing. Throws NotFoundError. */
export function readSubscription(rows: Rows<'billing'>, userId: string, now: Date): SubscriptionView {
  const standing = findStanding(rows, userId, now)
  if (!standing)
    throw new NotFoundError('There is no subscription yet', { hint: 'It comes within seconds of the first sign-in.' })
  const { id, status, nextTier, startedAt, nextBilling, paymentFailedAt, ...counts } = standing.subscription
  const { monthlyCredits, imagesLimit, credits: packCredits } = counts
  const tier = tierOf(standing.subscription)
  const isRecurring = isScheduled(rows, userId)
  const monthlyCreditsLeft = Math.max(0, monthlyCredits - counts.creditsUsed)
  return {
    id,
    userId,
    tier,
    status,
    priceCents: TIERS[tier].priceCents,
    nextTier,
    startedAt,
    nextBilling,
    isRecurring,
    paymentFailedAt,
    monthlyCredits,
    monthlyCreditsLeft,
    packCredits,
    creditsLeft: monthlyCreditsLeft + packCredits,
    imagesLimit,
    imagesLeft: Math.max(0, imagesLimit - counts.imagesUsed),
    resetsAt: nextMonth(counts.lastReset ?? startedAt ?? counts.createdAt, startedAt),
    packs: standing.packs.filter((pack) => leftOf(pack) > 0).map(packView),
    allowed: allowedActions(standing.subscription, { isScheduled: isRecurring }),
  }
}

const packView = (pack: Pack): PackView => ({
  id: pack.id,
  packSize: pack.packSize,
  credits: pack.credits,
  creditsLeft: leftOf(pack),
  expiresAt: pack.expiresAt,
})
