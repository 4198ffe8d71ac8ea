import { describe, expect, it, test } from 'vitest'
import { adjust, grantPack, type Spent, spend } from '../../src/billing/credits.ts'
import { addMonths } from '../../src/billing/months.ts'
import type { Pack } from '../../src/billing/packs.ts'
import { readSubscription } from '../../src/billing/subscription-view.ts'
import {
  type BillingTx,
  days,
  FREE,
  history,
  mustFind,
  problemsOf,
  putPack,
  putSubscription,
  START,
  subscriptionOf,
  withBilling,
} from './world.ts'

const usedOf = (tx: { list: BillingTx['list'] }): Record<string, number> =>
  Object.fromEntries(tx.list('CreditPurchase', {}).map(({ id, creditsUsed }) => [id, creditsUsed]))

interface Case {
  readonly name: string
  readonly credits: number
  readonly creditsUsed?: number
  readonly packs?: readonly Partial<Pack>[]
  readonly spend: number
  readonly spent: Partial<Spent>
  readonly used?: Record<string, number>
  readonly balance: number
}

const early = { id: 'early', expiresAt: days(10) }
const late = { id: 'late', expiresAt: days(90) }

/** The month's allowance is 500,000; a pack has 50,000. */
const ORDER: readonly Case[] = [
  {
    name: 'the allowance first',
    credits: 50_000,
    packs: [early],
    spend: 7,
    spent: { fromAllowance: 7, fromPacks: 0 },
    used: { early: 0 },
    balance: 50_000,
  },
  {
    name: 'then packs',
    credits: 50_000,
    creditsUsed: 499_990,
    packs: [early],
    spend: 30,
    spent: { fromAllowance: 10, fromPacks: 20, creditsLeft: 49_980 },
    used: { early: 20 },
    balance: 49_980,
  },
  {
    name: 'packs by expiry, not by age',
    credits: 100_000,
    creditsUsed: 500_000,
    packs: [late, early],
    spend: 50_001,
    spent: { fromPacks: 50_001 },
    used: { early: 50_000, late: 1 },
    balance: 49_999,
  },
  {
    name: 'a pack that never expires last',
    credits: 100_000,
    creditsUsed: 500_000,
    packs: [{ ...late, expiresAt: null }, early],
    spend: 1,
    spent: { fromPacks: 1 },
    used: { early: 1, late: 0 },
    balance: 99_999,
  },
  {
    name: 'then what belongs to no pack',
    credits: 60_000,
    creditsUsed: 500_000,
    packs: [early],
    spend: 60_000,
    spent: { fromPacks: 60_000, creditsLeft: 0 },
    used: { early: 50_000 },
    balance: 0,
  },
  {
    name: 'an allowance used beyond its end counts as empty',
    credits: 5,
    creditsUsed: 500_009,
    spend: 5,
    spent: { fromAllowance: 0, fromPacks: 5, creditsLeft: 0 },
    balance: 0,
  },
  {
    name: 'an expired pack is not spent',
    credits: 100_000,
    creditsUsed: 500_000,
    packs: [{ ...early, expiresAt: START }, late],
    spend: 10,
    spent: { fromPacks: 10, creditsLeft: 49_990 },
    used: { early: 50_000, late: 10 },
    balance: 49_990,
  },
  {
    name: 'a pending pack is not spent',
    credits: 10,
    creditsUsed: 500_000,
    packs: [{ ...early, status: 'pending' }],
    spend: 10,
    spent: { fromPacks: 10 },
    used: { early: 0 },
    balance: 0,
  },
  {
    name: 'packs with more left than the balance are healed, the earliest first',
    credits: 60_000,
    creditsUsed: 500_000,
    packs: [early, late],
    spend: 0,
    spent: { creditsLeft: 60_000 },
    used: { early: 40_000, late: 0 },
    balance: 60_000,
  },
  {
    name: 'a pack spent long ago takes nothing when it expires',
    credits: 50_000,
    creditsUsed: 500_000,
    packs: [{ ...early, expiresAt: START }, late],
    spend: 0,
    spent: { creditsLeft: 50_000 },
    used: { early: 50_000, late: 0 },
    balance: 50_000,
  },
]

describe('credits are taken in order', () => {
  it.each(ORDER)('$name', async ({ credits, creditsUsed = 0, packs = [], ...expected }) => {
    await withBilling(async ({ change, rows, sources }) => {
      await change((tx) => {
        putSubscription(tx, { credits, creditsUsed })
        for (const pack of packs) putPack(tx, pack)
      })
      const seen = readSubscription(rows, 'ann', START).creditsLeft
      const spent = await change((tx) => spend(tx, { userId: 'ann', credits: expected.spend, images: 0 }, sources))
      expect(spent).toMatchObject(expected.spent)
      expect(spent.creditsLeft).toBe(seen - expected.spend)
      expect(usedOf(rows)).toEqual(expected.used ?? {})
      expect(subscriptionOf(rows).credits).toBe(expected.balance)
      expect(problemsOf(rows)).toEqual([])
    })
  })
})

const REFUSED = {
  'more than everything': [{ credits: 500_012, images: 0 }, 409, 'Not enough credits: 500012 asked for, 500011 left'],
  'more images than left': [{ credits: 1, images: 191 }, 409, 'Not enough images: 191 asked for, 190 left'],
  'a negative number': [{ credits: -1, images: 0 }, 400, 'came -1'],
  'half an image': [{ credits: 0, images: 0.5 }, 400, 'came 0.5'],
  'no number': [{ credits: Number.NaN, images: 0 }, 400, 'came NaN'],
  'a number beyond all': [{ credits: 2 ** 53, images: 0 }, 400, 'credits must be a whole number'],
} as const

test.each(Object.entries(REFUSED))('not spent: %s', async (_name, [asked, status, message]) => {
  await withBilling(async ({ change, rows, sources }) => {
    const before = await change((tx) => {
      putPack(tx, { creditsUsed: 49_989 })
      return putSubscription(tx, { credits: 11, imagesUsed: 10 })
    })
    const spent = change((tx) => spend(tx, { userId: 'ann', ...asked }, sources))
    await expect(spent).rejects.toMatchObject({ status, message: expect.stringContaining(message) })
    expect(subscriptionOf(rows)).toEqual(before)
    expect(usedOf(rows)).toEqual({ pack: 49_989 })
  })
})

test('a pending subscription spends nothing', async () => {
  await withBilling(async ({ change, sources }) => {
    await change((tx) => putSubscription(tx, { status: 'pending' }))
    const spent = change((tx) => spend(tx, { userId: 'ann', credits: 1, images: 0 }, sources))
    await expect(spent).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('pending') })
  })
})

test('a thousand spends at once leave the right balance', async () => {
  await withBilling(async ({ change, rows, sources }) => {
    await change((tx) => {
      putSubscription(tx, { credits: 50_000, creditsUsed: 499_000 })
      putPack(tx)
    })
    const spends = Array.from({ length: 1_000 }, () =>
      change((tx) => spend(tx, { userId: 'ann', credits: 60, images: 0 }, sources)),
    )
    const results = await Promise.allSettled(spends)
    const refused = results.filter(({ status }) => status === 'rejected')
    expect(refused).toHaveLength(150)
    expect(refused.map((result) => 'reason' in result && result.reason.code)).toEqual(refused.map(() => 'conflict'))
    expect(subscriptionOf(rows)).toMatchObject({ credits: 0, creditsUsed: 500_000 })
    expect(usedOf(rows)).toEqual({ pack: 50_000 })
  })
})

test('a spend in a running month takes three statements', async () => {
  await withBilling(async ({ change, sources }) => {
    await change((tx) => putSubscription(tx))
    const calls = await change((tx) => {
      const called: string[] = []
      const counted = new Proxy(tx, {
        get: (target, name: keyof BillingTx) => {
          called.push(name)
          return target[name]
        },
      })
      spend(counted, { userId: 'ann', credits: 10, images: 1 }, sources)
      return called
    })
    expect(calls).toEqual(['find', 'list', 'update'])
  })
})

describe('packs', () => {
  test('one is bought, also before there is a subscription, and lasts 12 months', async () => {
    await withBilling(async ({ change, rows, sources }) => {
      const grant = { userId: 'ann', packSize: '1000', actor: 'payfast', paymentId: 'pf1' } as const
      const id = await change((tx) => grantPack(tx, grant, sources))
      expect(mustFind(rows.find('CreditPurchase', { id }))).toMatchObject({
        credits: 350_000,
        creditsUsed: 0,
        pfPaymentId: 'pf1',
        status: 'complete',
        expiresAt: addMonths(START, 12),
      })
      expect(history(rows)).toEqual(['activated FREE/active by system', 'payment_succeeded FREE/active by payfast'])
      sources.setNow(new Date(addMonths(START, 12).getTime() - 1))
      expect(readSubscription(rows, 'ann', sources.now()).creditsLeft).toBe(350_000)
      sources.setNow(addMonths(START, 12))
      expect(readSubscription(rows, 'ann', sources.now())).toMatchObject({ creditsLeft: 0, packs: [] })
    })
  })

  test('a pending or failed purchase is completed; any other leaves a row of its own', async () => {
    await withBilling(async ({ change, rows, sources }) => {
      const buy = (purchaseId: string) =>
        change((tx) => grantPack(tx, { userId: 'ann', packSize: '200', actor: 'payfast', purchaseId }, sources))
      await change((tx) => {
        putPack(tx, { id: 'pending', status: 'pending', expiresAt: null })
        putPack(tx, { id: 'failed', status: 'failed', expiresAt: null })
        putPack(tx, { id: 'bobs', userId: 'bob', status: 'pending' })
        putPack(tx, { id: 'large', packSize: '500', status: 'pending' })
      })
      expect(await buy('pending')).toBe('pending')
      expect(await buy('failed')).toBe('failed')
      for (const other of ['pending', 'bobs', 'large', 'unknown']) expect(await buy(other)).not.toBe(other)
      expect(subscriptionOf(rows).credits).toBe(300_000)
      expect(rows.find('CreditPurchase', { id: 'bobs' })).toMatchObject({ status: 'pending' })
      expect(problemsOf(rows)).toEqual([])
    })
  })
})

describe('adjustments', () => {
  const cases = [
    ['gives', 10, 5, 15],
    ['takes to zero', 10, -10, 0],
    ['gives up to the highest balance', 10, 1_999_999_990, 2_000_000_000],
  ] as const
  it.each(cases)('%s', async (_name, credits, change_, balance) => {
    await withBilling(async ({ change, rows, sources }) => {
      await change((tx) => putSubscription(tx, { ...FREE, credits }))
      const adjusted = await change((tx) =>
        adjust(tx, { userId: 'ann', credits: change_, actor: 'adm', meta: { why: 'sorry' } }, sources),
      )
      expect(adjusted).toEqual({ credits: balance })
      expect(subscriptionOf(rows).credits).toBe(balance)
      expect(history(rows)).toEqual(['admin_override FREE/active by adm'])
      expect(rows.find('SubscriptionEvent', {})?.meta).toBe(`{"why":"sorry","credits":${change_}}`)
    })
  })

  const refused = [
    ['below zero', -11, 409],
    ['above the highest balance', 1_999_999_991, 409],
    ['nothing', 0, 400],
    ['a part', 0.5, 400],
  ] as const
  it.each(refused)('refused: %s', async (_name, credits, status) => {
    await withBilling(async ({ change, rows, sources }) => {
      await change((tx) => putSubscription(tx, { credits: 10 }))
      const adjusted = change((tx) => adjust(tx, { userId: 'ann', credits, actor: 'adm' }, sources))
      await expect(adjusted).rejects.toMatchObject({ status })
      expect(subscriptionOf(rows).credits).toBe(10)
      expect(history(rows)).toEqual([])
    })
  })

  test('what is taken comes from no pack first, then from the earliest to expire', async () => {
    await withBilling(async ({ change, rows, sources }) => {
      await change((tx) => {
        putSubscription(tx, { credits: 100_010 })
        putPack(tx, late)
        putPack(tx, early)
      })
      const take = (credits: number) => change((tx) => adjust(tx, { userId: 'ann', credits, actor: 'adm' }, sources))
      await take(-10)
      expect(usedOf(rows)).toEqual({ early: 0, late: 0 })
      await take(-50_001)
      expect(usedOf(rows)).toEqual({ early: 50_000, late: 1 })
      expect(problemsOf(rows)).toEqual([])
    })
  })
})
