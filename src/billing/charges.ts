// Recurring charges, made by us through PayFast, each exactly once. An attempt is written before money moves and its id
// goes along; whatever becomes of the answer, the outcome is found again by that id. While an attempt of a person is open,
// no other is begun for them.
import { timeText } from '../database/row-codec.ts'
import type { RowOf, Rows, Tx } from '../database/rows.ts'
import { NotFoundError } from '../errors.ts'
import { refuseRenewal, refuseUpgrade } from './charge-refusals.ts'
import { listed } from './due.ts'
import { applyTransition, type Sources, type Subscription } from './events.ts'
import { addMinutes } from './months.ts'
import { giveMonth, keepOnRecord, monthChanges } from './paid-months.ts'
import { addPayment } from './processed-payments.ts'
import { isRestricted } from './restricted.ts'
import { alignSchedules, chargesUpgrade, hasOpenAttempt, isOvertaken, type Schedule } from './schedules.ts'
import { bringUpToDate, currentSubscription, isErased } from './subscriptions.ts'
import { isPaidTier, requirePaidTier, TIER_NAMES } from './tiers.ts'
import { STATUSES } from './transitions.ts'

export type ChargeAttempt = RowOf<'billing', 'ChargeAttempt'>

/** PayFast's history may lag: only what it lacks after so long was never charged. */
const LOST_AFTER_MINUTES = 15
const FIRST_CHECK_MINUTES = 2
const LONGEST_CHECK_MINUTES = 60

const ODD = `(o.tier not in ${listed(TIER_NAMES)} or o.status not in ${listed(STATUSES)})`

/** Schedules whose charge may begin, the longest due first; those of subscriptions that make no sense are left out. */
export const dueSchedules = (rows: Rows<'billing'>, now: Date, limit: number): readonly { readonly id: string }[] =>
  rows.all<{ id: string }>(
    `select s.id from "RecurringSchedule" s
        where s.status = 'active' and s.nextChargeAt <= ?
          and not exists (select 1 from "ChargeAttempt" a where a.userId = s.userId and a.status = 'started')
          and not exists (select 1 from "RestrictedSubject" x where x.subjectId = s.userId)
          and not exists (select 1 from "Subscription" o where o.userId = s.userId and ${ODD})
        order by s.nextChargeAt limit ?`,
    timeText(now),
    limit,
  )

/** Attempts whose outcome is to be looked up at PayFast, the longest due first. */
export const openAttempts = (rows: Rows<'billing'>, now: Date, limit = 50): readonly ChargeAttempt[] =>
  rows
    .all<{ id: string }>(
      `select id from "ChargeAttempt" where status = 'started' and checkAt <= ? order by checkAt limit ?`,
      timeText(now),
      limit,
    )
    .flatMap(({ id }) => rows.find('ChargeAttempt', { id }) ?? [])

export interface BegunCharge {
  readonly attempt: ChargeAttempt
  /** PayFast's name for the agreement. */
  readonly token: string
}

/** Undefined when nothing is due (any more), or a charge of this person is still open. */
export function beginAttempt(tx: Tx<'billing'>, scheduleId: string, sources: Sources): BegunCharge | undefined {
  const schedule = tx.find('RecurringSchedule', { id: scheduleId })
  if (!schedule || !isDue(schedule, sources.now()) || hasOpenAttempt(tx, schedule.userId)) return undefined
  if (isRestricted(tx, schedule.userId)) return undefined
  const found = tx.find('Subscription', { userId: schedule.userId })
  const subscription = found && bringUpToDate(tx, found, sources).subscription
  if (!subscription || !isChargeable(subscription, schedule)) {
    tx.update('RecurringSchedule', { id: scheduleId }, { status: 'cancelled', updatedAt: sources.now() })
    return undefined
  }
  const startedAt = sources.now()
  const attempt: ChargeAttempt = {
    id: attemptId(tx, schedule),
    scheduleId,
    userId: schedule.userId,
    tier: schedule.tier,
    amountCents: schedule.amountCents,
    status: 'started',
    pfPaymentId: null,
    reason: null,
    startedAt,
    checkAt: addMinutes(startedAt, FIRST_CHECK_MINUTES),
    endedAt: null,
  }
  tx.insert('ChargeAttempt', attempt)
  return { attempt, token: schedule.token }
}

const isDue = ({ status, nextChargeAt }: Schedule, now: Date): boolean => status === 'active' && nextChargeAt <= now

const isChargeable = ({ tier, status }: Subscription, schedule: Schedule): boolean =>
  isPaidTier(tier) && isPaidTier(schedule.tier) && (status === 'active' || status === 'past_due')

/** `<schedule>-<period>-<try>`: derived, so that whoever begins the same gets the same. */
function attemptId(tx: Tx<'billing'>, { id, chargeCount, failedCount }: Schedule): string {
  let attempt = failedCount
  while (tx.find('ChargeAttempt', { id: `${id}-${chargeCount}-${attempt}` })) attempt++
  return `${id}-${chargeCount}-${attempt}`
}

export interface PaidCharge {
  readonly attemptId: string
  /** PayFast's pf_payment_id; an answer may lack it, and the notification brings it. */
  readonly paymentId?: string | undefined
}

/** The money came, whatever was thought of the attempt before: its month is given once. Throws NotFoundError. */
export function chargePaid(
  tx: Tx<'billing'>,
  { attemptId, paymentId }: PaidCharge,
  sources: Sources,
): 'applied' | 'repeat' {
  const attempt = requireAttempt(tx, attemptId)
  const { userId, amountCents } = attempt
  if (paymentId !== undefined) addPayment(tx, { paymentId, type: 'subscription', amountCents, userId }, sources)
  const pfPaymentId = attempt.pfPaymentId ?? paymentId ?? null
  if (attempt.status === 'paid') {
    if (pfPaymentId !== attempt.pfPaymentId) tx.update('ChargeAttempt', { id: attempt.id }, { pfPaymentId })
    return 'repeat'
  }
  const endedAt = sources.now()
  tx.update('ChargeAttempt', { id: attempt.id }, { status: 'paid', pfPaymentId, reason: null, endedAt })
  const schedule = tx.find('RecurringSchedule', { id: attempt.scheduleId })
  if (schedule) countCharge(tx, schedule, sources)
  if (!isErased(tx, userId)) giveChargedMonth(tx, attempt, schedule, sources)
  return 'applied'
}

function countCharge(tx: Tx<'billing'>, schedule: Schedule, { now }: Sources): void {
  const chargeCount = schedule.chargeCount + 1
  const isLast = schedule.status === 'active' && chargeCount >= schedule.maxCharges
  const changes = { chargeCount, lastChargedAt: now(), updatedAt: now() }
  tx.update('RecurringSchedule', { id: schedule.id }, isLast ? { ...changes, status: 'completed' } : changes)
}

function giveChargedMonth(
  tx: Tx<'billing'>,
  attempt: ChargeAttempt,
  schedule: Schedule | undefined,
  sources: Sources,
): void {
  const subscription = currentSubscription(tx, attempt.userId, sources)
  const tier = requirePaidTier(attempt.tier)
  const cause = { actor: 'payfast' }
  if (isOvertaken(subscription, tier, schedule, sources.now())) {
    keepOnRecord(tx, subscription, tier, cause, sources)
  } else if (subscription.status === 'cancelled') {
    const changes = monthChanges(subscription, tier, sources.now())
    applyTransition(tx, subscription, 'renew_last', changes, cause, sources)
  } else {
    const renewed = giveMonth(tx, subscription, tier, cause, sources)
    alignSchedules(tx, subscription, renewed, sources)
  }
}

export interface EndedCharge {
  readonly attemptId: string
  /** PayFast's code, or a word. */
  readonly reason: string
}

/** PayFast refused: an upgrade is put back, a renewal is tried again after 1, 3 and 5 days. Throws NotFoundError. */
export function chargeRefused(
  tx: Tx<'billing'>,
  { attemptId, reason }: EndedCharge,
  sources: Sources,
): 'applied' | 'repeat' {
  const attempt = requireAttempt(tx, attemptId)
  if (attempt.status !== 'started') return 'repeat'
  endAttempt(tx, attempt, reason, sources)
  const schedule = tx.find('RecurringSchedule', { id: attempt.scheduleId })
  // Cancelled, replaced or paid otherwise meanwhile: then nothing is missing.
  if (!schedule || !isDue(schedule, sources.now()) || isErased(tx, attempt.userId)) return 'applied'
  const subscription = currentSubscription(tx, attempt.userId, sources)
  if (chargesUpgrade(subscription, schedule)) refuseUpgrade(tx, subscription, schedule, sources)
  else refuseRenewal(tx, subscription, schedule, sources)
  return 'applied'
}

/** Nobody knows whether the charge was made: the attempt stays open, to be looked up later and later. */
export function chargeUnknown(tx: Tx<'billing'>, { attemptId, reason }: EndedCharge, sources: Sources): void {
  const attempt = requireAttempt(tx, attemptId)
  const changes = { reason, checkAt: nextCheck(attempt, sources.now()) }
  tx.update('ChargeAttempt', { id: attemptId, status: 'started' }, changes)
}

/** PayFast's history lacks the charge. Once that is certain, it may be made again and counts as no refusal. */
export function chargeAbsent(
  tx: Tx<'billing'>,
  { attemptId }: Pick<EndedCharge, 'attemptId'>,
  sources: Sources,
): 'lost' | 'open' {
  const attempt = requireAttempt(tx, attemptId)
  if (attempt.status !== 'started') return attempt.reason === 'lost' ? 'lost' : 'open'
  const now = sources.now()
  if (now >= addMinutes(attempt.startedAt, LOST_AFTER_MINUTES)) {
    endAttempt(tx, attempt, 'lost', sources)
    return 'lost'
  }
  tx.update('ChargeAttempt', { id: attemptId }, { checkAt: nextCheck(attempt, now) })
  return 'open'
}

function requireAttempt(tx: Tx<'billing'>, id: string): ChargeAttempt {
  const attempt = tx.find('ChargeAttempt', { id })
  if (attempt) return attempt
  throw new NotFoundError(`No charge attempt has the id ${id}`)
}

function endAttempt(tx: Tx<'billing'>, { id }: ChargeAttempt, reason: string, { now }: Sources): void {
  tx.update('ChargeAttempt', { id }, { status: 'failed', reason, endedAt: now() })
}

/** As long again as the attempt has been open, within bounds. */
function nextCheck({ startedAt }: ChargeAttempt, now: Date): Date {
  const minutes = (now.getTime() - startedAt.getTime()) / 60_000
  return addMinutes(now, Math.min(LONGEST_CHECK_MINUTES, Math.max(FIRST_CHECK_MINUTES, minutes)))
}
