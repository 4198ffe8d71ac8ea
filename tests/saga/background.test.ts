import { describe, expect, test } from 'vitest'
import { postMessage } from '../../src/database/outbox.ts'
import { type BackgroundOptions, bringSubscriptionsUpToDate, startBackground } from '../../src/saga/background.ts'
import { addPeople, DAY, NOW, SECOND, subscriptionOf, undelivered, until, type World, withWorld } from './world.ts'

const leaveUser = ({ context }: World, userId: string): Promise<void> =>
  context.files.identity.change((tx) => {
    const message = { type: 'user-created', target: 'billing', subjectId: userId, changeId: null } as const
    postMessage(tx, { id: `user-created:${userId}`, ...message, payload: JSON.stringify({ userId }) }, context.now())
  })

/** Subscriptions that are paid for 30 days more. */
const putCancelled = ({ context }: World, ids: readonly string[]): Promise<void> =>
  context.files.billing.change((tx) => {
    const counts = {
      credits: 0,
      creditsUsed: 0,
      monthlyCredits: 500_000,
      imagesUsed: 3,
      imagesLimit: 200,
      retryCount: 0,
    }
    const times = { startedAt: NOW, lastReset: NOW, createdAt: NOW, updatedAt: NOW }
    const nextBilling = new Date(NOW.getTime() + 30 * DAY)
    for (const userId of ids) {
      const state = { tier: 'JIVE', status: 'cancelled', nextBilling }
      tx.insert('Subscription', { id: `s-${userId}`, userId, ...state, ...counts, ...times })
    }
  })

/** What no handler expects of a row: its event cannot be written. */
const refuseEventsOf = ({ context }: World, ...ids: readonly string[]): void => {
  const list = ids.map((id) => `'${id}'`).join(', ')
  context.files.billing.connections.writer.exec(
    `create temp trigger odd before insert on "SubscriptionEvent" when new.userId in (${list})
       begin select raise(abort, 'odd'); end`,
  )
}

const start = ({ context: { sagas } }: World, more: Partial<BackgroundOptions> = {}) =>
  startBackground({ sagas, payfast: undefined, onError: () => {}, ...more })

const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length

describe('in the background', () => {
  test('what a process left behind is delivered at the start, and what comes later as well', () =>
    withWorld(async (world) => {
      await leaveUser(world, 'ann')
      world.pass(3 * SECOND)
      await using _background = start(world)
      await until(() => undelivered(world.context).length === 0)
      expect(subscriptionOf(world.context, 'ann').tier).toBe('FREE')
      await leaveUser(world, 'bob')
      world.pass(3 * SECOND)
      await until(() => undelivered(world.context).length === 0)
      expect(subscriptionOf(world.context, 'bob').tier).toBe('FREE')
    }))

  test('a job that fails is told by name, and is tried again', () =>
    withWorld(async (world) => {
      await leaveUser(world, 'ann')
      world.pass(3 * SECOND)
      const told: string[] = []
      world.context.files.identity.connections.writer.pragma('query_only = on')
      await using _background = start(world, { onError: (job) => told.push(job) })
      await until(() => told.includes('deliver'))
      world.context.files.identity.connections.writer.pragma('query_only = off')
      await until(() => undelivered(world.context).length === 0)
    }))

  test('stopping waits for what runs and leaves no timer', () =>
    withWorld(async (world) => {
      const before = timers()
      const background = start(world)
      await background[Symbol.asyncDispose]()
      await leaveUser(world, 'late')
      world.pass(3 * SECOND)
      expect(timers()).toBeLessThanOrEqual(before)
      expect(undelivered(world.context)).toEqual(['user-created:late'])
    }))

  test('stopping waits for what is on its way', () => {
    const begun = Promise.withResolvers<void>()
    return withWorld(
      async (world) => {
        await leaveUser(world, 'ann')
        world.pass(3 * SECOND)
        const [held, hold] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
        const transaction = world.context.files.billing.client.$transaction(() => {
          held.resolve()
          return hold.promise
        })
        await held.promise
        const background = start(world)
        await begun.promise
        let isStopped = false
        const stopped = background[Symbol.asyncDispose]().then(() => {
          isStopped = true
        })
        for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
        expect(isStopped).toBe(false)
        hold.resolve()
        await Promise.all([transaction, stopped])
        expect(subscriptionOf(world.context, 'ann').tier).toBe('FREE')
      },
      { reached: () => begun.resolve() },
    )
  })

  test('stopped before its first turn ends all the same', () =>
    withWorld(async (world) => {
      const background = start(world)
      await Promise.all([background[Symbol.asyncDispose](), background[Symbol.asyncDispose]()])
    }))

  test('subscriptions come up to date, however many', () =>
    withWorld(async (world) => {
      const { context } = world
      const ids = Array.from({ length: 250 }, (_, nth) => `user${nth}`)
      await addPeople(context, ...ids)
      await putCancelled(world, ids)
      expect(await bringSubscriptionsUpToDate(context.sagas)).toEqual({ done: 0, failed: [] })
      world.pass(31 * DAY)
      expect(await bringSubscriptionsUpToDate(context.sagas)).toEqual({ done: 250, failed: [] })
      expect(new Set(ids.map((id) => subscriptionOf(context, id).tier))).toEqual(new Set(['FREE']))
      expect(await bringSubscriptionsUpToDate(context.sagas)).toEqual({ done: 0, failed: [] })
    }))

  test('a subscription that cannot be brought up to date keeps nobody else from theirs, and is told in numbers', () =>
    withWorld(async (world) => {
      const { context } = world
      const ids = Array.from({ length: 130 }, (_, nth) => `user${nth}`)
      const odd = ids.filter((_, nth) => nth % 13 === 0)
      await addPeople(context, ...ids)
      await putCancelled(world, ids)
      refuseEventsOf(world, ...odd)
      world.pass(31 * DAY)
      const told: unknown[][] = []
      await using _background = start(world, { onError: (...words) => told.push(words) })
      await until(() => told.length > 0)
      expect(ids.filter((id) => subscriptionOf(context, id).tier === 'JIVE')).toEqual(odd)
      expect(told).toEqual([['subscriptions', expect.objectContaining({ code: expect.any(String) }), { failed: 10 }]])
      const { done, failed } = await bringSubscriptionsUpToDate(context.sagas)
      expect([done, failed.map(({ id }) => id).sort()]).toEqual([0, odd.toSorted()])
    }))

  test('where nothing can be written, one try says so for all', () =>
    withWorld(async (world) => {
      await putCancelled(world, ['ann', 'bob'])
      world.pass(31 * DAY)
      world.context.files.billing.connections.writer.pragma('query_only = on')
      await expect(bringSubscriptionsUpToDate(world.context.sagas)).rejects.toMatchObject({ code: 'unavailable' })
    }))
})
