// A person's subscription: opened once, brought up to date whenever it is touched.
import type { Rows, Tx } from '../database/rows.ts'
import { ConflictError } from '../errors.ts'
import { applyTransition, type Sources, type Subscription, writeEvent } from './events.ts'
import { openPacks, type Pack, sumLeft, writePacks } from './packs.ts'
import { isScheduled } from './schedules.ts'
import { type Standing, standingAt, termsOf } from './standing.ts'

/**
 * Every subject has one subscription, FREE to begin with; one that exists is left as it is. Packs may be there before it,
 * where it was lost: what they have left is not. Throws ConflictError for the erased.
 */
export function openSubscription(
  tx: Tx<'billing'>,
  { userId }: { readonly userId: string },
  sources: Sources,
): Subscription {
  const existing = tx.find('Subscription', { userId })
  if (existing) return existing
  if (isErased(tx, userId)) throw new ConflictError('This person was erased: there is nobody to hold a subscription')
  const now = sources.now()
  const opened: Subscription = {
    id: sources.newId(),
    userId,
    ...termsOf('FREE'),
    status: 'active',
    payfastToken: null,
    credits: sumLeft(openPacks(tx, userId)),
    creditsUsed: 0,
    imagesUsed: 0,
    startedAt: now,
    nextBilling: null,
    lastReset: now,
    paymentFailedAt: null,
    retryCount: 0,
    nextTier: null,
    createdAt: now,
    updatedAt: now,
  }
  tx.insert('Subscription', opened)
  writeEvent(tx, 'activated', { after: opened }, { actor: 'system' }, sources)
  return opened
}

export const isErased = (rows: Rows<'billing'>, subjectId: string): boolean =>
  rows.find('Tombstone', { subjectId }) !== undefined

/** The subscription and its open packs as they are at `now`, without writing; undefined where there is none. */
export function findStanding(rows: Rows<'billing'>, userId: string, now: Date): Standing | undefined {
  const subscription = rows.find('Subscription', { userId })
  return subscription && standing(rows, subscription, openPacks(rows, userId), now)
}

const standing = (rows: Rows<'billing'>, subscription: Subscription, packs: readonly Pack[], now: Date): Standing =>
  standingAt(subscription, packs, () => isScheduled(rows, subscription.userId), now)

/** Writes what time has brought: packs that expired, a new month's allowance, the end of the paid period. */
export function bringUpToDate(tx: Tx<'billing'>, subscription: Subscription, sources: Sources): Standing {
  const packs = openPacks(tx, subscription.userId)
  const found = standing(tx, subscription, packs, sources.now())
  writePacks(tx, packs, found.packs)
  const { credits } = found.subscription
  let written = { ...subscription, credits }
  if (credits !== subscription.credits) {
    tx.update('Subscription', { id: subscription.id }, { credits, updatedAt: sources.now() })
  }
  for (const { action, changes } of found.steps) {
    written = applyTransition(tx, written, action, changes, { actor: 'system' }, sources)
  }
  return { ...found, subscription: written }
}

/** Opened where there is none, and up to date: what every change begins with. */
export const currentStanding = (tx: Tx<'billing'>, userId: string, sources: Sources): Standing =>
  bringUpToDate(tx, openSubscription(tx, { userId }, sources), sources)

export const currentSubscription = (tx: Tx<'billing'>, userId: string, sources: Sources): Subscription =>
  currentStanding(tx, userId, sources).subscription
