// Each change is killed at each place that it reaches; then whoever comes next finds all of it, once.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { TRY_OUT } from '../../src/config.ts'
import type { Context } from '../../src/context.ts'
import { DOMAINS } from '../../src/database/domains.ts'
import { ACTS, type Act } from './acts.ts'
import { emptied, SECOND, type World, withWorld } from './world.ts'

const CHILD = join(import.meta.dirname, 'children/act.ts')
const LEASE = 3 * SECOND

const runChild = (args: readonly string[]): Promise<{ signal: string | null; said: string }> =>
  new Promise((resolve) => {
    const child = execFile(process.execPath, [CHILD, ...args], (_, stdout, stderr) =>
      resolve({ signal: child.signalCode, said: stdout + stderr }),
    )
  })

/** What all three files say, without ids that are drawn: two runs of the same act say the same. */
function factsOf({ files }: Context) {
  const { identity, billing, admin } = {
    identity: files.identity.rows,
    billing: files.billing.rows,
    admin: files.admin.rows,
  }
  const logged = new Set(admin.list('AdminLog', {}).map(({ id }) => id))
  const facts = {
    users: identity.list('User', {}).map(({ email, isAdmin }) => `${email} ${isAdmin}`),
    authLogs: identity.list('AuthLog', {}).map(({ action, email }) => `${action} ${email}`),
    tokens: identity.list('LoginToken', {}).map(({ used }) => `used ${used}`),
    sessions: identity.list('Session', {}).map(({ revokedAt }) => `revoked ${revokedAt}`),
    origins: identity.list('AdminLogOrigin', {}).filter(({ adminLogId }) => logged.has(adminLogId)).length,
    subscriptions: billing
      .list('Subscription', {})
      .map(({ userId, tier, status, credits, imagesUsed, nextTier }) => [
        userId,
        tier,
        status,
        credits,
        imagesUsed,
        nextTier,
      ]),
    events: billing.list('SubscriptionEvent', {}).map(({ event, userId, toTier }) => `${event} ${userId} ${toTier}`),
    purchases: billing.list('CreditPurchase', {}).map(({ packSize, status }) => `${packSize} ${status}`),
    payments: billing.list('ProcessedPayment', {}).map(({ pfPaymentId }) => pfPaymentId),
    schedules: billing.list('RecurringSchedule', {}).map(({ tier, status }) => `${tier} ${status}`),
    vouchers: admin
      .list('Voucher', {})
      .map(({ type, redeemed, redeemedBy, voided }) => [type, redeemed, redeemedBy, voided]),
    voucherLogs: admin.list('VoucherLog', {}).map(({ action }) => action),
    adminLogs: admin.list('AdminLog', {}).map(({ action, targetUser }) => `${action} ${targetUser}`),
    answers: DOMAINS.map((domain) =>
      (files[domain].rows as typeof billing).list('Change', {}).map(({ route, status }) => `${route} ${status}`),
    ),
    tombstones: DOMAINS.map((domain) =>
      (files[domain].rows as typeof billing).list('Tombstone', {}).map(({ subjectId }) => subjectId),
    ),
    erasures: identity.list('Erasure', {}).map(({ subjectId, receipt }) => `${subjectId} ${receipt}`),
    restrictions: identity.list('Restriction', {}).map(({ kind, liftedAt }) => `${kind} ${liftedAt}`),
    restricted: billing.list('RestrictedSubject', {}).map(({ subjectId }) => subjectId),
    corrections: identity.list('Correction', {}).map(({ outcome, note }) => `${outcome} ${note}`),
    inboxes: DOMAINS.map((domain) =>
      (files[domain].rows as typeof billing)
        .list('InboxMessage', {})
        .map(({ type }) => type)
        .sort(),
    ),
  }
  return facts
}

/** A request that is cut off before its answer is kept may send its mail again: that is all that may be there twice. */
const withoutMails = ({ authLogs, tokens, ...facts }: ReturnType<typeof factsOf>) => ({
  ...facts,
  authLogs: authLogs.filter((text) => !text.startsWith('login_requested')),
  tokens: tokens.filter((text) => text === 'used true'),
})

const answerOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (answer) => answer,
    (error: { status?: number; message?: string }) => ({ status: error.status, message: error.message }),
  )

/** What an undisturbed run leaves, and the places and ids of its way. */
const undisturbed = (act: Act, name: string) => {
  const places: string[] = []
  let [context, ids, isRunning]: [Context | undefined, number, boolean] = [undefined, 0, false]
  const reached = (place: string) => {
    if (!isRunning || !context) return
    places.push(place)
    act.meanwhile?.(context, place)
  }
  return withWorld(
    async (world) => {
      const given = await act.before(world.context)
      await emptied(world.context)
      context = await world.again({
        reached,
        newId: () => {
          ids += isRunning ? 1 : 0
          return `own-${crypto.randomUUID()}`
        },
      })
      await using _closed = context
      isRunning = true
      await answerOf(act.run(context, given))
      isRunning = false
      await emptied(world.context)
      return { name, places, ids, facts: withoutMails(factsOf(world.context)) }
    },
    { env: TRY_OUT },
  )
}

const killedAt = async (name: string, act: Act, place: string, check: (world: World, given: string) => Promise<void>) =>
  withWorld(
    async (world) => {
      const given = await act.before(world.context)
      await emptied(world.context)
      const { signal, said } = await runChild([world.databases.dir, name, given, place, world.clock.now.toISOString()])
      expect({ signal, said }).toEqual({ signal: 'SIGKILL', said: '' })
      world.pass(LEASE)
      await world.context.sagas.courier.sweep()
      world.pass(LEASE)
      await world.context.sagas.courier.sweep()
      await emptied(world.context)
      await check(world, given)
    },
    { env: TRY_OUT },
  )

describe.each(Object.entries(ACTS))('%s', (name, act) => {
  let expected: Promise<Awaited<ReturnType<typeof undisturbed>>> | undefined
  const whole = () => {
    expected ??= undisturbed(act, name)
    return expected
  }

  test('reaches these places and no others', async () => {
    const { places, ids } = await whole()
    expect(places).toEqual(act.places)
    expect(ids).toBe(act.ids)
  })

  test.each(act.places)('killed at %s: all of it comes, and its repeat changes nothing', async (place) => {
    const { facts } = await whole()
    await killedAt(name, act, place, async (world, given) => {
      expect(withoutMails(factsOf(world.context))).toEqual(facts)
      await answerOf(act.run(world.context, given))
      await emptied(world.context)
      expect(withoutMails(factsOf(world.context))).toEqual(facts)
    })
  })

  const ids = Array.from({ length: act.ids }, (_, nth) => `id ${nth + 1}`)
  if (ids.length === 0) return
  test('killed within its transactions: its repeat brings all of it, once', async () => {
    const { facts } = await whole()
    // The first one, the last one, and one between them.
    for (const place of new Set([ids[0], ids[ids.length >> 1], ids.at(-1)])) {
      await killedAt(name, act, place ?? '', async (world, given) => {
        if (act.meanwhile) return // What happened meanwhile does not happen to the repeat.
        await answerOf(act.run(world.context, given))
        await emptied(world.context)
        expect(withoutMails(factsOf(world.context)), place).toEqual(facts)
      })
    }
  })
})
