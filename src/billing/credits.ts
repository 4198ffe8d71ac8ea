// Spending, buying and adjusting credits and images.
import type { Tx } from '../database/rows.ts'
import { ConflictError, UsageError } from '../errors.ts'
import { applyTransition, type Cause, type Sources, type Subscription } from './events.ts'
import { addMonths } from './months.ts'
import { heal, openPacks, takeFrom, writePacks } from './packs.ts'
import { currentStanding, currentSubscription } from './subscriptions.ts'
import { MAX_CREDITS, PACK_MONTHS, PACKS, type PackSize } from './tiers.ts'
import { requireAllowed } from './transitions.ts'

export interface Spending {
  readonly userId: string
  readonly credits: number
  readonly images: number
}

export interface Spent {
  readonly fromAllowance: number
  /** Beyond the allowance: packs by their expiry, then credits that belong to none. */
  readonly fromPacks: number
  /** Of allowance and packs together. */
  readonly creditsLeft: number
  readonly imagesLeft: number
}

/** All of it or nothing. Throws ConflictError with what is left, UsageError where a number is none to spend. */
export function spend(tx: Tx<'billing'>, { userId, credits, images }: Spending, sources: Sources): Spent {
  requireCount('credits', credits)
  requireCount('images', images)
  const { subscription, packs } = currentStanding(tx, userId, sources)
  requireAllowed(subscription, 'spend')
  const left = allowanceLeft(subscription)
  requireLeft('credits', credits, left.credits + subscription.credits)
  requireLeft('images', images, left.images)
  const fromAllowance = Math.min(credits, left.credits)
  const fromPacks = credits - fromAllowance
  if (fromPacks > 0) writePacks(tx, packs, takeFrom(packs, fromPacks))
  const changes = {
    creditsUsed: subscription.creditsUsed + fromAllowance,
    credits: subscription.credits - fromPacks,
    imagesUsed: subscription.imagesUsed + images,
  }
  tx.update('Subscription', { id: subscription.id }, { ...changes, updatedAt: sources.now() })
  const creditsLeft = left.credits + subscription.credits - credits
  return { fromAllowance, fromPacks, creditsLeft, imagesLeft: left.images - images }
}

function allowanceLeft(subscription: Subscription): { credits: number; images: number } {
  const { monthlyCredits, creditsUsed, imagesLimit, imagesUsed } = subscription
  return { credits: Math.max(0, monthlyCredits - creditsUsed), images: Math.max(0, imagesLimit - imagesUsed) }
}

function requireCount(name: string, count: number): void {
  if (Number.isSafeInteger(count) && count >= 0) return
  throw new UsageError(`${name} must be a whole number, zero or more; came ${count}`)
}

function requireLeft(name: 'credits' | 'images', asked: number, left: number): void {
  if (asked <= left) return
  throw new ConflictError(`Not enough ${name}: ${asked} asked for, ${left} left`, {
    hint:
      name === 'credits' ? 'Buy a pack or move to a higher tier.' : 'Wait for the next month or move to a higher tier.',
    errors: [{ at: name, message: `${left} left` }],
  })
}

export interface PackGrant extends Cause {
  readonly userId: string
  readonly packSize: PackSize
  readonly paymentId?: string | undefined
  /** A purchase that awaits its payment; without one, or where it is complete already, the pack gets a row of its own. */
  readonly purchaseId?: string | undefined
}

/** A paid pack, valid for 12 months from now. Returns the purchase's id. */
export function grantPack(tx: Tx<'billing'>, grant: PackGrant, sources: Sources): string {
  const { userId, packSize, actor, meta } = grant
  const subscription = currentSubscription(tx, userId, sources)
  const id = completePurchase(tx, grant, sources)
  const credits = subscription.credits + PACKS[packSize].credits
  const cause = { actor, meta: { ...meta, pack: packSize } }
  applyTransition(tx, subscription, 'take_payment', { credits }, cause, sources)
  return id
}

function completePurchase(tx: Tx<'billing'>, { userId, packSize, ...grant }: PackGrant, sources: Sources): string {
  const now = sources.now()
  const paid = {
    credits: PACKS[packSize].credits,
    creditsUsed: 0,
    pfPaymentId: grant.paymentId ?? null,
    status: 'complete',
    expiresAt: addMonths(now, PACK_MONTHS),
  }
  const awaited = grant.purchaseId === undefined ? undefined : tx.find('CreditPurchase', { id: grant.purchaseId })
  if (awaited && awaited.userId === userId && awaited.packSize === packSize && awaited.status !== 'complete') {
    tx.update('CreditPurchase', { id: awaited.id }, paid)
    return awaited.id
  }
  const id = sources.newId()
  tx.insert('CreditPurchase', { id, userId, packSize, ...paid, createdAt: now })
  return id
}

export interface Adjustment extends Cause {
  readonly userId: string
  /** Added to the balance beyond the allowance, or taken from it where negative. */
  readonly credits: number
}

/** An administrator's correction; returns the balance. Throws ConflictError below zero or above the highest balance. */
export function adjust(
  tx: Tx<'billing'>,
  { userId, credits, actor, meta }: Adjustment,
  sources: Sources,
): { readonly credits: number } {
  if (!Number.isSafeInteger(credits) || credits === 0) {
    throw new UsageError(`An adjustment must be a whole number other than zero; came ${credits}`)
  }
  const subscription = currentSubscription(tx, userId, sources)
  const balance = subscription.credits + credits
  if (balance < 0) requireLeft('credits', -credits, subscription.credits)
  if (credits > 0) requireRoom(balance)
  const cause = { actor, meta: { ...meta, credits } }
  applyTransition(tx, subscription, 'adjust', { credits: balance }, cause, sources)
  if (credits < 0) healPacks(tx, userId, balance)
  return { credits: balance }
}

/** Throws ConflictError. */
export function requireRoom(balance: number): void {
  if (balance <= MAX_CREDITS) return
  throw new ConflictError(`A balance of ${balance} credits is more than the ${MAX_CREDITS} that one may hold`, {
    errors: [{ at: 'credits', message: `at most ${MAX_CREDITS}` }],
  })
}

function healPacks(tx: Tx<'billing'>, userId: string, balance: number): void {
  const packs = openPacks(tx, userId)
  writePacks(tx, packs, heal(packs, balance))
}
