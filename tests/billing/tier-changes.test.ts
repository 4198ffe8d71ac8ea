import { describe, expect, it, test } from 'vitest'
import type { Subscription } from '../../src/billing/events.ts'
import { addMonths } from '../../src/billing/months.ts'
import { activate } from '../../src/billing/paid-months.ts'
import { cancel, override, requestTierChange } from '../../src/billing/tier-changes.ts'
import type { Tier } from '../../src/billing/tiers.ts'
import {
  days,
  FREE,
  history,
  JIGGA,
  mustFind,
  problemsOf,
  putSchedule,
  putSubscription,
  START,
  scheduleOf,
  subscriptionOf,
  withBilling,
} from './world.ts'

const MONTH = addMonths(START, 1)
const jiggaSchedule = { tier: 'JIGGA', amountCents: 29_900 }
const jiveSchedule = { tier: 'JIVE', amountCents: 9_900 }

describe('a paid month arrives', () => {
  const used = { creditsUsed: 70, imagesUsed: 9 }
  const fresh = { creditsUsed: 0, imagesUsed: 0, lastReset: START, startedAt: START, nextBilling: MONTH }
  const extended = { ...used, nextBilling: addMonths(days(20), 1), lastReset: days(-10) }
  const cases: readonly {
    readonly name: string
    readonly row: Partial<Subscription>
    readonly tier: 'JIVE' | 'JIGGA'
    readonly becomes: Partial<Subscription>
    readonly event: string
  }[] = [
    { name: 'for FREE', row: { ...FREE, ...used }, tier: 'JIVE', becomes: fresh, event: 'activated' },
    {
      name: 'for pending',
      row: { ...used, status: 'pending', nextBilling: null },
      tier: 'JIVE',
      becomes: fresh,
      event: 'activated',
    },
    {
      name: 'for expired',
      row: { ...FREE, ...used, status: 'expired' },
      tier: 'JIGGA',
      becomes: fresh,
      event: 'activated',
    },
    {
      name: 'for cancelled, whose period goes on',
      row: { ...used, status: 'cancelled' },
      tier: 'JIVE',
      becomes: extended,
      event: 'activated',
    },
    {
      name: 'of a higher tier for cancelled',
      row: { ...used, status: 'cancelled' },
      tier: 'JIGGA',
      becomes: fresh,
      event: 'activated',
    },
    { name: 'of the running tier', row: used, tier: 'JIVE', becomes: extended, event: 'payment_succeeded' },
    { name: 'of a higher tier', row: used, tier: 'JIGGA', becomes: fresh, event: 'upgraded' },
    {
      name: 'of a lower tier than was pending',
      row: { ...JIGGA, ...used, status: 'pending' },
      tier: 'JIVE',
      becomes: fresh,
      event: 'activated',
    },
    {
      name: 'for past due',
      row: { ...used, status: 'past_due', nextBilling: days(-3), paymentFailedAt: days(-3), retryCount: 2 },
      tier: 'JIVE',
      becomes: {
        ...fresh,
        startedAt: days(-10),
        lastReset: days(-3),
        nextBilling: addMonths(days(-3), 1),
        retryCount: 0,
        paymentFailedAt: null,
      },
      event: 'payment_succeeded',
    },
  ]
  it.each(cases)('$name', async ({ row, tier, becomes, event }) => {
    await withBilling(async ({ change, rows, sources }) => {
      await change((tx) => putSubscription(tx, row))
      const after = await change((tx) => activate(tx, { userId: 'ann', tier, actor: 'payfast' }, sources))
      expect(after).toEqual(subscriptionOf(rows))
      const limits = tier === 'JIVE' ? { monthlyCredits: 500_000, imagesLimit: 200 } : JIGGA
      expect(after).toMatchObject({ tier, status: 'active', ...limits, ...becomes })
      expect(history(rows)).toEqual([`${event} ${tier}/active by payfast`])
      expect(problemsOf(rows)).toEqual([])
    })
  })

  const running: readonly [string, Partial<Subscription>][] = [
    ['active', {}],
    ['to be charged now', { nextBilling: START }],
    ['past due', { status: 'past_due', nextBilling: days(-1), paymentFailedAt: days(-1), retryCount: 1 }],
    ['cancelled', { status: 'cancelled' }],
    ['planned to be lowered', { nextTier: 'JIVE' }],
  ]
  it.each(running)('late, of a lower tier than one that is %s: on record only, to be paid back', async (_name, row) => {
    await withBilling(async ({ change, rows, sources }) => {
      const before = await change((tx) => {
        if (row.status !== 'cancelled') putSchedule(tx, { ...(row.nextTier ? jiveSchedule : jiggaSchedule) })
        return putSubscription(tx, { ...JIGGA, creditsUsed: 70, payfastToken: 'tok', ...row })
      })
      const schedules = rows.list('RecurringSchedule', {})
      const late = { userId: 'ann', tier: 'JIVE', actor: 'payfast' } as const
      for (const token of ['late', undefined]) await change((tx) => activate(tx, { ...late, token }, sources))
      expect(subscriptionOf(rows)).toEqual({ ...before, updatedAt: START })
      expect(rows.list('RecurringSchedule', {})).toEqual(schedules)
      const events = rows.list('SubscriptionEvent', {})
      expect(events.map(({ event, meta }) => [event, JSON.parse(meta ?? '')])).toEqual([
        ['payment_succeeded', { tier: 'JIVE', given: false }],
        ['payment_succeeded', { tier: 'JIVE', given: false }],
      ])
    })
  })

  test('of the agreement that is to go on with a lower tier: it lowers it when its time has come', async () => {
    await withBilling(async ({ change, sources }) => {
      await change((tx) => {
        putSubscription(tx, { ...JIGGA, nextTier: 'JIVE' })
        putSchedule(tx, jiveSchedule)
      })
      const pay = () =>
        change((tx) => activate(tx, { userId: 'ann', tier: 'JIVE', token: 'tok', actor: 'payfast' }, sources))
      expect(await pay()).toMatchObject({ tier: 'JIGGA', nextBilling: days(20) })
      sources.setNow(days(20))
      expect(await pay()).toMatchObject({ tier: 'JIVE', nextTier: null, nextBilling: addMonths(days(20), 1) })
    })
  })

  test('with a token it brings a schedule, which replaces others', async () => {
    await withBilling(async ({ change, rows, sources }) => {
      await change((tx) => {
        putSubscription(tx, { nextTier: 'JIGGA' })
        putSchedule(tx)
      })
      await change((tx) => activate(tx, { userId: 'ann', tier: 'JIGGA', token: 'new', actor: 'payfast' }, sources))
      expect(scheduleOf(rows).status).toBe('cancelled')
      const schedule = mustFind(rows.find('RecurringSchedule', { status: 'active' }))
      const begun = { chargeCount: 0, maxCharges: 12, failedCount: 0, frequency: 'monthly' }
      expect(schedule).toMatchObject({ ...jiggaSchedule, ...begun, token: 'new', nextChargeAt: MONTH })
      expect(subscriptionOf(rows)).toMatchObject({ payfastToken: 'new', nextTier: null })
    })
  })

  test('without one, the schedule waits until the given month ends, on the agreed terms', async () => {
    await withBilling(async ({ change, rows, sources }) => {
      await change((tx) => {
        putSubscription(tx)
        putSchedule(tx, { amountCents: 8_000 })
      })
      await change((tx) => activate(tx, { userId: 'ann', tier: 'JIVE', actor: 'adm' }, sources))
      expect(scheduleOf(rows)).toMatchObject({ amountCents: 8_000, nextChargeAt: addMonths(days(20), 1) })
    })
  })
})

describe('a change of tier', () => {
  const request = (tier: Tier) => (world: Parameters<Parameters<typeof withBilling>[0]>[0]) =>
    world.change((tx) => requestTierChange(tx, { userId: 'ann', tier, actor: 'ann' }, world.sources))

  test('upwards is charged at once and waits for the payment', async () => {
    await withBilling(async (world) => {
      const { change, rows } = world
      await change((tx) => {
        putSubscription(tx)
        putSchedule(tx)
      })
      expect(await request('JIGGA')(world)).toMatchObject({ tier: 'JIVE', status: 'active', nextTier: 'JIGGA' })
      expect(scheduleOf(rows)).toMatchObject({ ...jiggaSchedule, nextChargeAt: START })
      await request('JIGGA')(world)
      expect(await request('JIVE')(world)).toMatchObject({ tier: 'JIVE', nextTier: null })
      expect(scheduleOf(rows)).toMatchObject({ ...jiveSchedule, nextChargeAt: days(20) })
      expect(subscriptionOf(rows).nextTier).toBeNull()
    })
  })

  test('downwards waits for the next paid month', async () => {
    await withBilling(async (world) => {
      const { change, rows } = world
      await change((tx) => {
        putSubscription(tx, JIGGA)
        putSchedule(tx, jiggaSchedule)
      })
      expect(await request('JIVE')(world)).toMatchObject({ tier: 'JIGGA', nextTier: 'JIVE' })
      expect(scheduleOf(rows)).toMatchObject({ ...jiveSchedule, nextChargeAt: days(20) })
      expect(await request('JIGGA')(world)).toMatchObject({ tier: 'JIGGA', nextTier: null })
      expect(scheduleOf(rows)).toMatchObject({ ...jiggaSchedule, nextChargeAt: days(20) })
    })
  })

  const refused: readonly [string, Partial<Subscription>, boolean, Tier, string][] = [
    ['to FREE', {}, true, 'FREE', 'FREE is reached by cancelling'],
    ['to what it is', {}, true, 'JIVE', 'Its tier is JIVE already'],
    ['without a schedule', {}, false, 'JIGGA', 'renews itself'],
    ['from FREE', FREE, false, 'JIVE', 'renews itself'],
    ['past due', { status: 'past_due' }, true, 'JIGGA', 'past_due'],
    ['cancelled', { status: 'cancelled' }, true, 'JIGGA', 'cancelled'],
    ['pending', { status: 'pending' }, true, 'JIGGA', 'pending'],
  ]
  it.each(refused)('refused: %s', async (_name, row, scheduled, tier, message) => {
    await withBilling(async (world) => {
      await world.change((tx) => {
        putSubscription(tx, row)
        if (scheduled) putSchedule(tx)
      })
      const allowed = expect.not.stringMatching(/change_tier|override|adjust/)
      const errors = [{ at: 'status' }, { at: 'allowed', message: allowed }]
      const conflict = { code: 'conflict', message: expect.stringContaining(message), errors }
      await expect(request(tier)(world)).rejects.toMatchObject(conflict)
      expect(subscriptionOf(world.rows).nextTier).toBeNull()
    })
  })
})

describe('cancelling', () => {
  it.each(['active', 'past_due'])('ends charges and keeps access to the end of the period: %s', async (status) => {
    await withBilling(async ({ change, rows, sources }) => {
      await change((tx) => {
        putSubscription(tx, { status, nextTier: 'JIGGA' })
        putSchedule(tx)
      })
      const after = await change((tx) => cancel(tx, { userId: 'ann', actor: 'ann' }, sources))
      expect(after).toMatchObject({ tier: 'JIVE', status: 'cancelled', nextBilling: days(20), nextTier: null })
      expect(scheduleOf(rows).status).toBe('cancelled')
      expect(history(rows)).toEqual(['cancelled JIVE/cancelled by ann'])
    })
  })

  const refused: readonly [string, Partial<Subscription>][] = [
    ['FREE', FREE],
    ['cancelled already', { status: 'cancelled' }],
    ['expired', { ...FREE, status: 'expired' }],
    ['pending', { status: 'pending' }],
  ]
  it.each(refused)('refused: %s', async (_name, row) => {
    await withBilling(async ({ change, rows, sources }) => {
      const before = await change((tx) => putSubscription(tx, row))
      const cancelled = change((tx) => cancel(tx, { userId: 'ann', actor: 'ann' }, sources))
      const allowed = expect.not.stringMatching(/cancel|change_tier|override|adjust/)
      const errors = [{ at: 'status' }, { at: 'allowed', message: allowed }]
      await expect(cancelled).rejects.toMatchObject({ code: 'conflict', errors })
      expect(subscriptionOf(rows)).toEqual(before)
    })
  })
})

describe('an override', () => {
  const settled = { status: 'active', retryCount: 0, paymentFailedAt: null, nextTier: null }
  const cases: readonly [string, Partial<Subscription>, Tier, Partial<Subscription>][] = [
    ['FREE to JIGGA begins a month', FREE, 'JIGGA', { ...JIGGA, nextBilling: MONTH, startedAt: START }],
    [
      'JIVE to JIGGA keeps the period',
      { creditsUsed: 7 },
      'JIGGA',
      { ...JIGGA, nextBilling: days(20), creditsUsed: 7 },
    ],
    ['cancelled goes on', { status: 'cancelled' }, 'JIVE', { tier: 'JIVE', nextBilling: days(20) }],
    [
      'past due gets a month',
      { status: 'past_due', nextBilling: days(-1), retryCount: 2, paymentFailedAt: days(-1) },
      'JIVE',
      { nextBilling: MONTH },
    ],
    ['pending', { status: 'pending', nextBilling: null }, 'JIVE', { nextBilling: MONTH }],
    ['expired', { ...FREE, status: 'expired' }, 'FREE', FREE],
    [
      'JIVE to FREE',
      { creditsUsed: 7, imagesUsed: 60, nextTier: 'JIGGA' },
      'FREE',
      { ...FREE, creditsUsed: 0, imagesUsed: 0, lastReset: START },
    ],
    ['FREE to FREE keeps what is used', { ...FREE, imagesUsed: 6 }, 'FREE', { ...FREE, imagesUsed: 6 }],
  ]
  it.each(cases)('%s', async (_name, row, tier, becomes) => {
    await withBilling(async ({ change, rows, sources }) => {
      await change((tx) => putSubscription(tx, row))
      const cause = { actor: 'adm', meta: { reason: 'pii:1' } }
      const after = await change((tx) => override(tx, { userId: 'ann', tier, ...cause }, sources))
      expect(after).toEqual(subscriptionOf(rows))
      expect(after).toMatchObject({ ...settled, tier, ...becomes })
      expect(history(rows)).toEqual([`admin_override ${tier}/active by adm`])
      expect(rows.find('SubscriptionEvent', {})?.meta).toBe('{"reason":"pii:1"}')
    })
  })

  const agreed: readonly [string, Partial<Subscription>, object, Tier, object, string | null][] = [
    ['a higher tier', {}, { ...jiveSchedule, amountCents: 8_000 }, 'JIGGA', { amountCents: 8_000 }, 'JIVE'],
    ['a lower tier', JIGGA, jiggaSchedule, 'JIVE', jiggaSchedule, 'JIGGA'],
    ['the same tier', {}, { amountCents: 8_000 }, 'JIVE', { ...jiveSchedule, amountCents: 8_000 }, null],
    [
      'the tier that it is, with a lower one planned',
      { ...JIGGA, nextTier: 'JIVE' },
      {},
      'JIGGA',
      jiveSchedule,
      'JIVE',
    ],
    ['the tier that is planned', { ...JIGGA, nextTier: 'JIVE' }, {}, 'JIVE', jiveSchedule, null],
    ['FREE', {}, {}, 'FREE', { ...jiveSchedule, status: 'cancelled' }, null],
  ]
  it.each(agreed)('to %s leaves what was agreed to be charged', async (_name, row, terms, tier, kept, nextTier) => {
    await withBilling(async ({ change, rows, sources }) => {
      await change((tx) => {
        putSubscription(tx, row)
        putSchedule(tx, terms)
      })
      await change((tx) => override(tx, { userId: 'ann', tier, actor: 'adm' }, sources))
      expect(scheduleOf(rows)).toMatchObject({ status: 'active', nextChargeAt: days(20), ...kept })
      expect(subscriptionOf(rows)).toMatchObject({ tier, nextTier })
    })
  })

  test('that begins a month puts the charge off to its end', async () => {
    await withBilling(async ({ change, rows, sources }) => {
      await change((tx) => {
        putSubscription(tx, { status: 'past_due', nextBilling: days(-1), paymentFailedAt: days(-1), retryCount: 1 })
        putSchedule(tx, { nextChargeAt: days(0), failedCount: 1 })
      })
      await change((tx) => override(tx, { userId: 'ann', tier: 'JIGGA', actor: 'adm' }, sources))
      expect(scheduleOf(rows)).toMatchObject({ ...jiveSchedule, nextChargeAt: MONTH, failedCount: 0 })
    })
  })
})
