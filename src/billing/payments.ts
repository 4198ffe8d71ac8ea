// Payments that PayFast reports, each of which takes effect once.
import type { Rows, Tx } from '../database/rows.ts'
import { UsageError } from '../errors.ts'
import { chargePaid, chargeRefused } from './charges.ts'
import { type PaymentKind, priceOf } from './checkout.ts'
import { grantPack } from './credits.ts'
import { applyTransition, type Sources } from './events.ts'
import { activate } from './paid-months.ts'
import { addPayment } from './processed-payments.ts'
import { activeSchedule } from './schedules.ts'
import { currentSubscription, isErased } from './subscriptions.ts'
import { cancel } from './tier-changes.ts'
import { requirePackSize, requirePaidTier } from './tiers.ts'
import { isAllowed } from './transitions.ts'

export interface Payment {
  /** PayFast's pf_payment_id. */
  readonly paymentId: string
  readonly kind: PaymentKind
  /** A paid tier, or the size of a pack. */
  readonly what: string
  readonly amountCents: number
  readonly userId: string
  /** m_payment_id: of a checkout or of a charge of ours. */
  readonly checkoutId?: string | undefined
  readonly token?: string | undefined
  readonly actor: string
}

/**
 * A confirmed payment. Throws UsageError, with nothing written, where the amount is neither the price nor that of its
 * agreement; for a charge of ours, not what was charged.
 */
export function recordPayment(tx: Tx<'billing'>, payment: Payment, sources: Sources): 'applied' | 'repeat' {
  const { paymentId, checkoutId } = payment
  if (tx.find('ProcessedPayment', { pfPaymentId: paymentId })) return 'repeat'
  const attempt = checkoutId === undefined ? undefined : tx.find('ChargeAttempt', { id: checkoutId })
  if (attempt || !isAgreed(tx, payment))
    requireAmount(payment, attempt?.amountCents ?? priceOf(payment.kind, payment.what))
  if (attempt) return chargePaid(tx, { attemptId: attempt.id, paymentId }, sources)
  addPayment(tx, { type: payment.kind, ...payment }, sources)
  // The money came and stays on record; there is nobody to give anything to.
  if (!isErased(tx, payment.userId)) grantPayment(tx, payment, sources)
  return 'applied'
}

/** Prices change; an agreement keeps the one that it was made at. */
function isAgreed(rows: Rows<'billing'>, { kind, what, token, userId, amountCents }: Payment): boolean {
  if (kind !== 'subscription' || token === undefined) return false
  return rows.find('RecurringSchedule', { userId, token, tier: what, amountCents, status: 'active' }) !== undefined
}

function requireAmount({ amountCents }: Payment, expected: number): void {
  if (amountCents === expected) return
  throw new UsageError(`The payment is of ${amountCents} cents, expected ${expected}`, {
    errors: [{ at: 'amountCents', message: `expected ${expected}` }],
  })
}

function grantPayment(tx: Tx<'billing'>, payment: Payment, sources: Sources): void {
  const { userId, kind, what, actor, token, paymentId, checkoutId } = payment
  if (kind === 'subscription') activate(tx, { userId, tier: requirePaidTier(what), token, actor }, sources)
  else grantPack(tx, { userId, packSize: requirePackSize(what), paymentId, purchaseId: checkoutId, actor }, sources)
}

export interface FailedPayment {
  /** PayFast's payment_status. */
  readonly status: 'FAILED' | 'CANCELLED'
  readonly kind: PaymentKind
  readonly what: string
  readonly userId: string
  readonly checkoutId?: string | undefined
  readonly token?: string | undefined
  readonly actor: string
}

/** A payment that did not come, or an agreement that was ended at PayFast. `ignored` where it changes nothing (any more). */
export function failPayment(tx: Tx<'billing'>, failed: FailedPayment, sources: Sources): 'applied' | 'ignored' {
  if (isErased(tx, failed.userId)) return 'ignored'
  if (failed.status === 'CANCELLED') return endAgreement(tx, failed, sources)
  const { checkoutId } = failed
  if (checkoutId !== undefined && tx.find('ChargeAttempt', { id: checkoutId })) {
    const outcome = chargeRefused(tx, { attemptId: checkoutId, reason: 'failed' }, sources)
    return outcome === 'applied' ? 'applied' : 'ignored'
  }
  return failed.kind === 'credit_pack' ? failPurchase(tx, failed) : missPayment(tx, failed, sources)
}

function failPurchase(tx: Tx<'billing'>, { userId, checkoutId }: FailedPayment): 'applied' | 'ignored' {
  if (checkoutId === undefined) return 'ignored'
  const failed = tx.update('CreditPurchase', { id: checkoutId, userId, status: 'pending' }, { status: 'failed' })
  return failed === 0 ? 'ignored' : 'applied'
}

/** A first payment that failed leaves what is running and paid; only a period that is over becomes past due. */
function missPayment(
  tx: Tx<'billing'>,
  { userId, what, actor }: FailedPayment,
  sources: Sources,
): 'applied' | 'ignored' {
  const subscription = currentSubscription(tx, userId, sources)
  const { status, tier, nextBilling } = subscription
  const now = sources.now()
  if (status !== 'active' || tier !== what || nextBilling === null || nextBilling > now) return 'ignored'
  const changes = { paymentFailedAt: now, retryCount: subscription.retryCount + 1 }
  applyTransition(tx, subscription, 'miss_payment', changes, { actor }, sources)
  return 'applied'
}

function endAgreement(
  tx: Tx<'billing'>,
  { userId, token, actor }: FailedPayment,
  sources: Sources,
): 'applied' | 'ignored' {
  const schedule = activeSchedule(tx, userId)
  if (!schedule || (token !== undefined && schedule.token !== token)) return 'ignored'
  const subscription = currentSubscription(tx, userId, sources)
  if (subscription.tier === 'FREE' || !isAllowed('cancel', subscription.status)) return 'ignored'
  cancel(tx, { userId, actor }, sources)
  return 'applied'
}
