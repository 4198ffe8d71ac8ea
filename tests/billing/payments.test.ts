import { describe, expect, it, test } from 'vitest'
import { beginCheckout, type CheckoutRequest } from '../../src/billing/checkout.ts'
import type { Subscription } from '../../src/billing/events.ts'
import { type FailedPayment, failPayment, type Payment, recordPayment } from '../../src/billing/payments.ts'
import {
  days,
  FREE,
  history,
  JIGGA,
  mustFind,
  problemsOf,
  putPack,
  putSchedule,
  putSubscription,
  START,
  scheduleOf,
  subscriptionOf,
  withBilling,
} from './world.ts'

const jive: Payment = {
  paymentId: 'pf1',
  kind: 'subscription',
  what: 'JIVE',
  amountCents: 9_900,
  userId: 'ann',
  token: 'tok',
  actor: 'payfast',
}
const pack: Payment = {
  paymentId: 'pf2',
  kind: 'credit_pack',
  what: '200',
  amountCents: 20_000,
  userId: 'ann',
  actor: 'payfast',
}

describe('a payment takes effect once', () => {
  test('of a subscription, also before the sign-up has arrived', async () => {
    await withBilling(async ({ change, rows, sources }) => {
      expect(await change((tx) => recordPayment(tx, jive, sources))).toBe('applied')
      const after = subscriptionOf(rows)
      expect(after).toMatchObject({ tier: 'JIVE', status: 'active', payfastToken: 'tok' })
      expect(await change((tx) => recordPayment(tx, jive, sources))).toBe('repeat')
      expect(await change((tx) => recordPayment(tx, { ...jive, amountCents: 1 }, sources))).toBe('repeat')
      expect(subscriptionOf(rows)).toEqual(after)
      expect(rows.list('RecurringSchedule', {})).toMatchObject([{ tier: 'JIVE', token: 'tok', status: 'active' }])
      const kept = { pfPaymentId: 'pf1', type: 'subscription', amountCents: 9_900, userId: 'ann', processedAt: START }
      expect(rows.list('ProcessedPayment', {})).toMatchObject([kept])
      expect(history(rows)).toEqual(['activated FREE/active by system', 'activated JIVE/active by payfast'])
    })
  })

  test('of a pack, whose checkout waits for it', async () => {
    await withBilling(async ({ change, rows, sources }) => {
      const request = { userId: 'ann', kind: 'credit_pack', what: '200' } as const
      const { id } = await change((tx) => beginCheckout(tx, request, sources))
      expect(rows.find('CreditPurchase', { id })).toMatchObject({ status: 'pending', credits: 50_000, expiresAt: null })
      const paid = { ...pack, checkoutId: id }
      expect(await change((tx) => recordPayment(tx, paid, sources))).toBe('applied')
      expect(await change((tx) => recordPayment(tx, paid, sources))).toBe('repeat')
      expect(rows.list('CreditPurchase', {})).toMatchObject([{ id, status: 'complete', pfPaymentId: 'pf2' }])
      expect(subscriptionOf(rows).credits).toBe(50_000)
      expect(problemsOf(rows)).toEqual([])
    })
  })

  test('two payments of one checkout are two packs', async () => {
    await withBilling(async ({ change, rows, sources }) => {
      await change((tx) => putPack(tx, { status: 'pending' }))
      const paid = { ...pack, checkoutId: 'pack' }
      await change((tx) => recordPayment(tx, paid, sources))
      await change((tx) => recordPayment(tx, { ...paid, paymentId: 'pf3' }, sources))
      expect(subscriptionOf(rows).credits).toBe(100_000)
    })
  })

  test('money for the erased is kept on record and gives nothing', async () => {
    await withBilling(async ({ change, rows, sources }) => {
      await change((tx) => tx.insert('Tombstone', { subjectId: 'ann', erasedAt: START }))
      expect(await change((tx) => recordPayment(tx, jive, sources))).toBe('applied')
      expect(rows.list('ProcessedPayment', {})).toHaveLength(1)
      expect(rows.list('Subscription', {})).toEqual([])
      const failed = { ...jive, status: 'FAILED' } as const
      expect(await change((tx) => failPayment(tx, failed, sources))).toBe('ignored')
    })
  })
})

test('two checkouts made as FREE, the lower paid last: the higher stays', async () => {
  await withBilling(async ({ change, rows, sources }) => {
    const jigga = { ...jive, paymentId: 'pf0', what: 'JIGGA', amountCents: 29_900, token: 'higher' }
    await change((tx) => recordPayment(tx, jigga, sources))
    const paid = subscriptionOf(rows)
    expect(await change((tx) => recordPayment(tx, jive, sources))).toBe('applied')
    expect(subscriptionOf(rows)).toEqual(paid)
    expect(rows.list('RecurringSchedule', {})).toMatchObject([{ tier: 'JIGGA', token: 'higher', status: 'active' }])
    expect(rows.find('ProcessedPayment', { pfPaymentId: 'pf1' })).toMatchObject({ amountCents: 9_900 })
    expect(rows.list('SubscriptionEvent', {}).at(-1)?.meta).toBe('{"tier":"JIVE","given":false}')
  })
})

describe('nothing is written for', () => {
  it.each([
    ['less than the price', { ...jive, amountCents: 9_899 }],
    ['more than the price', { ...pack, amountCents: 20_001 }],
    ['a tier that is not sold', { ...jive, what: 'FREE', amountCents: 0 }],
    ['a name of every object', { ...jive, what: 'toString' }],
    ['a pack that is not sold', { ...pack, what: '300' }],
    ['an unknown kind', { ...pack, kind: 'gift' as 'credit_pack' }],
  ])('%s', async (_name, payment) => {
    await withBilling(async ({ change, rows, sources }) => {
      await expect(change((tx) => recordPayment(tx, payment, sources))).rejects.toMatchObject({ code: 'usage' })
      expect(rows.list('ProcessedPayment', {})).toEqual([])
      expect(rows.list('Subscription', {})).toEqual([])
    })
  })
})

describe('a checkout', () => {
  const subscription = (what: string): CheckoutRequest => ({ userId: 'ann', kind: 'subscription', what })
  const fits: readonly [string, Partial<Subscription>, boolean, string][] = [
    ['from FREE', FREE, false, 'JIVE'],
    ['of the running tier, which does not renew itself', {}, false, 'JIVE'],
    ['of a higher tier', {}, true, 'JIGGA'],
    ['past due, with another card', { status: 'past_due' }, true, 'JIVE'],
    ['after a lower tier was pending', { ...JIGGA, status: 'pending' }, false, 'JIVE'],
    ['after a cancellation', { status: 'cancelled' }, false, 'JIVE'],
    ['of a lower tier when the higher has ended', { ...JIGGA, nextBilling: START }, false, 'JIVE'],
  ]
  it.each(fits)('%s', async (_name, row, scheduled, what) => {
    await withBilling(async ({ change, sources }) => {
      await change((tx) => {
        putSubscription(tx, row)
        if (scheduled) putSchedule(tx)
      })
      const checkout = await change((tx) => beginCheckout(tx, subscription(what), sources))
      const amountCents = what === 'JIVE' ? 9_900 : 29_900
      expect(checkout).toEqual({
        id: expect.any(String),
        amountCents,
        itemName: `GOGGA ${what}, by the month`,
        recurring: true,
      })
    })
  })

  const refused: readonly [string, Partial<Subscription>, CheckoutRequest, string, string][] = [
    ['of what renews itself', {}, subscription('JIVE'), 'conflict', 'renews itself'],
    ['of a lower tier', JIGGA, subscription('JIVE'), 'conflict', 'lower than the running JIGGA'],
    ['of FREE', {}, subscription('FREE'), 'usage', 'tier is not sold'],
    ['of an unknown pack', {}, { userId: 'ann', kind: 'credit_pack', what: '300' }, 'usage', 'expected 200, 500'],
    [
      'beyond the highest balance',
      { credits: 2e9 },
      { userId: 'ann', kind: 'credit_pack', what: '200' },
      'conflict',
      '2000050000',
    ],
  ]
  it.each(refused)('refused: %s', async (_name, row, request, code, message) => {
    await withBilling(async ({ change, rows, sources }) => {
      await change((tx) => {
        putSubscription(tx, row)
        putSchedule(tx)
      })
      const begun = change((tx) => beginCheckout(tx, request, sources))
      await expect(begun).rejects.toMatchObject({ code, message: expect.stringContaining(message) })
      expect(rows.list('CreditPurchase', {})).toEqual([])
    })
  })
})

describe('a payment that failed', () => {
  const failed: FailedPayment = {
    status: 'FAILED',
    kind: 'subscription',
    what: 'JIVE',
    userId: 'ann',
    actor: 'payfast',
  }
  const cases: readonly [string, Partial<Subscription>, Partial<FailedPayment>, string, string][] = [
    ['leaves a paid period', {}, {}, 'ignored', 'active'],
    ['leaves FREE', FREE, {}, 'ignored', 'active'],
    ['leaves another tier', { nextBilling: START }, { what: 'JIGGA' }, 'ignored', 'active'],
    ['makes a period that is over past due', { nextBilling: START }, {}, 'applied', 'past_due'],
    ['ends the agreement of this token', {}, { status: 'CANCELLED', token: 'tok' }, 'applied', 'cancelled'],
    ['ends the agreement without its token', {}, { status: 'CANCELLED' }, 'applied', 'cancelled'],
    ['leaves the agreement of another token', {}, { status: 'CANCELLED', token: 'old' }, 'ignored', 'active'],
    ['ends nothing twice', { status: 'cancelled' }, { status: 'CANCELLED' }, 'ignored', 'cancelled'],
  ]
  it.each(cases)('%s', async (_name, row, change_, outcome, status) => {
    await withBilling(async ({ change, rows, sources }) => {
      await change((tx) => {
        putSubscription(tx, row)
        putSchedule(tx)
      })
      expect(await change((tx) => failPayment(tx, { ...failed, ...change_ }, sources))).toBe(outcome)
      expect(subscriptionOf(rows).status).toBe(status)
      expect(scheduleOf(rows).status).toBe(status === 'cancelled' && outcome === 'applied' ? 'cancelled' : 'active')
      if (status === 'past_due') expect(subscriptionOf(rows)).toMatchObject({ paymentFailedAt: START, retryCount: 1 })
    })
  })

  test('fails the purchase that waits for it, and no other', async () => {
    await withBilling(async ({ change, rows, sources }) => {
      await change((tx) => {
        putPack(tx, { id: 'pending', status: 'pending' })
        putPack(tx, { id: 'complete', expiresAt: days(9) })
      })
      const fail = (checkoutId?: string) =>
        change((tx) => failPayment(tx, { ...failed, kind: 'credit_pack', what: '200', checkoutId }, sources))
      expect(await fail('pending')).toBe('applied')
      expect(await fail('pending')).toBe('ignored')
      expect(await fail('complete')).toBe('ignored')
      expect(await fail()).toBe('ignored')
      expect(mustFind(rows.find('CreditPurchase', { id: 'pending' })).status).toBe('failed')
      expect(mustFind(rows.find('CreditPurchase', { id: 'complete' })).status).toBe('complete')
    })
  })
})
