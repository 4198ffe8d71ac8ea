import { describe, expect, it, test } from 'vitest'
import { chargeAbsent, chargePaid, chargeRefused, chargeUnknown, dueSchedules } from '../../src/billing/charges.ts'
import { addMonths } from '../../src/billing/months.ts'
import { activate } from '../../src/billing/paid-months.ts'
import { failPayment, recordPayment } from '../../src/billing/payments.ts'
import { cancel, override, requestTierChange } from '../../src/billing/tier-changes.ts'
import { attemptOf, begin, JULY, putDue, renewed } from './charge-world.ts'
import {
  type BillingTx,
  days,
  history,
  JIGGA,
  minutes,
  problemsOf,
  putSchedule,
  putSubscription,
  START,
  scheduleOf,
  subscriptionOf,
  type World,
  withBilling,
} from './world.ts'

interface Step {
  readonly name: string
  readonly run: (tx: BillingTx, id: string, sources: World['sources']) => unknown
}
const notification = (paymentId = 'pf1') => ({
  paymentId,
  kind: 'subscription' as const,
  what: 'JIVE',
  amountCents: 9_900,
  userId: 'ann',
  actor: 'payfast',
})
const answer: Step = {
  name: 'answer',
  run: (tx, attemptId, sources) => chargePaid(tx, { attemptId, paymentId: 'pf1' }, sources),
}
const bareAnswer: Step = {
  name: 'answer without id',
  run: (tx, attemptId, sources) => chargePaid(tx, { attemptId }, sources),
}
const itn: Step = {
  name: 'notification',
  run: (tx, checkoutId, sources) => recordPayment(tx, { ...notification(), checkoutId }, sources),
}
const unknown: Step = {
  name: 'time-out',
  run: (tx, attemptId, sources) => chargeUnknown(tx, { attemptId, reason: 'timeout' }, sources),
}
const refusal: Step = {
  name: 'refusal',
  run: (tx, attemptId, sources) => chargeRefused(tx, { attemptId, reason: '51' }, sources),
}
const failure: Step = {
  name: 'failed notification',
  run: (tx, checkoutId, sources) => failPayment(tx, { ...notification(), status: 'FAILED', checkoutId }, sources),
}
const lost: Step = {
  name: 'loss',
  run: (tx, attemptId, sources) => {
    sources.setNow(minutes(15))
    return chargeAbsent(tx, { attemptId }, sources)
  },
}

describe('a paid charge gives its month once', () => {
  const orders: readonly (readonly Step[])[] = [
    [answer],
    [itn],
    [answer, itn],
    [itn, answer],
    [bareAnswer, itn],
    [itn, bareAnswer],
    [bareAnswer, itn, itn, answer],
    [unknown, itn, answer],
    [unknown, answer, itn, unknown],
    [answer, refusal, failure, itn],
    [itn, lost, answer],
    [refusal, itn, answer],
    [failure, answer, failure, itn],
    [lost, itn, answer],
    [unknown, lost, answer, itn, lost],
  ]
  it.each(orders.map((steps) => ({ name: steps.map(({ name }) => name).join(', '), steps })))(
    '$name',
    async ({ steps }) => {
      await withBilling(async (world) => {
        const { change, rows, sources } = world
        await change((tx) => putDue(tx, { creditsUsed: 9 }))
        const { id } = await begin(world)
        for (const { run } of steps) await change((tx) => run(tx, id, sources))
        expect(subscriptionOf(rows)).toMatchObject({ ...renewed, paymentFailedAt: null })
        expect(scheduleOf(rows)).toMatchObject({ status: 'active', chargeCount: 1, failedCount: 0, nextChargeAt: JULY })
        const isNamed = steps.some((step) => step !== bareAnswer)
        expect(attemptOf(world, id)).toMatchObject({ status: 'paid', pfPaymentId: isNamed ? 'pf1' : null })
        expect(rows.list('ProcessedPayment', {})).toMatchObject([{ pfPaymentId: 'pf1', amountCents: 9_900 }])
        expect(history(rows).filter((event) => event.startsWith('payment_succeeded'))).toHaveLength(1)
        expect(problemsOf(rows)).toEqual([])
      })
    },
  )

  test('the amount must be that of the charge', async () => {
    await withBilling(async (world) => {
      const { change, rows, sources } = world
      await change((tx) => putDue(tx, {}, { amountCents: 8_000 }))
      const { id } = await begin(world)
      const pay = (amountCents: number) =>
        change((tx) => recordPayment(tx, { ...notification(), amountCents, checkoutId: id }, sources))
      await expect(pay(9_900)).rejects.toMatchObject({ code: 'usage' })
      expect(attemptOf(world, id).status).toBe('started')
      expect(await pay(8_000)).toBe('applied')
      expect(subscriptionOf(rows)).toMatchObject(renewed)
    })
  })

  test('a charge that nobody knows is not found', async () => {
    await withBilling(async ({ change, sources }) => {
      const paid = change((tx) => chargePaid(tx, { attemptId: 'x', paymentId: 'pf1' }, sources))
      await expect(paid).rejects.toMatchObject({ code: 'not-found' })
    })
  })
})

describe('a paid charge', () => {
  test('is followed by the next on the day of the month, and the twelfth completes the schedule', async () => {
    await withBilling(async (world) => {
      const { change, rows, sources } = world
      const start = new Date('2026-01-31T08:00:00.000Z')
      const ends = ['02-28', '03-31', '04-30', '05-31', '06-30', '07-31', '08-31', '09-30', '10-31', '11-30', '12-31']
      await change((tx) =>
        putDue(tx, { startedAt: start, nextBilling: start, lastReset: start }, { nextChargeAt: start }),
      )
      for (const end of [...ends, '2027-01-31']) {
        sources.setNow(scheduleOf(rows).nextChargeAt)
        const { id } = await begin(world)
        await change((tx) => chargePaid(tx, { attemptId: id, paymentId: id }, sources))
        const day = subscriptionOf(rows).nextBilling?.toISOString()
        expect(day).toBe(`${end.length > 5 ? end : `2026-${end}`}T08:00:00.000Z`)
      }
      expect(scheduleOf(rows)).toMatchObject({ status: 'completed', chargeCount: 12 })
      expect(
        rows
          .list('ChargeAttempt', {})
          .map(({ id }) => id)
          .slice(-2),
      ).toEqual(['sched-10-0', 'sched-11-0'])
      expect(problemsOf(rows)).toEqual([])
    })
  })

  test('long after its time begins a month now, and not for months gone by', async () => {
    await withBilling(async (world) => {
      const { change, rows, sources } = world
      await change((tx) => putDue(tx))
      sources.setNow(days(70))
      const { id } = await begin(world)
      await change((tx) => chargePaid(tx, { attemptId: id, paymentId: 'pf1' }, sources))
      expect(subscriptionOf(rows)).toMatchObject({
        status: 'active',
        nextBilling: addMonths(days(70), 1),
        lastReset: days(70),
      })
      expect(dueSchedules(rows, days(70), 9)).toEqual([])
    })
  })

  const tierChanges = [
    ['of an upgrade lifts the tier, for a month from now', 'JIVE', 'JIGGA', 'upgraded', JULY],
    ['of a downgrade lowers it at the end of the period', 'JIGGA', 'JIVE', 'downgraded', addMonths(days(20), 1)],
  ] as const
  it.each(tierChanges)('%s', async (_name, from, to, event, nextBilling) => {
    await withBilling(async (world) => {
      const { change, rows, sources } = world
      await change((tx) => {
        putSubscription(tx, from === 'JIGGA' ? JIGGA : { creditsUsed: 5 })
        putSchedule(tx, { tier: from, amountCents: 1 })
      })
      await change((tx) => requestTierChange(tx, { userId: 'ann', tier: to, actor: 'ann' }, sources))
      if (event === 'downgraded') sources.setNow(days(20))
      const { id, amountCents } = await begin(world)
      expect(amountCents).toBe(to === 'JIGGA' ? 29_900 : 9_900)
      const asked = change((tx) => requestTierChange(tx, { userId: 'ann', tier: from, actor: 'ann' }, sources))
      await expect(asked).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('under way') })
      await change((tx) => chargePaid(tx, { attemptId: id, paymentId: 'pf1' }, sources))
      expect(subscriptionOf(rows)).toMatchObject({ tier: to, nextTier: null, nextBilling, creditsUsed: 0 })
      expect(scheduleOf(rows)).toMatchObject({ tier: to, amountCents, nextChargeAt: nextBilling })
      expect(history(rows)).toEqual([`${event} ${to}/active by payfast`])
    })
  })
})

describe('after an override, the next charge', () => {
  const overridden = async ({ change, sources }: World, from: 'JIVE' | 'JIGGA', to: 'JIVE' | 'JIGGA') => {
    await change((tx) => {
      putSubscription(tx, from === 'JIGGA' ? JIGGA : {})
      putSchedule(tx, { tier: from, amountCents: 8_000 })
    })
    await change((tx) => override(tx, { userId: 'ann', tier: to, actor: 'adm' }, sources))
  }

  it.each([
    ['JIVE', 'JIGGA'],
    ['JIGGA', 'JIVE'],
  ] as const)('is the agreed one of %s, which comes back', async (agreed, tier) => {
    await withBilling(async (world) => {
      const { change, rows, sources } = world
      await overridden(world, agreed, tier)
      expect(dueSchedules(rows, new Date(days(20).getTime() - 1), 9)).toEqual([])
      sources.setNow(days(20))
      const { id, amountCents } = await begin(world)
      expect(amountCents).toBe(8_000)
      await change((tx) => chargePaid(tx, { attemptId: id, paymentId: 'pf1' }, sources))
      const nextBilling = addMonths(days(20), 1)
      expect(subscriptionOf(rows)).toMatchObject({ tier: agreed, nextTier: null, nextBilling, status: 'active' })
      expect(scheduleOf(rows)).toMatchObject({ tier: agreed, amountCents: 8_000, nextChargeAt: nextBilling })
    })
  })

  test('is tried again like any other where it is refused', async () => {
    await withBilling(async (world) => {
      const { change, rows, sources } = world
      await overridden(world, 'JIGGA', 'JIVE')
      for (const day of [20, 21, 24]) {
        sources.setNow(days(day))
        const { id } = await begin(world)
        await change((tx) => chargeRefused(tx, { attemptId: id, reason: '51' }, sources))
        expect(subscriptionOf(rows)).toMatchObject({ tier: 'JIVE', status: 'past_due', nextTier: 'JIGGA' })
      }
      expect(scheduleOf(rows)).toMatchObject({ tier: 'JIGGA', amountCents: 8_000, nextChargeAt: days(29) })
    })
  })

  test('waits for the end of a month that came in between', async () => {
    await withBilling(async (world) => {
      const { change, rows, sources } = world
      await overridden(world, 'JIGGA', 'JIVE')
      await change((tx) => activate(tx, { userId: 'ann', tier: 'JIVE', actor: 'ann' }, sources))
      const nextChargeAt = addMonths(days(20), 1)
      expect(scheduleOf(rows)).toMatchObject({ tier: 'JIGGA', amountCents: 8_000, nextChargeAt })
    })
  })
})

/** What happened while the charge was under way, and what the paid charge then gives. */
const MEANWHILE: readonly [string, (tx: BillingTx, sources: World['sources']) => unknown, object, string][] = [
  [
    'cancelled when its period has ended',
    (tx, sources) => cancel(tx, { userId: 'ann', actor: 'ann' }, sources),
    { tier: 'JIVE', status: 'active', nextBilling: JULY },
    'activated',
  ],
  [
    'set to FREE',
    (tx, sources) => override(tx, { userId: 'ann', tier: 'FREE', actor: 'adm' }, sources),
    { tier: 'JIVE', status: 'active', nextBilling: JULY },
    'activated',
  ],
  [
    'set to JIGGA',
    (tx, sources) => override(tx, { userId: 'ann', tier: 'JIGGA', actor: 'adm' }, sources),
    { tier: 'JIGGA', nextBilling: JULY },
    'payment_succeeded',
  ],
  [
    'given a month by voucher',
    (tx, sources) => activate(tx, { userId: 'ann', tier: 'JIVE', actor: 'ann' }, sources),
    { tier: 'JIVE', nextBilling: addMonths(START, 2) },
    'payment_succeeded',
  ],
  [
    'paid for JIGGA by another agreement',
    (tx, sources) => activate(tx, { userId: 'ann', tier: 'JIGGA', token: 'new', actor: 'payfast' }, sources),
    { tier: 'JIGGA', nextBilling: JULY },
    'payment_succeeded',
  ],
]

describe('while a charge is under way, a subscription is', () => {
  it.each(MEANWHILE)('%s', async (_name, meanwhile, expected, event) => {
    for (const outcome of [answer, refusal]) {
      await withBilling(async (world) => {
        const { change, rows, sources } = world
        await change((tx) => putDue(tx))
        const { id } = await begin(world)
        await change((tx) => meanwhile(tx, sources))
        const before = subscriptionOf(rows)
        await change((tx) => outcome.run(tx, id, sources))
        if (outcome === answer) {
          expect(subscriptionOf(rows)).toMatchObject(expected)
          expect(history(rows).at(-1)).toContain(event)
        } else {
          expect(attemptOf(world, id)).toMatchObject({ status: 'failed', reason: '51' })
          expect(subscriptionOf(rows)).toEqual(before)
        }
        expect(dueSchedules(rows, sources.now(), 9)).toEqual([])
        expect(problemsOf(rows)).toEqual([])
      })
    }
  })

  test('cancelled in its period, and stays so', async () => {
    await withBilling(async (world) => {
      const { change, rows, sources } = world
      await change((tx) => putDue(tx, { nextBilling: days(2) }))
      const { id } = await begin(world)
      await change((tx) => cancel(tx, { userId: 'ann', actor: 'ann' }, sources))
      await change((tx) => chargePaid(tx, { attemptId: id, paymentId: 'pf1' }, sources))
      expect(subscriptionOf(rows)).toMatchObject({ status: 'cancelled', nextBilling: addMonths(days(2), 1) })
      expect(history(rows).at(-1)).toBe('payment_succeeded JIVE/cancelled by payfast')
      expect(scheduleOf(rows)).toMatchObject({ status: 'cancelled', chargeCount: 1 })
    })
  })
})
