import { describe, expect, test } from 'vitest'
import type { Context } from '../../src/context.ts'
import { ConflictError } from '../../src/errors.ts'
import { adjustCredits, overrideTier } from '../../src/saga/administer.ts'
import { redeemVoucher } from '../../src/saga/redeem-voucher.ts'
import { useCredits } from '../../src/saga/use-credits.ts'
import { ADMIN, addPeople, addVouchers, asked, codeOf, emptied, subscriptionOf, withWorld } from './world.ts'

const redeem = ({ sagas }: Context, voucherId: string, userId: string) =>
  redeemVoucher(sagas, { code: codeOf(voucherId), userId }, asked('POST /v1/redeem'))

const give = async ({ sagas }: Context, userId: string, credits: number): Promise<void> => {
  await adjustCredits(sagas, ADMIN, { userId, credits, reason: 'x' }, asked('POST /v1/credits'))
}

const spend = ({ sagas }: Context, credits: number, more = {}) =>
  useCredits(sagas, { userId: 'ann', credits, images: 0 }, asked('POST /v1/usage', { credits }, more))

interface Answers<T> {
  readonly done: readonly T[]
  readonly refused: readonly unknown[]
}

async function settle<T>(promises: readonly Promise<T>[]): Promise<Answers<T>> {
  const all = await Promise.allSettled(promises)
  return {
    done: all.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : [])),
    refused: all.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : [])),
  }
}

describe('one voucher', () => {
  test('of two users one wins, the other meets a conflict, in every round', () =>
    withWorld(async (world) => {
      await using other = await world.again()
      const rounds = Array.from({ length: 60 }, (_, nth) => `v${nth}`)
      await addPeople(world.context, 'ann', 'bob')
      await addVouchers(world.context, 'R200', ...rounds)
      for (const [nth, id] of rounds.entries()) {
        // In one process, in two, and the other way round.
        const contexts = [world.context, nth % 3 === 0 ? world.context : other]
        const users = nth % 2 === 0 ? ['ann', 'bob'] : ['bob', 'ann']
        const promises = users.map((user, at) => redeem(contexts[at % 2] ?? other, id, user))
        const { done, refused } = await settle(promises)
        expect(done).toHaveLength(1)
        expect(refused).toHaveLength(1)
        expect(refused[0]).toBeInstanceOf(ConflictError)
      }
      const credits = ['ann', 'bob'].map((userId) => subscriptionOf(world.context, userId).credits)
      expect(credits.reduce((sum, count) => sum + count, 0)).toBe(60 * 50_000)
      expect(world.context.files.admin.rows.list('VoucherLog', { action: 'released' })).toEqual([])
      await emptied(world.context)
    }))

  test('of a hundred who come at once one wins', () =>
    withWorld(async ({ context }) => {
      const users = Array.from({ length: 100 }, (_, nth) => `user${nth}`)
      await addPeople(context, ...users)
      await addVouchers(context, 'R1000', 'v')
      const { done, refused } = await settle(users.map((user) => redeem(context, 'v', user)))
      expect(done).toHaveLength(1)
      expect(refused.every((error) => error instanceof ConflictError)).toBe(true)
      const subscriptions = context.files.billing.rows.list('Subscription', {})
      expect(subscriptions.map(({ credits }) => credits).reduce((sum, count) => sum + count, 0)).toBe(350_000)
    }))

  test('many of one user all count', () =>
    withWorld(async ({ context }) => {
      const ids = Array.from({ length: 100 }, (_, nth) => `v${nth}`)
      await addPeople(context, 'ann')
      await addVouchers(context, 'R200', ...ids)
      const answers = await Promise.all(ids.map((id) => redeem(context, id, 'ann')))
      expect(answers.every(({ change }) => change.settled)).toBe(true)
      expect(subscriptionOf(context, 'ann').credits).toBe(100 * 50_000)
      expect(context.files.identity.rows.list('AuthLog', {})).toHaveLength(100)
    }))
})

describe('one balance', () => {
  test('a thousand spends at once leave what they must, and refuse only what is not there', () =>
    withWorld(async (world) => {
      const { context } = world
      await addPeople(context, 'ann')
      await give(context, 'ann', 7_000)
      await using other = await world.again()
      const amounts = Array.from({ length: 1_000 }, (_, nth) => (nth % 19) + 1)
      const { done, refused } = await settle(amounts.map((credits, nth) => spend(nth % 2 ? context : other, credits)))
      const spent = done.reduce((sum, { data }) => sum + data.fromPacks + data.fromAllowance, 0)
      expect(subscriptionOf(context, 'ann').credits).toBe(7_000 - spent)
      expect(refused.length).toBeGreaterThan(0)
      for (const error of refused) {
        expect(error).toBeInstanceOf(ConflictError)
        expect((error as Error).message).toContain('Not enough credits')
      }
      // Nobody was refused for more than what is left in the end.
      expect(7_000 - spent).toBeLessThan(19)
    }))

  test('spends, gifts and changes of tier at once add up', () =>
    withWorld(async ({ context }) => {
      await addPeople(context, 'ann')
      await give(context, 'ann', 100_000)
      const work = Array.from({ length: 120 }, (_, nth) => {
        if (nth % 4 === 0) return give(context, 'ann', 10)
        if (nth % 4 === 1) return give(context, 'ann', -5)
        return spend(context, 3)
      })
      await Promise.all(work)
      expect(subscriptionOf(context, 'ann').credits).toBe(100_000 + 30 * 10 - 30 * 5 - 60 * 3)
      expect(context.files.admin.rows.list('AdminLog', { action: 'credit_adjustment' })).toHaveLength(61)
    }))

  test('a spend that is sent a hundred times at once with one key is made once', () =>
    withWorld(async (world) => {
      const { context } = world
      await addPeople(context, 'ann')
      await give(context, 'ann', 100)
      await using other = await world.again()
      const by = { key: 'k', keyId: 'service' }
      const { done, refused } = await settle(
        Array.from({ length: 100 }, (_, nth) => spend(nth % 2 ? context : other, 60, by)),
      )
      expect(subscriptionOf(context, 'ann').credits).toBe(40)
      expect(done.filter(({ repeated }) => !repeated)).toHaveLength(1)
      for (const error of refused) expect(error).toMatchObject({ status: 409, retryAfter: 1 })
      expect(await spend(context, 60, by)).toMatchObject({ repeated: true, data: { creditsLeft: 40 } })
    }))

  test('the log of a balance has its changes in the order in which they were made', () =>
    withWorld(async ({ context }) => {
      await addPeople(context, 'ann')
      const tiers = Array.from({ length: 40 }, (_, nth) => (nth % 2 ? 'JIVE' : 'JIGGA') as 'JIVE' | 'JIGGA')
      await Promise.all(
        tiers.map((tier, nth) =>
          overrideTier(context.sagas, ADMIN, { userId: 'ann', tier, reason: `${nth}` }, asked('POST /v1/tier')),
        ),
      )
      const events = context.files.billing.rows.list('SubscriptionEvent', { event: 'admin_override' })
      const logs = context.files.admin.rows.list('AdminLog', { action: 'tier_override' })
      expect(logs.map(({ meta }) => JSON.parse(meta ?? '{}').tier)).toEqual(events.map(({ toTier }) => toTier))
    }))
})
