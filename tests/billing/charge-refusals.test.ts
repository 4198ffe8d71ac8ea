import { describe, expect, test } from 'vitest'
import { chargePaid, chargeRefused } from '../../src/billing/charges.ts'
import { requestTierChange } from '../../src/billing/tier-changes.ts'
import { begin, JULY, putDue, renewed } from './charge-world.ts'
import {
  days,
  FREE,
  history,
  problemsOf,
  putSchedule,
  putSubscription,
  START,
  scheduleOf,
  subscriptionOf,
  withBilling,
} from './world.ts'

describe('a refused charge', () => {
  test('is tried again after 1, 3 and 5 days, and then the subscription expires', async () => {
    await withBilling(async (world) => {
      const { change, rows, sources } = world
      await change((tx) => putDue(tx))
      const refuse = async () => {
        const { id } = await begin(world)
        await change((tx) => chargeRefused(tx, { attemptId: id, reason: '51' }, sources))
        expect(await change((tx) => chargeRefused(tx, { attemptId: id, reason: '51' }, sources))).toBe('repeat')
        expect(problemsOf(rows)).toEqual([])
      }
      for (const [at, day] of [1, 4, 9].entries()) {
        await refuse()
        const failures = at + 1
        expect(subscriptionOf(rows)).toMatchObject({
          tier: 'JIVE',
          status: 'past_due',
          retryCount: failures,
          paymentFailedAt: START,
        })
        expect(scheduleOf(rows)).toMatchObject({ status: 'active', failedCount: failures, nextChargeAt: days(day) })
        sources.setNow(days(day))
      }
      await refuse()
      expect(subscriptionOf(rows)).toMatchObject({ ...FREE, status: 'expired', lastReset: START })
      expect(scheduleOf(rows)).toMatchObject({ status: 'failed', failedCount: 4 })
      expect(history(rows)).toEqual([
        ...Array.from({ length: 4 }, () => 'payment_failed JIVE/past_due by payfast'),
        'downgraded FREE/expired by system',
      ])
      expect(rows.list('ChargeAttempt', {}).map(({ id }) => id)).toEqual([
        'sched-0-0',
        'sched-0-1',
        'sched-0-2',
        'sched-0-3',
      ])
    })
  })

  test('is made good by the next', async () => {
    await withBilling(async (world) => {
      const { change, rows, sources } = world
      await change((tx) => putDue(tx))
      const first = await begin(world)
      await change((tx) => chargeRefused(tx, { attemptId: first.id, reason: '51' }, sources))
      sources.setNow(days(1))
      const second = await begin(world)
      await change((tx) => chargePaid(tx, { attemptId: second.id, paymentId: 'pf1' }, sources))
      expect(subscriptionOf(rows)).toMatchObject({ ...renewed, paymentFailedAt: null })
      expect(scheduleOf(rows)).toMatchObject({ failedCount: 0, nextChargeAt: JULY })
    })
  })

  test('of an upgrade puts everything back', async () => {
    await withBilling(async (world) => {
      const { change, rows, sources } = world
      await change((tx) => {
        putSubscription(tx)
        putSchedule(tx)
      })
      await change((tx) => requestTierChange(tx, { userId: 'ann', tier: 'JIGGA', actor: 'ann' }, sources))
      const { id } = await begin(world)
      await change((tx) => chargeRefused(tx, { attemptId: id, reason: '51' }, sources))
      expect(subscriptionOf(rows)).toMatchObject({ tier: 'JIVE', status: 'active', nextTier: null, retryCount: 0 })
      const back = { tier: 'JIVE', amountCents: 9_900, nextChargeAt: days(20), failedCount: 0, status: 'active' }
      expect(scheduleOf(rows)).toMatchObject(back)
      expect(history(rows)).toEqual(['payment_failed JIVE/active by payfast'])
    })
  })
})
