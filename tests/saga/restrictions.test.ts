// A restricted person is charged nothing by itself and mailed nothing unasked; a corrected address is right everywhere.
import { describe, expect, test } from 'vitest'
import { beginAttempt, dueSchedules } from '../../src/billing/charges.ts'
import { TRY_OUT } from '../../src/config.ts'
import { issueLoginToken } from '../../src/identity/login-tokens.ts'
import { mayBeMailed, openRestrictions } from '../../src/identity/restrictions.ts'
import { bringSubscriptionsUpToDate } from '../../src/saga/background.ts'
import { correctSubject, disputeSubject } from '../../src/saga/correct-subject.ts'
import { changeTier } from '../../src/saga/manage-subscription.ts'
import { receiveNotification } from '../../src/saga/payments.ts'
import { makeCharges } from '../../src/saga/recurring-charges.ts'
import { liftSubject, restrictSubject } from '../../src/saga/restrict-subject.ts'
import { emailOf, erase, live, payment } from '../compliance/erasure/world.ts'
import { type PayfastServer, startPayfast } from '../helpers/payfast-server.ts'
import { addPeople, asked, DAY, failureOf, NOW, subscriptionOf, type World, withWorld } from './world.ts'

const MINUTE = 60_000
const MERCHANT = {
  id: TRY_OUT.PAYFAST_MERCHANT_ID ?? '',
  key: TRY_OUT.PAYFAST_MERCHANT_KEY ?? '',
  passphrase: TRY_OUT.PAYFAST_PASSPHRASE ?? '',
}

interface Shop extends World {
  readonly payfast: PayfastServer
  charge(): Promise<{ begun: number }>
}

/** ann and bob have JIVE, paid until now, and an agreement each. */
async function withShop(work: (shop: Shop) => Promise<void>): Promise<void> {
  await using payfast = await startPayfast({ merchant: MERCHANT })
  const env = { ...TRY_OUT, PAYFAST_API_URL: payfast.url, PAYFAST_TIMEOUT_MS: '300' }
  await withWorld(
    async (world) => {
      const { context } = world
      await addPeople(context, 'ann', 'bob')
      for (const id of ['ann', 'bob']) await receiveNotification(context.sagas, payment(id))
      const charge = () => {
        if (!context.payfast) throw new Error('Payments are off')
        return makeCharges(context.sagas, context.payfast)
      }
      await work({ ...world, payfast, charge })
    },
    { env },
  )
}

const restrictAnn = ({ context }: World, kind: 'restricted' | 'objected' = 'restricted') =>
  restrictSubject(context.sagas, { subjectId: 'ann', kind, note: 'call me first' }, asked('POST /v1/restriction'))
const lift = ({ context }: World) => liftSubject(context.sagas, 'ann', asked('DELETE /v1/restriction'))
const toTheEnd = ({ context, pass }: World) =>
  pass((subscriptionOf(context, 'ann').nextBilling?.getTime() ?? 0) - NOW.getTime())

describe('a restriction', () => {
  test.each(['restricted', 'objected'] as const)('(%s) keeps its person from being charged, and nobody else', (kind) =>
    withShop(async (shop) => {
      await restrictAnn(shop, kind)
      toTheEnd(shop)
      expect(await shop.charge()).toMatchObject({ begun: 1 })
      expect(shop.payfast.ledger.map(({ token }) => token)).toEqual(['agreement-bob'])
    }),
  )

  test('that comes between the look and the charge is seen', () =>
    withShop(async (shop) => {
      const { billing } = shop.context.files
      toTheEnd(shop)
      const [schedule] = dueSchedules(billing.rows, shop.clock.now, 1)
      await restrictAnn(shop)
      await restrictSubject(shop.context.sagas, { subjectId: 'bob', kind: 'restricted' }, asked('POST /v1/restriction'))
      const begun = await billing.change((tx) => beginAttempt(tx, schedule?.id ?? '', shop.context.sagas))
      expect(begun).toBeUndefined()
      expect(billing.rows.find('RecurringSchedule', { id: schedule?.id ?? '' })).toMatchObject({ status: 'active' })
    }))

  test('lets the paid period end as if nothing renewed it', () =>
    withShop(async (shop) => {
      await restrictAnn(shop)
      toTheEnd(shop)
      await shop.charge()
      await bringSubscriptionsUpToDate(shop.context.sagas)
      expect(subscriptionOf(shop.context, 'ann')).toMatchObject({ tier: 'FREE' })
      expect(subscriptionOf(shop.context, 'bob')).toMatchObject({ tier: 'JIVE', status: 'active' })
    }))

  test('that is lifted in time lets the charge be made', () =>
    withShop(async (shop) => {
      await restrictAnn(shop)
      await restrictAnn(shop, 'objected')
      expect(openRestrictions(shop.context.files.identity.rows, 'ann')).toHaveLength(2)
      expect([...(await lift(shop)).data.lifted].sort()).toEqual(['objected', 'restricted'])
      toTheEnd(shop)
      expect(await shop.charge()).toMatchObject({ begun: 2 })
      expect(String(await failureOf(lift(shop)))).toContain('Nothing is restricted')
    }))

  test('of somebody whose charge is under way lets its outcome be recorded', () =>
    withShop(async (shop) => {
      toTheEnd(shop)
      shop.payfast.next('pay-then-hang', 'pay-then-hang')
      await shop.charge()
      await restrictAnn(shop)
      shop.pass(5 * MINUTE)
      await shop.charge()
      const { rows } = shop.context.files.billing
      expect(rows.list('ChargeAttempt', { userId: 'ann' })).toMatchObject([{ status: 'paid' }])
      expect(shop.payfast.ledger).toHaveLength(2)
    }))

  test('refuses a change of tier, which would be charged by itself', () =>
    withShop(async (shop) => {
      await restrictAnn(shop)
      const wish = changeTier(shop.context.sagas, { userId: 'ann', tier: 'JIGGA' }, asked('POST /v1/tier'))
      expect(String(await failureOf(wish))).toContain('restricted')
    }))

  test('keeps mails away that nobody asked for, and lets a login mail through', () =>
    withShop(async (shop) => {
      const { rows } = shop.context.files.identity
      const mail = (id: string, isAskedFor: boolean) => mayBeMailed(rows, { to: emailOf(id).toUpperCase(), isAskedFor })
      expect(mail('ann', false)).toBe(true)
      await restrictAnn(shop)
      expect([mail('ann', false), mail('ann', true), mail('bob', false)]).toEqual([false, true, true])
      await lift(shop)
      expect(mail('ann', false)).toBe(true)
    }))
})

describe('an erasure of somebody with a running recurring charge', () => {
  test('ends the agreement: nothing is charged any more', () =>
    withShop(async (shop) => {
      await erase(shop.context, 'ann')
      shop.pass(40 * DAY)
      await shop.charge()
      expect(shop.payfast.ledger.map(({ token }) => token)).toEqual(['agreement-bob'])
    }))

  test('settles what is under way to the ledger, and opens nothing', () =>
    withShop(async (shop) => {
      toTheEnd(shop)
      shop.payfast.next('pay-then-hang', 'pay-then-hang')
      await shop.charge()
      await erase(shop.context, 'ann')
      shop.pass(5 * MINUTE)
      await shop.charge()
      const { rows } = shop.context.files.billing
      expect(rows.list('ChargeAttempt', { userId: 'ann' })).toMatchObject([{ status: 'paid' }])
      expect(rows.list('ProcessedPayment', { userId: 'ann' })).toHaveLength(2)
      expect(rows.list('Subscription', { userId: 'ann' })).toEqual([])
      expect(rows.list('RecurringSchedule', { userId: 'ann' })).toEqual([])
    }))
})

describe('a correction', () => {
  const correct = ({ context }: World, email: string) =>
    correctSubject(context.sagas, { subjectId: 'ann', email }, asked('POST /v1/corrections'))

  const withAnn = (work: (world: World) => Promise<void>) =>
    withWorld(
      async (world) => {
        await live(world.context, 'ann')
        await live(world.context, 'bob')
        await work(world)
      },
      { env: TRY_OUT },
    )

  test('puts the address right in the row and in the log of the door, and voids tokens on their way', () =>
    withAnn(async (world) => {
      const { rows } = world.context.files.identity
      const [bobs, sessions] = [rows.list('AuthLog', { email: emailOf('bob') }).length, rows.list('Session', {}).length]
      const { data } = await correct(world, ' Anne@Mail.Example ')
      expect(data).toMatchObject({ field: 'identity.User.email', outcome: 'corrected', logged: 4, revoked: 2 })
      expect(JSON.stringify(data)).not.toContain('mail.example')
      expect(rows.find('User', { id: 'ann' })?.email).toBe('anne@mail.example')
      expect(rows.list('AuthLog', { email: 'anne@mail.example' })).toHaveLength(4)
      expect(rows.list('LegacyOriginal', { table: 'User', rowId: 'ann' })).toEqual([])
      expect(rows.list('AuthLog', { email: emailOf('bob') })).toHaveLength(bobs)
      expect(rows.list('Session', {})).toHaveLength(sessions)
      expect(rows.list('Correction', {})).toMatchObject([{ subjectId: 'ann', note: emailOf('ann') }])
    }))

  test('of a contact goes to its key as well', () =>
    withAnn(async ({ context }) => {
      const { identity } = context.files
      await identity.change((tx) =>
        tx.insert('Contact', { id: 'c1', email: 'old@mail.example', emailKey: 'old@mail.example', createdAt: NOW }),
      )
      await correctSubject(context.sagas, { subjectId: 'c1', email: 'New@mail.example' }, asked('POST /v1/corrections'))
      expect(identity.rows.find('Contact', { id: 'c1' })).toMatchObject({
        email: 'New@mail.example',
        emailKey: 'new@mail.example',
      })
    }))

  test.each([
    ['BOB@mail.example', 'Somebody else has this address'],
    ['ANN@mail.example', 'stands there already'],
  ])('to %s is refused', (email, message) =>
    withAnn(async (world) => {
      expect(String(await failureOf(correct(world, email)))).toContain(message)
      expect(world.context.files.identity.rows.list('Correction', {})).toEqual([])
    }),
  )

  test('that is disputed changes nothing and leaves the note', () =>
    withAnn(async ({ context }) => {
      const { rows } = context.files.identity
      const wish = { subjectId: 'ann', field: 'billing.ProcessedPayment.amountCents', note: 'I paid less' }
      await disputeSubject(context.sagas, wish, asked('POST /v1/corrections'))
      expect(rows.list('Correction', {})).toMatchObject([
        { outcome: 'disputed', note: 'I paid less', field: wish.field },
      ])
      const wrong = disputeSubject(
        context.sagas,
        { ...wish, field: 'billing.Nothing.x' },
        asked('POST /v1/corrections'),
      )
      expect(String(await failureOf(wrong))).toContain('no column')
    }))

  test('lets a token for the new address in, to the same account', () =>
    withAnn(async (world) => {
      await correct(world, 'anne@mail.example')
      const { identity } = world.context.files
      await identity.change((tx) => issueLoginToken(tx, { email: 'anne@mail.example' }, world.context.sagas))
      expect(identity.rows.list('LoginToken', { email: emailOf('ann') })).toEqual([])
      expect(identity.rows.list('LoginToken', { email: 'anne@mail.example' })).toHaveLength(1)
    }))
})
