// The events of billing.db: one for each change that was answered, in a chain that leads to the subscription as it is.
import { type Checking, sameTally, tally } from './checker.ts'

interface Event {
  readonly subscriptionId: string
  readonly userId: string
  readonly event: string
  readonly fromTier: string | null
  readonly toTier: string
  readonly fromStatus: string | null
  readonly toStatus: string
  readonly actor: string
  readonly credits: number | null
  readonly voucherType: string | null
}

interface Subscription {
  readonly id: string
  readonly userId: string
  readonly tier: string
  readonly status: string
}

/** A payment says so by one of these. */
const PAID = ['activated', 'payment_succeeded', 'upgraded', 'downgraded']

export function checkEvents(checking: Checking, subscriptions: readonly Subscription[]): void {
  const events = checking.rows<Event>(
    'billing',
    `select subscriptionId, userId, event, fromTier, toTier, fromStatus, toStatus, actor, meta ->> 'credits' as credits,
            meta ->> 'voucherType' as voucherType from "SubscriptionEvent" order by rowid`,
  )
  checkChains(checking, subscriptions, events)
  checkCauses(checking, events)
}

function checkChains({ same }: Checking, subscriptions: readonly Subscription[], events: readonly Event[]): void {
  const last = new Map<string, readonly (string | null)[]>()
  for (const { subscriptionId, fromTier, fromStatus, toTier, toStatus } of events) {
    same(`chain: ${subscriptionId}`, [fromTier, fromStatus], last.get(subscriptionId) ?? [null, null])
    last.set(subscriptionId, [toTier, toStatus])
  }
  for (const { id, tier, status } of subscriptions) same(`chain: ${id}`, last.get(id), [tier, status])
}

function checkCauses(checking: Checking, events: readonly Event[]): void {
  const { ledger, payfast } = checking.told
  const owners = new Map(
    checking
      .rows<{ id: string; userId: string }>('billing', 'select id, userId from "ChargeAttempt"')
      .map(({ id, userId }) => [id, userId]),
  )
  const charged = payfast.ledger.map(({ attemptId }) => owners.get(attemptId) ?? attemptId)
  const paid = events.filter(({ actor, event }) => actor === 'payfast' && PAID.includes(event))
  const users = (found: readonly { readonly userId: string }[]) => tally(found, ({ userId }) => userId)
  const payers = [...ledger.payments.map(({ userId }) => userId), ...charged]
  sameTally(checking, 'events of payments', users(paid), tally(payers, String))
  sameTally(
    checking,
    'events of vouchers',
    tally(
      events.filter(({ voucherType }) => voucherType !== null),
      ({ userId, voucherType }) => `${userId} ${voucherType}`,
    ),
    tally(ledger.redemptions, ({ userId, type }) => `${userId} ${type}`),
  )
  const administered = events.filter(({ event }) => event === 'admin_override')
  sameTally(
    checking,
    'events of adjustments',
    tally(
      administered.filter(({ credits }) => credits !== null),
      ({ userId, credits }) => `${userId} ${credits}`,
    ),
    tally(ledger.adjustments, ({ userId, credits }) => `${userId} ${credits}`),
  )
  sameTally(
    checking,
    'events of overrides',
    tally(
      administered.filter(({ credits }) => credits === null),
      ({ userId, toTier }) => `${userId} ${toTier}`,
    ),
    tally(ledger.overrides, ({ userId, tier }) => `${userId} ${tier}`),
  )
  const cancelled = events.filter(({ event, actor }) => event === 'cancelled' && actor !== 'payfast')
  sameTally(checking, 'events of cancellations', users(cancelled), users(ledger.cancellations))
}
