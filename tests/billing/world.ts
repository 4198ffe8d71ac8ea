// billing.db with subscriptions as a test wants them, and what must hold in it whatever happened.

import type { Subscription } from '../../src/billing/events.ts'
import type { Pack } from '../../src/billing/packs.ts'
import type { Schedule } from '../../src/billing/schedules.ts'
import type { RowOf, Rows, Tx } from '../../src/database/rows.ts'
import { START, withFile } from '../helpers/one-file.ts'

export { START }
export type BillingTx = Tx<'billing'>
export type World = Parameters<Parameters<typeof withBilling>[0]>[0]

export const DAY = 86_400_000
export const days = (count: number, from = START): Date => new Date(from.getTime() + count * DAY)
export const minutes = (count: number, from = START): Date => new Date(from.getTime() + count * 60_000)

export const withBilling = <T>(
  work: (world: {
    change: <R>(work: (tx: BillingTx) => R) => Promise<R>
    rows: Rows<'billing'>
    sources: { now: () => Date; newId: () => string; setNow(time: Date): void }
  }) => Promise<T>,
): Promise<T> =>
  withFile('billing', ({ file, sources }) => work({ change: (run) => file.change(run), rows: file.rows, sources }))

/** JIVE, active, in the middle of its period, unless `changes` says otherwise. */
export function putSubscription(tx: BillingTx, changes: Partial<Subscription> = {}): Subscription {
  const row: Subscription = {
    id: `sub-${changes.userId ?? 'ann'}`,
    userId: 'ann',
    tier: 'JIVE',
    status: 'active',
    payfastToken: null,
    credits: 0,
    creditsUsed: 0,
    monthlyCredits: 500_000,
    imagesUsed: 0,
    imagesLimit: 200,
    startedAt: days(-10),
    nextBilling: days(20),
    lastReset: days(-10),
    paymentFailedAt: null,
    retryCount: 0,
    nextTier: null,
    createdAt: days(-10),
    updatedAt: days(-10),
    ...changes,
  }
  tx.insert('Subscription', row)
  return row
}

export const FREE = { tier: 'FREE', monthlyCredits: 0, imagesLimit: 50, nextBilling: null } as const
export const JIGGA = { tier: 'JIGGA', monthlyCredits: 2_000_000, imagesLimit: 1_000 } as const

export function putSchedule(tx: BillingTx, changes: Partial<Schedule> = {}): Schedule {
  const row: Schedule = {
    id: 'sched',
    userId: 'ann',
    tier: 'JIVE',
    amountCents: 9_900,
    token: 'tok',
    frequency: 'monthly',
    nextChargeAt: days(20),
    lastChargedAt: null,
    chargeCount: 0,
    maxCharges: 12,
    status: 'active',
    failedCount: 0,
    createdAt: days(-10),
    updatedAt: days(-10),
    ...changes,
  }
  tx.insert('RecurringSchedule', row)
  return row
}

export function putPack(tx: BillingTx, changes: Partial<Pack> = {}): Pack {
  const row: Pack = {
    id: 'pack',
    userId: 'ann',
    packSize: '200',
    credits: 50_000,
    creditsUsed: 0,
    pfPaymentId: null,
    status: 'complete',
    expiresAt: days(100),
    createdAt: days(-10),
    ...changes,
  }
  tx.insert('CreditPurchase', row)
  return row
}

export function mustFind<T>(found: T | undefined): T {
  if (found === undefined) throw new Error('Expected a row, found none')
  return found
}

export const subscriptionOf = (rows: Rows<'billing'>, userId = 'ann'): Subscription =>
  mustFind(rows.find('Subscription', { userId }))
export const scheduleOf = (rows: Rows<'billing'>, id = 'sched'): Schedule =>
  mustFind(rows.find('RecurringSchedule', { id }))
export const eventsOf = (rows: Rows<'billing'>, userId = 'ann'): RowOf<'billing', 'SubscriptionEvent'>[] =>
  rows.list('SubscriptionEvent', { userId })
/** `activated FREE/active by system` */
export const history = (rows: Rows<'billing'>, userId = 'ann'): string[] =>
  eventsOf(rows, userId).map(({ event, toTier, toStatus, actor }) => `${event} ${toTier}/${toStatus} by ${actor}`)

/** What holds of a subscription after every change: the problems found. */
export function problemsOf(rows: Rows<'billing'>, userId = 'ann'): string[] {
  const subscription = subscriptionOf(rows, userId)
  const problems: string[] = []
  for (const name of ['credits', 'creditsUsed', 'imagesUsed', 'retryCount'] as const) {
    if (subscription[name] < 0) problems.push(`${name} is ${subscription[name]}`)
  }
  const packs = rows.list('CreditPurchase', { userId, status: 'complete' })
  const left = packs.reduce((sum, { credits, creditsUsed }) => sum + credits - creditsUsed, 0)
  if (left > subscription.credits) problems.push(`packs have ${left} left, the balance is ${subscription.credits}`)
  if (packs.some(({ credits, creditsUsed }) => creditsUsed < 0 || creditsUsed > credits)) problems.push('a pack is off')
  return [...problems, ...chainProblems(subscription, eventsOf(rows, userId))]
}

function chainProblems(subscription: Subscription, events: readonly RowOf<'billing', 'SubscriptionEvent'>[]): string[] {
  const problems = events.slice(1).flatMap((event, at) => {
    const before = mustFind(events[at])
    const fits = event.fromTier === before.toTier && event.fromStatus === before.toStatus
    return fits ? [] : [`event ${at + 1} (${event.event}) does not follow event ${at}`]
  })
  const last = events.at(-1)
  const isLast = !last || (last.toTier === subscription.tier && last.toStatus === subscription.status)
  return isLast ? problems : [...problems, 'the last event is not the state']
}
