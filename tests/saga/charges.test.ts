// Recurring charges against a PayFast of our own: whatever happens on the way, a month is paid once and given once.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { TRY_OUT } from '../../src/config.ts'
import type { RowOf } from '../../src/database/rows.ts'
import { readItn } from '../../src/payfast/itn.ts'
import { overrideTier } from '../../src/saga/administer.ts'
import { receiveNotification } from '../../src/saga/payments.ts'
import { makeCharges } from '../../src/saga/recurring-charges.ts'
import { type Behaviour, type PayfastServer, startPayfast } from '../helpers/payfast-server.ts'
import { ADMIN, addPeople, asked, DAY, failureOf, NOW, subscriptionOf, type World, withWorld } from './world.ts'

const MINUTE = 60_000
const MERCHANT = {
  id: TRY_OUT.PAYFAST_MERCHANT_ID ?? '',
  key: TRY_OUT.PAYFAST_MERCHANT_KEY ?? '',
  passphrase: TRY_OUT.PAYFAST_PASSPHRASE ?? '',
}

interface Shop extends World {
  readonly payfast: PayfastServer
  charge(): Promise<{ begun: number; lookedUp: number }>
  /** Lets time pass and runs what is due, until nothing is open. */
  settle(): Promise<void>
  attempts(): readonly RowOf<'billing', 'ChargeAttempt'>[]
  /** How many months were given: a charge's payment each. */
  months(): number
}

/** ann has JIVE, paid until now, and an agreement. */
async function withShop(work: (shop: Shop) => Promise<void>): Promise<void> {
  await using payfast = await startPayfast({ merchant: MERCHANT })
  const env = { ...TRY_OUT, PAYFAST_API_URL: payfast.url, PAYFAST_TIMEOUT_MS: '300' }
  await withWorld(
    async (world) => {
      const { context, pass } = world
      await addPeople(context, 'ann')
      const first = { m_payment_id: 'first', pf_payment_id: 'pf-first', custom_str2: 'JIVE', custom_str3: 'ann' }
      const body = payfast.itn({ ...first, amount_gross: '99.00', token: 'agreement' })
      expect(await receiveNotification(context.sagas, readItn(body))).toBe('applied')
      pass((subscriptionOf(context, 'ann').nextBilling?.getTime() ?? 0) - NOW.getTime())
      const attempts = () => context.files.billing.rows.list('ChargeAttempt', {})
      const charge = () => {
        if (!context.payfast) throw new Error('Payments are off')
        return makeCharges(context.sagas, context.payfast)
      }
      const settle = async () => {
        for (let round = 0; round < 40; round++) {
          pass(2 * MINUTE)
          await charge()
        }
      }
      const months = () =>
        context.files.billing.rows.list('SubscriptionEvent', { event: 'payment_succeeded', userId: 'ann' }).length
      await work({ ...world, payfast, charge, settle, attempts, months })
    },
    { env },
  )
}

/** One month more, paid once. */
function expectOneMonth({ context, payfast, attempts, months }: Shop, ending: Date | null): void {
  expect(payfast.ledger.map(({ amountCents, token }) => [amountCents, token])).toEqual([[9_900, 'agreement']])
  const [charge] = payfast.ledger
  const payments = context.files.billing.rows.list('ProcessedPayment', {}).map(({ pfPaymentId }) => pfPaymentId)
  expect(payments).toEqual(['pf-first', charge?.paymentId])
  expect(months()).toBe(1)
  expect(attempts().filter(({ status }) => status === 'paid')).toMatchObject([{ pfPaymentId: charge?.paymentId }])
  expect(attempts().filter(({ status }) => status === 'started')).toEqual([])
  const { nextBilling, status, tier } = subscriptionOf(context, 'ann')
  expect({ status, tier }).toEqual({ status: 'active', tier: 'JIVE' })
  expect(nextBilling).toEqual(ending)
}

const MONTH_LATER = new Date('2026-08-01T12:00:00.000Z')

describe('a charge that is due', () => {
  test('is made once, however often and by however many it is looked for', () =>
    withShop(async (shop) => {
      await using other = await shop.again()
      const { payfast } = other
      if (!payfast) throw new Error('Payments are off')
      await Promise.all([
        shop.charge(),
        shop.charge(),
        makeCharges(other.sagas, payfast),
        makeCharges(other.sagas, payfast),
      ])
      await shop.settle()
      expectOneMonth(shop, MONTH_LATER)
    }))

  test('is not made before its time', () =>
    withShop(async (shop) => {
      shop.pass(-1)
      expect(await shop.charge()).toEqual({ begun: 0, lookedUp: 0 })
      expect(shop.payfast.ledger).toEqual([])
    }))

  const MADE: readonly Behaviour[] = ['pay', 'pay-then-hang', 'pay-then-reset', 'pay-then-500']
  test.each(MADE)('%s: paid once, given once', (behaviour) =>
    withShop(async (shop) => {
      shop.payfast.next(behaviour)
      await shop.charge()
      if (behaviour !== 'pay') expect(shop.attempts()).toMatchObject([{ status: 'started' }])
      await shop.settle()
      expectOneMonth(shop, MONTH_LATER)
    }),
  )

  const NOT_MADE: readonly Behaviour[] = ['server-error', 'hang']
  test.each(NOT_MADE)('%s: made again when it is certain that it was not made, then paid once', (behaviour) =>
    withShop(async (shop) => {
      shop.payfast.next(behaviour)
      await shop.charge()
      shop.pass(3 * MINUTE)
      await shop.charge()
      expect(shop.payfast.ledger).toEqual([]) // The history lacks it, but it may be late.
      await shop.settle()
      expectOneMonth(shop, MONTH_LATER)
      expect(shop.attempts().map(({ status, reason }) => `${status} ${reason}`)).toEqual(['failed lost', 'paid null'])
    }),
  )

  test.each(['server-error', 'hang', 'reset', 'garbage'] as const)(
    'is not made again while the history is %s',
    (trouble) =>
      withShop(async (shop) => {
        shop.payfast.next('pay-then-hang')
        await shop.charge()
        shop.payfast.nextHistory(trouble, trouble, trouble)
        for (let round = 0; round < 3; round++) {
          shop.pass(60 * MINUTE)
          await shop.charge()
          expect(shop.payfast.ledger).toHaveLength(1)
        }
        await shop.settle()
        expectOneMonth(shop, MONTH_LATER)
      }),
  )

  test('of a token that PayFast cannot take keeps nobody else from theirs', () =>
    withShop(async (shop) => {
      const { context } = shop
      await addPeople(context, 'bob')
      await overrideTier(context.sagas, ADMIN, { userId: 'bob', tier: 'JIVE', reason: 'x' }, asked('POST /v1/tier'))
      await context.files.billing.change((tx) => {
        const [schedule] = tx.list('RecurringSchedule', {})
        if (!schedule) throw new Error('There is no schedule')
        const nextChargeAt = new Date(schedule.nextChargeAt.getTime() - DAY)
        tx.insert('RecurringSchedule', {
          ...schedule,
          id: 'odd',
          userId: 'bob',
          token: 'no/token of theirs',
          nextChargeAt,
        })
      })
      expect(await failureOf(shop.charge())).toBe('no failure')
      expect(shop.payfast.ledger.map(({ token }) => token)).toEqual(['agreement'])
      const bobs = shop.attempts().find(({ userId }) => userId === 'bob')
      expect(bobs).toMatchObject({ status: 'failed', reason: 'not-sendable' })
      expect(subscriptionOf(context, 'bob').status).toBe('past_due')
    }))
})

/** bob has what ann has, due a day before hers. */
async function addBob({ context }: Shop, status = 'active'): Promise<void> {
  await addPeople(context, 'bob')
  await overrideTier(context.sagas, ADMIN, { userId: 'bob', tier: 'JIVE', reason: 'x' }, asked('POST /v1/tier'))
  await context.files.billing.change((tx) => {
    const [schedule] = tx.list('RecurringSchedule', {})
    if (!schedule) throw new Error('There is no schedule')
    const nextChargeAt = new Date(schedule.nextChargeAt.getTime() - DAY)
    tx.insert('RecurringSchedule', { ...schedule, id: 'bobs', userId: 'bob', token: 'bobs-agreement', nextChargeAt })
    tx.update('Subscription', { userId: 'bob' }, { status })
  })
}

/** What no handler expects of a row: it cannot be written. */
const refuseRows = ({ context }: Shop, what: string): void =>
  void context.files.billing.connections.writer.exec(
    `create temp trigger odd before ${what} when new.userId = 'bob' begin select raise(abort, 'odd'); end`,
  )

describe('a charge that fails keeps nobody else from theirs', () => {
  test('of a subscription with a status that nobody knows: it is left alone', () =>
    withShop(async (shop) => {
      await addBob(shop, 'paused')
      await shop.context.files.billing.change((tx) => tx.update('Subscription', { userId: 'bob' }, { lastReset: NOW }))
      shop.pass(DAY)
      expect(await shop.charge()).toEqual({ begun: 1, lookedUp: 0 })
      expect(shop.payfast.ledger.map(({ token }) => token)).toEqual(['agreement'])
      expect(subscriptionOf(shop.context, 'bob').status).toBe('paused')
      expect(shop.context.files.billing.rows.find('RecurringSchedule', { id: 'bobs' })?.status).toBe('active')
    }))

  test('that cannot be begun: it is told when the others are made', () =>
    withShop(async (shop) => {
      await addBob(shop)
      refuseRows(shop, 'insert on "ChargeAttempt"')
      expect(await failureOf(shop.charge())).toMatchObject({ name: 'AggregateError', errors: { length: 1 } })
      expect(shop.payfast.ledger.map(({ token }) => token)).toEqual(['agreement'])
    }))

  test('that cannot be settled: it is looked up later, and later again', () =>
    withShop(async (shop) => {
      await addBob(shop)
      refuseRows(shop, 'insert on "SubscriptionEvent"')
      expect(await failureOf(shop.charge())).toMatchObject({ errors: { length: 1 } })
      expect(shop.payfast.ledger.map(({ token }) => token)).toEqual(['bobs-agreement', 'agreement'])
      const bobs = () => shop.attempts().find(({ userId }) => userId === 'bob')
      shop.pass(3 * MINUTE)
      expect(await failureOf(shop.charge())).toMatchObject({ errors: { length: 1 } })
      expect(bobs()).toMatchObject({ status: 'started' })
      expect(await shop.charge()).toEqual({ begun: 0, lookedUp: 0 })
      shop.context.files.billing.connections.writer.exec('drop trigger odd')
      shop.pass(60 * MINUTE)
      expect(await shop.charge()).toEqual({ begun: 0, lookedUp: 1 })
      expect(bobs()).toMatchObject({ status: 'paid' })
      expect(shop.payfast.ledger).toHaveLength(2)
    }))
})

describe('a notification of the same charge', () => {
  const notify = (shop: Shop, status: 'COMPLETE' | 'FAILED' = 'COMPLETE') => {
    const [charge] = shop.payfast.ledger
    const ids = { m_payment_id: charge?.attemptId, pf_payment_id: charge?.paymentId, token: 'agreement' }
    const none = { custom_str1: '', custom_str2: '', custom_str3: '' }
    const body = shop.payfast.itn({ ...ids, ...none, amount_gross: '99.00', payment_status: status })
    return receiveNotification(shop.context.sagas, readItn(body))
  }

  test('before the answer is known: the answer changes nothing more', () =>
    withShop(async (shop) => {
      shop.payfast.next('pay-then-hang')
      const charging = shop.charge()
      while (shop.payfast.ledger.length === 0) await new Promise((resolve) => setTimeout(resolve, 1))
      expect(await notify(shop)).toBe('applied')
      await charging
      expectOneMonth(shop, MONTH_LATER)
      await shop.settle()
      expectOneMonth(shop, MONTH_LATER)
    }))

  test('after the answer, twice: a repeat', () =>
    withShop(async (shop) => {
      await shop.charge()
      expect([await notify(shop), await notify(shop)]).toEqual(['repeat', 'repeat'])
      expectOneMonth(shop, MONTH_LATER)
    }))

  test('after the attempt was given up: the month comes, and is not charged a second time', () =>
    withShop(async (shop) => {
      shop.payfast.next('pay-then-hang')
      await shop.charge()
      const [late] = shop.payfast.ledger.splice(0) // The history does not know of it yet.
      if (!late) throw new Error('Nothing was charged')
      shop.payfast.otherwise('server-error')
      shop.pass(20 * MINUTE)
      await shop.charge()
      expect(shop.attempts()[0]).toMatchObject({ status: 'failed', reason: 'lost' })
      shop.payfast.ledger.push(late)
      expect(await notify(shop)).toBe('applied')
      shop.payfast.otherwise('pay')
      await shop.settle()
      expect(shop.attempts().map(({ status }) => status)).toEqual(['paid', 'failed'])
      expect(shop.payfast.ledger).toHaveLength(1)
      expect(shop.months()).toBe(1)
      expect(subscriptionOf(shop.context, 'ann').nextBilling).toEqual(MONTH_LATER)
    }))
})

describe('a charge that is refused', () => {
  test('is tried again after 1, 3 and 5 days; then the subscription ends', () =>
    withShop(async (shop) => {
      shop.payfast.otherwise('refuse')
      const states: string[] = []
      for (const days of [0, 1, 3, 5]) {
        shop.pass(days * DAY - 1)
        if (days > 0) expect((await shop.charge()).begun).toBe(0)
        shop.pass(1)
        expect((await shop.charge()).begun).toBe(1)
        const { status, tier } = subscriptionOf(shop.context, 'ann')
        states.push(`${status} ${tier}`)
      }
      expect(states).toEqual(['past_due JIVE', 'past_due JIVE', 'past_due JIVE', 'expired FREE'])
      shop.pass(30 * DAY)
      expect(await shop.charge()).toEqual({ begun: 0, lookedUp: 0 })
      expect(shop.attempts().map(({ reason }) => reason)).toEqual(['bank-51', 'bank-51', 'bank-51', 'bank-51'])
      expect(shop.payfast.ledger).toEqual([])
    }))

  test('and then paid goes on as if nothing had been', () =>
    withShop(async (shop) => {
      shop.payfast.next('refuse', 'refuse', 'pay-then-reset')
      await shop.charge()
      shop.pass(DAY)
      await shop.charge()
      shop.pass(3 * DAY)
      await shop.charge()
      await shop.settle()
      expectOneMonth(shop, MONTH_LATER)
    }))
})

describe('a process that is killed', () => {
  const CHILD = join(import.meta.dirname, 'children/charge.ts')
  const runChild = ({ databases, payfast, clock }: Shop, place: string): Promise<string | null> =>
    new Promise((resolve) => {
      const args = [CHILD, databases.dir, payfast.url, place, clock.now.toISOString()]
      const child = execFile(process.execPath, args, () => resolve(child.signalCode))
    })

  const CASES: readonly [string, Behaviour, number][] = [
    ['charge:begun', 'pay', 0],
    ['charge:answered', 'pay', 1],
    ['charge:answered', 'pay-then-hang', 1],
    ['charge:answered', 'server-error', 0],
    ['charge:settled', 'pay', 1],
    ['charge:settled', 'pay-then-500', 1],
  ]
  test.each(CASES)('at %s, where PayFast would %s: paid once, given once', (place, behaviour, charged) =>
    withShop(async (shop) => {
      shop.payfast.next(behaviour)
      expect(await runChild(shop, place)).toBe('SIGKILL')
      expect(shop.payfast.ledger).toHaveLength(charged)
      if (place === 'charge:begun') shop.payfast.next()
      await shop.settle()
      expectOneMonth(shop, MONTH_LATER)
    }),
  )

  test('at charge:looked-up: paid once, given once', () =>
    withShop(async (shop) => {
      shop.payfast.next('pay-then-hang')
      await shop.charge()
      shop.pass(3 * MINUTE)
      expect(await runChild(shop, 'charge:looked-up')).toBe('SIGKILL')
      await shop.settle()
      expectOneMonth(shop, MONTH_LATER)
    }))

  test('at a refusal: it counts as one', () =>
    withShop(async (shop) => {
      shop.payfast.next('refuse')
      expect(await runChild(shop, 'charge:settled')).toBe('SIGKILL')
      expect(await shop.charge()).toEqual({ begun: 0, lookedUp: 0 })
      expect(subscriptionOf(shop.context, 'ann')).toMatchObject({ status: 'past_due', retryCount: 1 })
    }))
})
