// The beginning of a payment: what is bought, at which price, under which id.
import type { Tx } from '../database/rows.ts'
import { UsageError } from '../errors.ts'
import { requireRoom } from './credits.ts'
import type { Sources, Subscription } from './events.ts'
import { activeSchedule } from './schedules.ts'
import { currentSubscription } from './subscriptions.ts'
import { compareTiers, PACKS, type PaidTier, requirePackSize, requirePaidTier, TIERS, tierOf } from './tiers.ts'
import { refusal } from './transitions.ts'

/** PayFast's custom_str1. */
export type PaymentKind = 'subscription' | 'credit_pack'

export interface CheckoutRequest {
  readonly userId: string
  readonly kind: PaymentKind
  /** A paid tier, or the size of a pack: PayFast's custom_str2. */
  readonly what: string
}

export interface Checkout {
  /** Goes to PayFast as m_payment_id; of a pack, the id of its pending purchase. */
  readonly id: string
  readonly amountCents: number
  readonly itemName: string
  /** Whether the payment includes an agreement for charges to come. */
  readonly recurring: boolean
}

/** The price in cents. Throws UsageError for what isn't sold. */
export function priceOf(kind: PaymentKind, what: string): number {
  if (kind === 'subscription') return TIERS[requirePaidTier(what)].priceCents
  if (kind === 'credit_pack') return PACKS[requirePackSize(what)].priceCents
  throw new UsageError('This kind of payment is unknown: expected subscription or credit_pack')
}

/** Throws ConflictError where the purchase makes no sense now, UsageError for what isn't sold. */
export function beginCheckout(tx: Tx<'billing'>, { userId, kind, what }: CheckoutRequest, sources: Sources): Checkout {
  const amountCents = priceOf(kind, what)
  const subscription = currentSubscription(tx, userId, sources)
  const id = sources.newId()
  if (kind === 'subscription') {
    requireSense(tx, subscription, requirePaidTier(what))
    return { id, amountCents, itemName: `GOGGA ${what}, by the month`, recurring: true }
  }
  const packSize = requirePackSize(what)
  const { credits } = PACKS[packSize]
  requireRoom(subscription.credits + credits)
  const createdAt = sources.now()
  tx.insert('CreditPurchase', { id, userId, packSize, credits, creditsUsed: 0, status: 'pending', createdAt })
  return { id, amountCents, itemName: `GOGGA pack of ${credits} credits`, recurring: false }
}

function requireSense(tx: Tx<'billing'>, subscription: Subscription, tier: PaidTier): void {
  const current = tierOf(subscription)
  const { status, userId } = subscription
  if (current === 'FREE' || status === 'pending') return
  const compared = compareTiers(tier, current)
  const isScheduled = activeSchedule(tx, userId) !== undefined
  if (compared === 0 && status === 'active' && isScheduled) {
    throw refusal(subscription, { isScheduled, refused: 'check_out' }, `${tier} is running and renews itself`)
  }
  if (compared >= 0) return
  const hint = isScheduled ? 'Ask for the downgrade instead.' : `Check out when ${current} has ended.`
  throw refusal(
    subscription,
    { isScheduled, refused: 'check_out' },
    `${tier} is lower than the running ${current}`,
    hint,
  )
}
