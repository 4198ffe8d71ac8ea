import { describe, expect, it } from 'vitest'
import type { Subscription } from '../../src/billing/events.ts'
import { grantVoucher, type VoucherType, voucherFits } from '../../src/billing/voucher-grants.ts'
import { days, eventsOf, FREE, JIGGA, putSubscription, START, subscriptionOf, withBilling } from './world.ts'

const FITTING: readonly [string, Partial<Subscription> | undefined, VoucherType, Partial<Subscription>][] = [
  ['a month for nobody known yet', undefined, 'JIVE_1MONTH', { tier: 'JIVE', status: 'active' }],
  ['a month for FREE', FREE, 'JIGGA_1MONTH', { tier: 'JIGGA' }],
  ['a month for expired', { ...FREE, status: 'expired' }, 'JIVE_1MONTH', { tier: 'JIVE', status: 'active' }],
  ['a month for pending', { status: 'pending' }, 'JIGGA_1MONTH', { tier: 'JIGGA', status: 'active' }],
  ['another month', {}, 'JIVE_1MONTH', { tier: 'JIVE', nextBilling: new Date('2026-07-21T12:00:00.000Z') }],
  ['a month for cancelled', { status: 'cancelled' }, 'JIVE_1MONTH', { tier: 'JIVE', status: 'active' }],
  ['a month of a higher tier for cancelled', { status: 'cancelled' }, 'JIGGA_1MONTH', { tier: 'JIGGA' }],
  ['a lower month for what has ended', { ...JIGGA, nextBilling: START }, 'JIVE_1MONTH', { tier: 'JIVE' }],
  ['a pack', {}, 'R500', { tier: 'JIVE', credits: 150_000, nextBilling: days(20) }],
  ['a pack for nobody known yet', undefined, 'R200', { tier: 'FREE', credits: 50_000 }],
  ['a pack for pending', { status: 'pending' }, 'R1000', { status: 'pending', credits: 350_000 }],
]

describe('fits', () => {
  it.each(FITTING)('%s', async (_name, row, voucherType, becomes) => {
    await withBilling(async ({ change, rows, sources }) => {
      if (row) await change((tx) => putSubscription(tx, row))
      voucherFits(rows, 'ann', voucherType, START)
      await change((tx) => grantVoucher(tx, { userId: 'ann', voucherType, actor: 'ann' }, sources))
      expect(subscriptionOf(rows)).toMatchObject(becomes)
      expect(JSON.parse(eventsOf(rows).at(-1)?.meta ?? '')).toMatchObject({ voucherType })
    })
  })
})

const UNFIT: readonly [string, Partial<Subscription>, string, string][] = [
  ['a higher month', {}, 'JIGGA_1MONTH', 'conflict'],
  ['a lower month', JIGGA, 'JIVE_1MONTH', 'conflict'],
  ['a higher month for past due', { status: 'past_due' }, 'JIGGA_1MONTH', 'conflict'],
  ['a lower month for cancelled', { ...JIGGA, status: 'cancelled' }, 'JIVE_1MONTH', 'conflict'],
  ['a pack for a full balance', { credits: 1_999_990_000 }, 'R200', 'conflict'],
  ['an unknown type', {}, 'R300', 'usage'],
]

describe('does not fit', () => {
  it.each(UNFIT)('%s', async (_name, row, type, code) => {
    await withBilling(async ({ change, rows, sources }) => {
      const before = await change((tx) => putSubscription(tx, row))
      const voucherType = type as VoucherType
      expect(() => voucherFits(rows, 'ann', voucherType, START)).toThrow(expect.objectContaining({ code }))
      const granted = change((tx) => grantVoucher(tx, { userId: 'ann', voucherType, actor: 'ann' }, sources))
      await expect(granted).rejects.toMatchObject({ code })
      expect(subscriptionOf(rows)).toEqual(before)
      expect(rows.list('CreditPurchase', {})).toEqual([])
    })
  })
})
