import { describe, expect, it, test } from 'vitest'
import {
  beginAttempt,
  chargeAbsent,
  chargePaid,
  chargeUnknown,
  dueSchedules,
  openAttempts,
} from '../../src/billing/charges.ts'
import { attemptOf, begin, JULY, putDue } from './charge-world.ts'
import {
  days,
  FREE,
  minutes,
  mustFind,
  putSchedule,
  type putSubscription,
  START,
  scheduleOf,
  subscriptionOf,
  withBilling,
} from './world.ts'

describe('an attempt', () => {
  test('is written before money moves, and only one at a time', async () => {
    await withBilling(async (world) => {
      const { change, rows, sources } = world
      await change((tx) => putDue(tx))
      expect(dueSchedules(rows, START, 10)).toEqual([{ id: 'sched' }])
      const begun = mustFind(await change((tx) => beginAttempt(tx, 'sched', sources)))
      const terms = { scheduleId: 'sched', userId: 'ann', tier: 'JIVE', amountCents: 9_900 }
      const times = { startedAt: START, checkAt: minutes(2), endedAt: null }
      expect(begun).toEqual({
        attempt: { id: 'sched-0-0', ...terms, ...times, status: 'started', pfPaymentId: null, reason: null },
        token: 'tok',
      })
      expect(attemptOf(world, 'sched-0-0')).toEqual(begun.attempt)
      expect(await change((tx) => beginAttempt(tx, 'sched', sources))).toBeUndefined()
      expect(dueSchedules(rows, START, 10)).toEqual([])
    })
  })

  test('of a second agreement waits for the first, whose month both then have', async () => {
    await withBilling(async (world) => {
      const { change, rows, sources } = world
      await change((tx) => {
        putDue(tx)
        putSchedule(tx, { id: 'second', nextChargeAt: START })
      })
      const { id } = await begin(world)
      expect(await change((tx) => beginAttempt(tx, 'second', sources))).toBeUndefined()
      await change((tx) => chargePaid(tx, { attemptId: id, paymentId: 'pf1' }, sources))
      expect(dueSchedules(rows, START, 10)).toEqual([])
      expect(scheduleOf(rows, 'second').nextChargeAt).toEqual(JULY)
    })
  })

  const refused: readonly [string, Parameters<typeof putSubscription>[1], Parameters<typeof putSchedule>[1], string][] =
    [
      ['not due yet', {}, { nextChargeAt: minutes(1) }, 'active'],
      ['not active', {}, { status: 'completed' }, 'completed'],
      ['whose subscription was cancelled', { status: 'cancelled', nextBilling: days(3) }, {}, 'cancelled'],
      ['whose subscription is FREE', FREE, {}, 'cancelled'],
      ['whose subscription is pending', { status: 'pending' }, {}, 'cancelled'],
      ['of somebody who is gone', { userId: 'bob' }, {}, 'cancelled'],
    ]
  it.each(refused)('is not begun for a schedule %s', async (_name, row, terms, status) => {
    await withBilling(async ({ change, rows, sources }) => {
      await change((tx) => putDue(tx, row, terms))
      expect(await change((tx) => beginAttempt(tx, 'sched', sources))).toBeUndefined()
      expect(scheduleOf(rows).status).toBe(status)
      expect(rows.list('ChargeAttempt', {})).toEqual([])
      expect(await change((tx) => beginAttempt(tx, 'unknown', sources))).toBeUndefined()
    })
  })
})

describe('an attempt whose outcome is unknown', () => {
  test('is looked up later and later, and nothing else is charged meanwhile', async () => {
    await withBilling(async (world) => {
      const { change, rows, sources } = world
      await change((tx) => putDue(tx))
      const { id } = await begin(world)
      const waits: number[] = []
      for (let round = 0; round < 8; round++) {
        await change((tx) => chargeUnknown(tx, { attemptId: id, reason: 'timeout' }, sources))
        const { checkAt, status } = attemptOf(world, id)
        expect(status).toBe('started')
        waits.push((checkAt.getTime() - sources.now().getTime()) / 60_000)
        expect(openAttempts(rows, new Date(checkAt.getTime() - 1))).toEqual([])
        expect(openAttempts(rows, checkAt).map((open) => open.id)).toEqual([id])
        expect(dueSchedules(rows, checkAt, 9)).toEqual([])
        sources.setNow(checkAt)
      }
      expect(waits).toEqual([2, 2, 4, 8, 16, 32, 60, 60])
    })
  })

  test('counts as lost when the history still lacks it after 15 minutes, and may then be made again', async () => {
    await withBilling(async (world) => {
      const { change, rows, sources } = world
      await change((tx) => putDue(tx))
      const { id } = await begin(world)
      sources.setNow(new Date(minutes(15).getTime() - 1))
      expect(await change((tx) => chargeAbsent(tx, { attemptId: id }, sources))).toBe('open')
      expect(dueSchedules(rows, sources.now(), 9)).toEqual([])
      sources.setNow(minutes(15))
      expect(await change((tx) => chargeAbsent(tx, { attemptId: id }, sources))).toBe('lost')
      expect(await change((tx) => chargeAbsent(tx, { attemptId: id }, sources))).toBe('lost')
      expect(attemptOf(world, id)).toMatchObject({ status: 'failed', reason: 'lost', endedAt: minutes(15) })
      expect(subscriptionOf(rows)).toMatchObject({ status: 'active', retryCount: 0 })
      expect(scheduleOf(rows).failedCount).toBe(0)
      expect((await begin(world)).id).toBe('sched-0-1')
    })
  })

  test('money that came late is kept on record for the erased', async () => {
    await withBilling(async (world) => {
      const { change, rows, sources } = world
      await change((tx) => putDue(tx))
      const { id } = await begin(world)
      await change((tx) => {
        tx.insert('Tombstone', { subjectId: 'ann', erasedAt: START })
        tx.remove('RecurringSchedule', {})
        tx.remove('Subscription', {})
      })
      expect(await change((tx) => chargePaid(tx, { attemptId: id, paymentId: 'pf1' }, sources))).toBe('applied')
      expect(attemptOf(world, id).status).toBe('paid')
      expect(rows.list('ProcessedPayment', {})).toHaveLength(1)
      expect(rows.list('Subscription', {})).toEqual([])
    })
  })
})
