// Changes of tier that somebody asks for. An upgrade is paid first, a downgrade waits for the next paid month, and a
// cancelled subscription goes on until its period's end.
import type { Rows, Tx } from '../database/rows.ts'
import { ConflictError } from '../errors.ts'
import { applyTransition, type Cause, type Changes, type Sources, type Subscription } from './events.ts'
import { newPeriod } from './paid-months.ts'
import { isRestricted } from './restricted.ts'
import { activeSchedule, cancelSchedules, hasOpenAttempt, moveSchedules, retarget, type Schedule } from './schedules.ts'
import { termsOf } from './standing.ts'
import { currentSubscription } from './subscriptions.ts'
import { compareTiers, isPaidTier, type PaidTier, type Tier, tierOf } from './tiers.ts'
import { type Action, refusal, requireAllowed } from './transitions.ts'

export interface TierChange extends Cause {
  readonly userId: string
  readonly tier: Tier
}

/** Plans another tier, or takes that plan back. Tier and status stay as they are until a charge is paid. Throws ConflictError. */
export function requestTierChange(tx: Tx<'billing'>, { userId, tier }: TierChange, sources: Sources): Subscription {
  const subscription = currentSubscription(tx, userId, sources)
  if (!isPaidTier(tier)) {
    throw refuse(tx, subscription, 'change_tier', 'FREE is reached by cancelling', 'Cancel the subscription.')
  }
  const schedule = requireSchedule(tx, subscription)
  const current = tierOf(subscription)
  if (tier === current && subscription.nextTier === null)
    throw refuse(tx, subscription, 'change_tier', `Its tier is ${tier} already`)
  if (tier === subscription.nextTier) return subscription
  const isUpgrade = compareTiers(tier, current) > 0
  // Back from an upgrade that was to be charged at once means back to the period's end.
  const nextChargeAt = isUpgrade ? sources.now() : (subscription.nextBilling ?? schedule.nextChargeAt)
  retarget(tx, schedule, tier, nextChargeAt, sources.now())
  return applyTransition(
    tx,
    subscription,
    'change_tier',
    { nextTier: tier === current ? null : tier },
    { actor: 'system' },
    sources,
  )
}

const refuse = (rows: Rows<'billing'>, state: Subscription, refused: Action, message: string, hint?: string) =>
  refusal(state, { isScheduled: activeSchedule(rows, state.userId) !== undefined, refused }, message, hint)

/** A change of tier is charged by the schedule, and not while a charge's outcome is unknown. */
function requireSchedule(tx: Tx<'billing'>, subscription: Subscription): Schedule {
  const { userId } = subscription
  const schedule = activeSchedule(tx, userId)
  if (!schedule) {
    const message = 'A change of tier needs a subscription that renews itself'
    throw refuse(tx, subscription, 'change_tier', message, 'Check out for the tier instead.')
  }
  requireAllowed(subscription, 'change_tier')
  if (isRestricted(tx, userId))
    throw new ConflictError('The use of their information is restricted: nothing is charged by itself', {
      hint: 'Have the restriction lifted first.',
    })
  if (!hasOpenAttempt(tx, userId)) return schedule
  throw new ConflictError('A charge of this subscription is under way', { hint: 'Try again in some minutes.' })
}

/** Ends the subscription at its period's end; nothing is charged any more. Throws ConflictError. */
export function cancel(
  tx: Tx<'billing'>,
  { userId, ...cause }: Cause & { readonly userId: string },
  sources: Sources,
): Subscription {
  const subscription = currentSubscription(tx, userId, sources)
  requireAllowed(subscription, 'cancel')
  if (subscription.tier === 'FREE') {
    throw refuse(tx, subscription, 'cancel', 'A FREE subscription has nothing to cancel')
  }
  cancelSchedules(tx, userId, sources)
  return applyTransition(tx, subscription, 'cancel', { nextTier: null }, cause, sources)
}

/**
 * An administrator sets the tier at once, whatever the state. What was agreed to be charged stays: the tier holds for the
 * running period, and with the next charge the agreed one comes back. FREE ends the agreement.
 */
export function override(tx: Tx<'billing'>, { userId, tier, ...cause }: TierChange, sources: Sources): Subscription {
  const subscription = currentSubscription(tx, userId, sources)
  const nextTier = agreedInstead(tx, userId, tier)
  const changes = { ...overrideChanges(subscription, tier, sources.now()), nextTier }
  const overridden = applyTransition(tx, subscription, 'override', changes, cause, sources)
  if (tier === 'FREE') cancelSchedules(tx, userId, sources)
  else moveSchedules(tx, overridden, sources)
  return overridden
}

/** The tier that the agreement charges for, where that is another. */
function agreedInstead(rows: Rows<'billing'>, userId: string, tier: Tier): PaidTier | null {
  const agreed = tier === 'FREE' ? undefined : activeSchedule(rows, userId)?.tier
  return agreed !== undefined && isPaidTier(agreed) && agreed !== tier ? agreed : null
}

function overrideChanges(subscription: Subscription, tier: Tier, now: Date): Changes {
  const settled = { ...termsOf(tier), retryCount: 0, paymentFailedAt: null }
  const { nextBilling } = subscription
  if (tier === 'FREE')
    return subscription.tier === 'FREE' ? settled : { ...newPeriod(now), ...settled, nextBilling: null }
  const isRunning = subscription.tier !== 'FREE' && nextBilling !== null && nextBilling > now
  return isRunning ? settled : { ...newPeriod(now), ...settled }
}
