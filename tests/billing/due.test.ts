import { describe, expect, it, test } from 'vitest'
import { bringPersonUpToDate, DUE_QUERIES, dueSubscriptions, positional } from '../../src/billing/due.ts'
import type { Subscription } from '../../src/billing/events.ts'
import {
  days,
  FREE,
  JIGGA,
  putPack,
  putSchedule,
  putSubscription,
  START,
  subscriptionOf,
  withBilling,
} from './world.ts'

const DUE: readonly [string, Partial<Subscription>][] = [
  ['a period that ended', { nextBilling: START }],
  ['a cancelled period that ended', { status: 'cancelled', nextBilling: START }],
  ['a cancellation without a period', { status: 'cancelled', nextBilling: null }],
  [
    'a missed payment that nobody tries again',
    { status: 'past_due', nextBilling: days(-20), paymentFailedAt: days(-9) },
  ],
  ['a missed payment of an unknown day', { status: 'past_due', nextBilling: days(-9) }],
  ['a FREE month', { ...FREE, lastReset: days(-31) }],
  ['a FREE month of one who expired', { ...FREE, status: 'expired', lastReset: days(-31) }],
  ['a month in a longer paid period', { ...JIGGA, lastReset: days(-31) }],
  ['a month that was never reset', { ...FREE, lastReset: null, startedAt: days(-31) }],
  ['a month of one who never started', { ...FREE, lastReset: null, startedAt: null, createdAt: days(-31) }],
]

describe('due is', () => {
  it.each(DUE)('%s', async (_name, row) => {
    await withBilling(async ({ change, rows, sources }) => {
      await change((tx) => putSubscription(tx, row))
      expect(dueSubscriptions(rows, START, 9)).toEqual(['ann'])
      await change((tx) => bringPersonUpToDate(tx, 'ann', sources))
      expect(subscriptionOf(rows).updatedAt).toEqual(START)
      expect(dueSubscriptions(rows, START, 9)).toEqual([])
    })
  })

  test('a pack that expired', async () => {
    await withBilling(async ({ change, rows, sources }) => {
      await change((tx) => {
        putSubscription(tx, { credits: 50_000 })
        putPack(tx, { expiresAt: START })
      })
      expect(dueSubscriptions(rows, new Date(START.getTime() - 1), 9)).toEqual([])
      expect(dueSubscriptions(rows, START, 9)).toEqual(['ann'])
      await change((tx) => bringPersonUpToDate(tx, 'ann', sources))
      expect(subscriptionOf(rows).credits).toBe(0)
      expect(dueSubscriptions(rows, START, 9)).toEqual([])
    })
  })
})

const NOT_DUE: readonly [string, Partial<Subscription>, boolean][] = [
  ['a running period', {}, false],
  ['a period that a charge is to renew', { nextBilling: START }, true],
  ['a missed payment that is tried again', { status: 'past_due', nextBilling: days(-9) }, true],
  ['a missed payment of late', { status: 'past_due', nextBilling: days(-8.9) }, false],
  ['a cancelled period that runs', { status: 'cancelled' }, false],
  ['a month of one who is pending', { ...FREE, status: 'pending', lastReset: days(-60) }, false],
  ['a month of a status that is not in the table', { ...FREE, status: 'paused', lastReset: days(-60) }, false],
  ['a first month of such a status', { ...FREE, status: 'paused', lastReset: null, startedAt: days(-60) }, false],
  ['a month of a tier that is not in the table', { tier: 'GOLD', lastReset: days(-60) }, false],
  ['a period of such a tier that ended', { tier: 'GOLD', nextBilling: START }, false],
  ['a cancelled period of such a tier', { tier: 'GOLD', status: 'cancelled', nextBilling: START }, false],
  ['a missed payment of such a tier', { tier: 'GOLD', status: 'past_due', nextBilling: days(-9) }, false],
  ['a month that is not paid yet', { nextBilling: START, lastReset: days(-31) }, true],
]

describe('not due is', () => {
  it.each(NOT_DUE)('%s', async (_name, row, scheduled) => {
    await withBilling(async ({ change, rows }) => {
      await change((tx) => {
        putSubscription(tx, row)
        if (scheduled) putSchedule(tx)
      })
      expect(dueSubscriptions(rows, START, 9)).toEqual([])
    })
  })

  test('a pack of a subscription whose status is not in the table', async () => {
    await withBilling(async ({ change, rows }) => {
      await change((tx) => {
        putSubscription(tx, { status: 'paused', credits: 50_000 })
        putPack(tx, { expiresAt: START })
      })
      expect(dueSubscriptions(rows, START, 9)).toEqual([])
    })
  })

  test('a pack that is used up, pending or nobody’s', async () => {
    await withBilling(async ({ change, rows }) => {
      await change((tx) => {
        putSubscription(tx)
        putPack(tx, { id: 'used', expiresAt: START, creditsUsed: 50_000 })
        putPack(tx, { id: 'pending', expiresAt: START, status: 'pending' })
        putPack(tx, { id: 'nobody', expiresAt: START, userId: 'bob' })
      })
      expect(dueSubscriptions(rows, START, 9)).toEqual([])
    })
  })
})

test('so many at a time, until none is left', async () => {
  await withBilling(async ({ change, rows, sources }) => {
    await change((tx) => {
      for (let at = 0; at < 7; at++)
        putSubscription(tx, { userId: `u${at}`, nextBilling: START, status: at < 4 ? 'active' : 'cancelled' })
    })
    expect(dueSubscriptions(rows, START, 5)).toHaveLength(5)
    const counts: number[] = []
    for (let round = 0; round < 3; round++) {
      const due = dueSubscriptions(rows, START, 5)
      for (const userId of due) await change((tx) => bringPersonUpToDate(tx, userId, sources))
      counts.push(due.length)
    }
    expect(counts).toEqual([5, 2, 0])
  })
})

const INDEXES: Record<keyof typeof DUE_QUERIES, string> = {
  ended: 'Subscription_nextBilling_idx',
  cancelled: 'Subscription_status_userId_idx',
  unpaid: 'Subscription_status_userId_idx',
  reset: 'Subscription_lastReset_idx',
  neverReset: 'Subscription_lastReset_idx',
  packs: 'CreditPurchase_status_expiresAt_idx',
}

test.each(Object.entries(DUE_QUERIES))('an index leads to what is due: %s', async (name, query) => {
  await withBilling(async ({ rows }) => {
    const { sql, names } = positional(query)
    const plan = rows.all<{ detail: string }>(`explain query plan ${sql}`, ...names.map(() => 1))
    const details = plan.map(({ detail }) => detail)
    expect(details[0]).toContain(`USING INDEX ${INDEXES[name as keyof typeof DUE_QUERIES]}`)
    expect(details.filter((detail) => detail.startsWith('SCAN') || detail.includes('TEMP B-TREE'))).toEqual([])
  })
})
