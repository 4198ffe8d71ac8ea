import { describe, expect, it, test } from 'vitest'
import type { Subscription } from '../../src/billing/events.ts'
import { readSubscription } from '../../src/billing/subscription-view.ts'
import { bringUpToDate, openSubscription } from '../../src/billing/subscriptions.ts'
import {
  days,
  FREE,
  history,
  JIGGA,
  problemsOf,
  putPack,
  putSchedule,
  putSubscription,
  START,
  subscriptionOf,
  withBilling,
} from './world.ts'

test('a subscription is opened once, FREE', async () => {
  await withBilling(async ({ change, rows, sources }) => {
    const opened = await change((tx) => openSubscription(tx, { userId: 'ann' }, sources))
    expect(opened).toEqual(subscriptionOf(rows))
    const fresh = { startedAt: START, lastReset: START, imagesLimit: 50, monthlyCredits: 0, nextBilling: null }
    expect(opened).toMatchObject({ tier: 'FREE', status: 'active', ...fresh })
    sources.setNow(days(1))
    expect(await change((tx) => openSubscription(tx, { userId: 'ann' }, sources))).toEqual(opened)
    expect(history(rows)).toEqual(['activated FREE/active by system'])
  })
})

test('packs whose subscription was lost count when one is opened again, but for those that have expired', async () => {
  await withBilling(async ({ change, rows, sources }) => {
    await change((tx) => {
      putPack(tx, { id: 'begun', creditsUsed: 20_000 })
      putPack(tx, { id: 'whole' })
      putPack(tx, { id: 'used', creditsUsed: 50_000 })
      putPack(tx, { id: 'expired', expiresAt: START })
      putPack(tx, { id: 'pending', status: 'pending', expiresAt: null })
      putPack(tx, { id: 'another', userId: 'bob' })
    })
    await change((tx) => openSubscription(tx, { userId: 'ann' }, sources))
    expect(readSubscription(rows, 'ann', START)).toMatchObject({
      packCredits: 80_000,
      packs: [
        { id: 'begun', creditsLeft: 30_000 },
        { id: 'whole', creditsLeft: 50_000 },
      ],
    })
    await change((tx) => bringUpToDate(tx, subscriptionOf(tx), sources))
    expect(subscriptionOf(rows).credits).toBe(80_000)
    expect(rows.find('CreditPurchase', { id: 'whole' })?.creditsUsed).toBe(0)
    expect(problemsOf(rows)).toEqual([])
  })
})

test('nothing is opened for the erased', async () => {
  await withBilling(async ({ change, rows, sources }) => {
    await change((tx) => tx.insert('Tombstone', { subjectId: 'ann', erasedAt: START }))
    const opened = change((tx) => openSubscription(tx, { userId: 'ann' }, sources))
    await expect(opened).rejects.toMatchObject({ code: 'conflict' })
    expect(rows.list('Subscription', {})).toEqual([])
  })
})

interface Case {
  readonly name: string
  readonly row: Partial<Subscription>
  readonly scheduled?: boolean
  readonly day: number
  /** What changes; nothing where it is left out. */
  readonly becomes?: Partial<Subscription>
  readonly events?: readonly string[]
}

const used = { creditsUsed: 70, imagesUsed: 9 }
const fresh = { creditsUsed: 0, imagesUsed: 0 }
const ended = { ...fresh, ...FREE, status: 'expired', nextTier: null }
const reset = 'credits_reset FREE/active by system'
const may = (day: number) => new Date(Date.UTC(2026, 4, day, 12))
const june = (day: number) => new Date(Date.UTC(2026, 5, day, 12))
const july = (day: number) => new Date(Date.UTC(2026, 6, day, 12))

/** JIVE since 22 May, paid until 21 June; now is 1 June and so many days. */
const CASES: readonly Case[] = [
  { name: 'a month that runs', row: used, day: 19 },
  { name: 'a FREE month that runs', row: { ...FREE, ...used }, day: 20 },
  {
    name: 'a FREE month that begins',
    row: { ...FREE, ...used },
    day: 21,
    becomes: { ...fresh, lastReset: june(22) },
    events: [reset],
  },
  {
    name: 'several FREE months give one reset, on the day of the month',
    row: { ...FREE, ...used },
    day: 60,
    becomes: { ...fresh, lastReset: july(22) },
    events: [reset],
  },
  {
    name: 'without a reset before, months count from the start',
    row: { ...FREE, ...used, lastReset: null },
    day: 21,
    becomes: { ...fresh, lastReset: june(22) },
    events: [reset],
  },
  {
    name: 'without a start, months count from the creation',
    row: { ...FREE, ...used, lastReset: null, startedAt: null, createdAt: days(-40) },
    day: 0,
    becomes: { ...fresh, lastReset: may(22) },
    events: [reset],
  },
  {
    name: 'a month in a longer paid period',
    row: { ...used, nextBilling: days(60) },
    day: 21,
    becomes: { ...fresh, lastReset: june(22) },
    events: ['credits_reset JIVE/active by system'],
  },
  { name: 'a month that a charge has yet to pay gives no allowance', row: used, scheduled: true, day: 25 },
  { name: 'past due gives no allowance', row: { ...used, status: 'past_due' }, scheduled: true, day: 29 },
  { name: 'pending gives no allowance', row: { ...FREE, ...used, status: 'pending' }, day: 60 },
  {
    name: 'expired goes on with FREE months',
    row: { ...FREE, ...used, status: 'expired' },
    day: 21,
    becomes: { ...fresh, lastReset: june(22) },
    events: ['credits_reset FREE/expired by system'],
  },
  { name: 'cancelled goes on to the end of its period', row: { ...used, status: 'cancelled' }, day: 19.9 },
  {
    name: 'cancelled ends with its period',
    row: { ...used, status: 'cancelled', credits: 7 },
    day: 20,
    becomes: { ...ended, lastReset: june(21) },
    events: ['downgraded FREE/expired by system'],
  },
  {
    name: 'cancelled without a period ends',
    row: { ...used, status: 'cancelled', nextBilling: null },
    day: 0,
    becomes: { ...ended, lastReset: START },
    events: ['downgraded FREE/expired by system'],
  },
  {
    name: 'an end long ago is followed by FREE months',
    row: { ...used, ...JIGGA, status: 'cancelled' },
    day: 55,
    becomes: { ...ended, lastReset: july(21) },
    events: ['downgraded FREE/expired by system', 'credits_reset FREE/expired by system'],
  },
  {
    name: 'active without a schedule ends with its period',
    row: { ...used, nextTier: 'JIGGA' },
    day: 20,
    becomes: { ...ended, lastReset: june(21) },
    events: ['downgraded FREE/expired by system'],
  },
  { name: 'active without a period goes on', row: { ...used, nextBilling: null }, day: 20 },
  {
    name: 'past due without a schedule has nine days',
    row: { ...used, status: 'past_due', paymentFailedAt: days(20) },
    day: 28.9,
  },
  {
    name: 'past due without a schedule ends',
    row: { ...used, status: 'past_due', paymentFailedAt: days(20) },
    day: 29,
    becomes: { ...ended, lastReset: june(21) },
    events: ['downgraded FREE/expired by system'],
  },
]

describe('what time brings', () => {
  it.each(CASES)('$name', async ({ row, scheduled = false, day, becomes = {}, events = [] }) => {
    await withBilling(async ({ change, rows, sources }) => {
      const before = await change((tx) => {
        if (scheduled) putSchedule(tx)
        return putSubscription(tx, row)
      })
      sources.setNow(days(day))
      const seen = readSubscription(rows, 'ann', sources.now())
      const { subscription } = await change((tx) => bringUpToDate(tx, before, sources))
      expect(subscription).toEqual(subscriptionOf(rows))
      const updatedAt = events.length > 0 ? days(day) : before.updatedAt
      expect(subscription).toEqual({ ...before, ...becomes, updatedAt })
      expect(history(rows)).toEqual(events)
      expect(readSubscription(rows, 'ann', sources.now())).toEqual(seen)
      await change((tx) => bringUpToDate(tx, subscription, sources))
      expect(history(rows)).toEqual(events)
      expect(problemsOf(rows)).toEqual([])
    })
  })
})

test('packs that expire take what they have left, and no other', async () => {
  await withBilling(async ({ change, rows, sources }) => {
    const before = await change((tx) => {
      putPack(tx, { id: 'old', creditsUsed: 20_000, expiresAt: days(5) })
      putPack(tx, { id: 'new', expiresAt: days(6) })
      return putSubscription(tx, { credits: 80_100 })
    })
    sources.setNow(days(5))
    expect(readSubscription(rows, 'ann', sources.now())).toMatchObject({ packCredits: 50_100, packs: [{ id: 'new' }] })
    await change((tx) => bringUpToDate(tx, before, sources))
    expect(subscriptionOf(rows).credits).toBe(50_100)
    expect(rows.find('CreditPurchase', { id: 'old' })?.creditsUsed).toBe(50_000)
    await change((tx) => bringUpToDate(tx, subscriptionOf(tx), sources))
    expect(subscriptionOf(rows).credits).toBe(50_100)
  })
})

test('a person sees what is left, what is next and what may be asked for', async () => {
  await withBilling(async ({ change, rows }) => {
    await change((tx) => {
      putSubscription(tx, { credits: 60_000, creditsUsed: 499_000, imagesUsed: 30, nextTier: 'JIGGA' })
      putSchedule(tx)
      putPack(tx, { id: 'late', expiresAt: days(90) })
      putPack(tx, { id: 'early', expiresAt: days(9), creditsUsed: 45_000 })
      putPack(tx, { id: 'empty', creditsUsed: 50_000 })
    })
    const pack = { packSize: '200', credits: 50_000 }
    expect(readSubscription(rows, 'ann', START)).toEqual({
      id: 'sub-ann',
      userId: 'ann',
      tier: 'JIVE',
      status: 'active',
      priceCents: 9_900,
      nextTier: 'JIGGA',
      startedAt: days(-10),
      nextBilling: days(20),
      isRecurring: true,
      paymentFailedAt: null,
      monthlyCredits: 500_000,
      monthlyCreditsLeft: 1_000,
      packCredits: 60_000,
      creditsLeft: 61_000,
      imagesLimit: 200,
      imagesLeft: 170,
      resetsAt: june(22),
      packs: [
        { id: 'early', ...pack, creditsLeft: 5_000, expiresAt: days(9) },
        { id: 'late', ...pack, creditsLeft: 50_000, expiresAt: days(90) },
      ],
      allowed: ['spend', 'check_out', 'redeem', 'change_tier', 'cancel'],
    })
    expect(() => readSubscription(rows, 'bob', START)).toThrow(expect.objectContaining({ code: 'not-found' }))
  })
})

test('a tier that no version knew is a fault of the file', async () => {
  await withBilling(async ({ change, rows }) => {
    await change((tx) => putSubscription(tx, { tier: 'GOLD' }))
    expect(() => readSubscription(rows, 'ann', START)).toThrow(expect.objectContaining({ code: 'file' }))
  })
})
