import { expect, test } from 'vitest'
import { overview, subscriptionStats } from '../../src/join/stats.ts'
import { insertRows } from '../helpers/people.ts'
import { withConnections } from './worlds.ts'

const NOW = new Date('2026-06-01T00:00:00Z')

test('figures of empty files are zeros', async () => {
  await withConnections(({ readers }) => {
    expect(subscriptionStats(readers)).toEqual([])
    expect(overview(readers, NOW)).toEqual({
      users: { total: 0, admins: 0 },
      subscriptions: { total: 0, byStatus: {}, byTier: {} },
      payments: { count: 0, sumCents: 0 },
      creditPurchases: { total: 0, byStatus: {} },
      vouchers: { total: 0, redeemed: 0, voided: 0, expired: 0 },
    })
    expect(Object.values(readers).map(({ inTransaction }) => inTransaction)).toEqual([false, false, false])
  })
})

test('users, subscriptions, payments and vouchers are counted across the three files', async () => {
  await withConnections(({ readers, writers }) => {
    insertRows(writers, 'users', [{ id: 'a', isAdmin: 1 }, { id: 'b' }, { id: 'c', isServiceAdmin: 1 }])
    insertRows(writers, 'subscriptions', [
      { id: '1', userId: 'a', tier: 'JIVE', status: 'active', credits: 5 },
      { id: '2', userId: 'b', tier: 'JIVE', status: 'expired', credits: 7 },
      { id: '3', userId: 'c', tier: 'FREE', status: 'active' },
    ])
    insertRows(writers, 'payments', [
      { id: '1', userId: 'a', amountCents: 9_900 },
      { id: '2', userId: 'a', amountCents: 29_900 },
    ])
    insertRows(writers, 'credit-purchases', [
      { id: '1', userId: 'a', status: 'complete' },
      { id: '2', userId: 'a', status: 'failed' },
    ])
    const [past, future] = ['2026-05-31T23:59:59.999+00:00', '2026-06-01T00:00:00.001+00:00']
    insertRows(writers, 'vouchers', [
      { id: 'open', expiresAt: future },
      { id: 'expired', expiresAt: past },
      { id: 'redeemed', expiresAt: past, redeemed: 1 },
      { id: 'voided', expiresAt: past, voided: 1 },
      { id: 'redeemed, then voided', expiresAt: future, redeemed: 1, voided: 1 },
    ])
    expect(subscriptionStats(readers)).toEqual([
      { tier: 'FREE', userCount: 1, totalCredits: 0 },
      { tier: 'JIVE', userCount: 2, totalCredits: 12 },
    ])
    expect(overview(readers, NOW)).toEqual({
      users: { total: 3, admins: 1 },
      subscriptions: { total: 3, byStatus: { active: 2, expired: 1 }, byTier: { FREE: 1, JIVE: 2 } },
      payments: { count: 2, sumCents: 39_800 },
      creditPurchases: { total: 2, byStatus: { complete: 1, failed: 1 } },
      vouchers: { total: 5, redeemed: 2, voided: 1, expired: 1 },
    })
  })
})
