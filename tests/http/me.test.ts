import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import type { Sources } from '../../src/context.ts'
import { Subscription } from '../../src/http/schemas/subscription.ts'
import type { PayfastClient } from '../../src/payfast/client.ts'
import { makeCharges } from '../../src/saga/recurring-charges.ts'
import { type PayfastServer, startPayfast } from '../helpers/payfast-server.ts'
import { type By, lock, NOW, type TestApp, withApp } from './app.ts'

const TIER = '/v1/me/subscription/tier'
const CANCELLATION = '/v1/me/subscription/cancellation'
const CHECKOUTS = '/v1/me/checkouts'
const REDEMPTIONS = '/v1/me/redemptions'
const DAY = 86_400_000
const later = (days: number) => new Date(NOW.getTime() + days * DAY)

const merchant = { id: '10000100', key: '46f0cd694581a', passphrase: 'jt7NOE43FZPn' }
const PAYFAST = {
  PAYFAST_MERCHANT_ID: merchant.id,
  PAYFAST_MERCHANT_KEY: merchant.key,
  PAYFAST_PASSPHRASE: merchant.passphrase,
  PAYFAST_PAGE_URL: 'https://pay.example/process',
  GOGGA_PUBLIC_URL: 'https://data.gogga.example/',
}

/** u2 is ten days into a JIVE month that renews itself, and nothing else is due. */
async function giveJive({ context }: TestApp): Promise<void> {
  await context.files.billing.change((tx) => {
    tx.remove('RecurringSchedule', { id: 'r1' })
    const month = { startedAt: later(-10), lastReset: later(-10), nextBilling: later(20) }
    tx.update('Subscription', { userId: 'u2' }, { ...month, credits: 0, monthlyCredits: 500_000, imagesLimit: 200 })
    tx.insert('RecurringSchedule', {
      ...{ id: 'r2', userId: 'u2', tier: 'JIVE', amountCents: 9_900, token: 'agreement-u2', frequency: 'monthly' },
      ...{ nextChargeAt: later(20), lastChargedAt: later(-10), chargeCount: 1, maxCharges: 12 },
      ...{ status: 'active', failedCount: 0, createdAt: later(-10), updatedAt: later(-10) },
    })
  })
}

const withJive = (
  work: (test: TestApp, by: By, payfast: PayfastServer) => Promise<void>,
  env: Readonly<Record<string, string>> = {},
  overrides: Partial<Sources> = {},
): Promise<void> =>
  (async () => {
    await using payfast = await startPayfast({ merchant })
    await withApp(
      async (test) => {
        await giveJive(test)
        await work(test, { session: await test.session('u2') }, payfast)
      },
      { env: { ...PAYFAST, PAYFAST_API_URL: payfast.url, ...env }, overrides },
    )
  })()

const attemptsOf = ({ context }: TestApp) => context.files.billing.rows.list('ChargeAttempt', {})
const eventsOf = ({ context }: TestApp, userId = 'u2') =>
  context.files.billing.rows.list('SubscriptionEvent', { userId }).map(({ event }) => event)

const subscriptionOf = async ({ send }: TestApp, by: By) => {
  const answer = await send('GET', '/v1/me/subscription', by)
  expect(answer.statusCode, answer.body).toBe(200)
  return answer.json().data
}

test('everybody sees themselves, with the email in clear, and nobody else', async () => {
  await withApp(async ({ send, session, context }) => {
    await context.files.identity.change((tx) => tx.update('User', { id: 'u2' }, { isAdmin: true }))
    const of = async (userId: string) => (await send('GET', '/v1/me', { session: await session(userId) })).json()
    expect(await of('u1')).toEqual({
      data: {
        id: 'u1',
        email: 'thabo@example.co.za',
        isAdmin: false,
        isServiceAdmin: false,
        createdAt: '2026-01-01T00:00:00.000Z',
        restrictions: [],
      },
    })
    expect((await of('u2')).data).toMatchObject({ id: 'u2', email: 'anna@example.co.za', isAdmin: true })
    expect(context.files.identity.rows.all('select * from "AccessLog"')).toEqual([])
  })
})

test('the subscription as its schema says, for every tier', async () => {
  await withJive(async (test, by) => {
    for (const userId of ['u1', 'u2', 'u3', 'u4', 'u5']) {
      const data = await subscriptionOf(test, { session: await test.session(userId) })
      expect(Subscription.safeParse(data).error, userId).toBeUndefined()
      expect(data.userId).toBe(userId)
    }
    expect(await subscriptionOf(test, by)).toMatchObject({
      tier: 'JIVE',
      creditsLeft: 500_000,
      imagesLeft: 200,
      isRecurring: true,
      nextBilling: later(20).toISOString(),
    })
  })
})

test('an upgrade is charged at once, once, and the answer shows it', async () => {
  await withJive(async (test, by, payfast) => {
    const answer = await test.post(TIER, { tier: 'JIGGA' }, { ...by, headers: { 'idempotency-key': 'up' } })
    expect(answer.statusCode, answer.body).toBe(200)
    const { data, change } = answer.json()
    expect(Subscription.safeParse(data).error).toBeUndefined()
    expect(data).toMatchObject({ tier: 'JIGGA', nextTier: null, status: 'active', creditsLeft: 2_000_000 })
    expect(change.settled).toBe(true)
    expect(payfast.ledger.map(({ token, amountCents }) => [token, amountCents])).toEqual([['agreement-u2', 29_900]])
    expect(eventsOf(test)).toContain('upgraded')

    const again = await test.post(TIER, { tier: 'JIGGA' }, { ...by, headers: { 'idempotency-key': 'up' } })
    expect(again.body).toBe(answer.body)
    expect(again.headers['idempotent-replayed']).toBe('true')
    expect(payfast.ledger).toHaveLength(1)
  })
})

test('an upgrade whose charge is refused leaves everything as it was', async () => {
  await withJive(async (test, by, payfast) => {
    const before = await subscriptionOf(test, by)
    payfast.next('refuse')
    const answer = await test.post(TIER, { tier: 'JIGGA' }, by)
    expect(answer.statusCode).toBe(200)
    expect(answer.json().data).toEqual(before)
    expect(payfast.ledger).toEqual([])
    expect(attemptsOf(test)).toMatchObject([{ status: 'failed', tier: 'JIGGA' }])
  })
})

test('where PayFast charges and does not answer, the upgrade waits, and asking again charges nothing', async () => {
  await withJive(
    async (test, by, payfast) => {
      payfast.next('pay-then-hang')
      const answer = await test.post(TIER, { tier: 'JIGGA' }, by)
      expect(answer.json().data).toMatchObject({ tier: 'JIVE', nextTier: 'JIGGA', creditsLeft: 500_000 })
      const busy = await test.post(TIER, { tier: 'JIVE' }, by)
      expect(busy.statusCode).toBe(409)
      test.clock.now = later(1)
      const asked = await test.post(TIER, { tier: 'JIGGA' }, { session: await test.session('u2') })
      expect(asked.statusCode).toBe(409)
      expect(payfast.ledger).toHaveLength(1)
    },
    { PAYFAST_TIMEOUT_MS: '100' },
  )
})

test('where payments are off, or PayFast is out of reach, an upgrade waits', async () => {
  await withApp(async (test) => {
    await giveJive(test)
    const answer = await test.post(TIER, { tier: 'JIGGA' }, { session: await test.session('u2') })
    expect(answer.json().data).toMatchObject({ tier: 'JIVE', nextTier: 'JIGGA' })
  })
  await withApp(
    async (test) => {
      await giveJive(test)
      const answer = await test.post(TIER, { tier: 'JIGGA' }, { session: await test.session('u2') })
      expect(answer.statusCode).toBe(200)
      expect(answer.json().data).toMatchObject({ tier: 'JIVE', nextTier: 'JIGGA' })
    },
    { env: { ...PAYFAST, PAYFAST_API_URL: 'http://127.0.0.1:1' } },
  )
})

test('where the charge cannot be written, the upgrade waits for the background, and the log says so', async () => {
  let hold: () => void = () => {}
  const reached = (place: string) => void (place === `POST ${TIER}:committed` && hold())
  await withJive(
    async (test, by, payfast) => {
      using locks = new DisposableStack()
      hold = () => void locks.use(lock(test.databases, 'billing'))
      const answer = await test.post(TIER, { tier: 'JIGGA' }, by)
      expect(answer.statusCode, answer.body).toBe(200)
      expect(answer.json().data).toMatchObject({ tier: 'JIVE', nextTier: 'JIGGA' })
      expect(test.log.filter((line) => line.includes('charging failed'))).toHaveLength(1)
      locks.dispose()

      await makeCharges(test.context.sagas, test.context.payfast as PayfastClient)
      expect(await subscriptionOf(test, by)).toMatchObject({ tier: 'JIGGA', nextTier: null })
      expect(payfast.ledger).toHaveLength(1)
    },
    {},
    { reached },
  )
})

test('upgrades at once by several people are each charged once', async () => {
  await withJive(async (test, _by, payfast) => {
    const people = ['u2', 'u1', 'u3', 'u5']
    await test.context.files.billing.change((tx) => {
      const subscription = tx.find('Subscription', { userId: 'u2' })
      const schedule = tx.find('RecurringSchedule', { id: 'r2' })
      if (!subscription || !schedule) throw new Error('No subscription to copy')
      for (const userId of people.slice(1)) {
        const { id: _, userId: __, payfastToken: ___, ...month } = subscription
        tx.update('Subscription', { userId }, month)
        tx.insert('RecurringSchedule', { ...schedule, id: `r-${userId}`, userId, token: `agreement-${userId}` })
      }
    })
    const answers = await Promise.all(
      people.map(async (userId) => test.post(TIER, { tier: 'JIGGA' }, { session: await test.session(userId) })),
    )
    for (const answer of answers) expect(answer.json().data).toMatchObject({ tier: 'JIGGA', nextTier: null })
    expect(payfast.ledger.map(({ token }) => token).sort()).toEqual(people.map((id) => `agreement-${id}`).sort())
  })
})

test('a downgrade waits for the end of the paid period, and can be taken back; nothing is charged', async () => {
  await withJive(async (test, by, payfast) => {
    await test.post(TIER, { tier: 'JIGGA' }, by)
    const down = await test.post(TIER, { tier: 'JIVE' }, by)
    expect(down.json().data).toMatchObject({ tier: 'JIGGA', nextTier: 'JIVE' })
    const back = await test.post(TIER, { tier: 'JIGGA' }, by)
    expect(back.json().data).toMatchObject({ tier: 'JIGGA', nextTier: null })
    const same = await test.post(TIER, { tier: 'JIGGA' }, by)
    expect(same.statusCode).toBe(409)
    expect(same.json().errors.map(({ at }: { at: string }) => at)).toEqual(['status', 'allowed'])
    expect(payfast.ledger).toHaveLength(1)
  })
})

test.each([
  ['without a body', undefined, {}],
  ['with {}', {}, {}],
  ['with nothing behind its content type', '', { 'content-type': 'application/json' }],
])('a cancellation %s ends the renewal, not the month', async (_name, body, headers) => {
  await withJive(async (test, by) => {
    const answer = await test.post(CANCELLATION, body, { ...by, headers })
    expect(answer.statusCode, answer.body).toBe(200)
    expect(answer.json().data).toMatchObject({ tier: 'JIVE', status: 'cancelled', isRecurring: false })
    expect((await test.post(CANCELLATION, body, { ...by, headers })).statusCode).toBe(409)
    test.clock.now = later(20)
    expect(await subscriptionOf(test, by)).toMatchObject({ tier: 'FREE', creditsLeft: 0, imagesLeft: 50 })
  })
})

const md5 = (text: string) => createHash('md5').update(text).digest('hex')
const encoded = (text: string) => encodeURIComponent(text).replaceAll('%20', '+')

test.each([
  [{ kind: 'credit_pack', pack: '500' }, '500', 50_000, '500.00', undefined],
  [{ kind: 'subscription', tier: 'JIGGA' }, 'JIGGA', 29_900, '299.00', '2'],
])(
  'a checkout of %j answers with the signed form, which says nothing of the person but the id',
  async (order, what, amountCents, amount, recurring) => {
    await withJive(async (test, by) => {
      const answer = await test.post(CHECKOUTS, order, by)
      expect(answer.statusCode, answer.body).toBe(201)
      const { id, url, fields, ...rest } = answer.json().data
      expect(rest).toEqual({ amountCents })
      expect(url).toBe('https://pay.example/process')
      expect(fields).toMatchObject({
        merchant_id: merchant.id,
        m_payment_id: id,
        amount,
        custom_str1: order.kind,
        custom_str2: what,
        custom_str3: 'u2',
        notify_url: 'https://data.gogga.example/v1/payfast/notifications',
      })
      expect(fields.subscription_type).toBe(recurring)
      const { signature, ...signed } = fields as Record<string, string>
      const query = Object.entries(signed).map(([name, value]) => `${name}=${encoded(value)}`)
      expect(signature).toBe(md5([...query, `passphrase=${encoded(merchant.passphrase)}`].join('&')))
      expect(answer.body).not.toContain('anna')
      expect(answer.body).not.toContain(merchant.passphrase)
    })
  },
)

test('a checkout that makes no sense is 409, and 503 where payments are off; a repeat begins nothing anew', async () => {
  await withJive(async (test, by) => {
    const lower = await test.post(CHECKOUTS, { kind: 'subscription', tier: 'JIVE' }, by)
    expect(lower.statusCode).toBe(409)
    const keyed = { ...by, headers: { 'idempotency-key': 'pack' } }
    const first = await test.post(CHECKOUTS, { kind: 'credit_pack', pack: '200' }, keyed)
    expect((await test.post(CHECKOUTS, { kind: 'credit_pack', pack: '200' }, keyed)).body).toBe(first.body)
    const pending = test.context.files.billing.rows.list('CreditPurchase', { userId: 'u2', status: 'pending' })
    expect(pending.map(({ id }) => id)).toEqual([first.json().data.id])
  })
  await withApp(async ({ post, session }) => {
    const answer = await post(CHECKOUTS, { kind: 'credit_pack', pack: '200' }, { session: await session() })
    expect(answer.statusCode).toBe(503)
    expect(answer.json().detail).toContain('Payments are off')
  })
})

test.each<[string, string, unknown, string]>([
  ['no tier', TIER, {}, 'tier'],
  ['FREE', TIER, { tier: 'FREE' }, 'tier'],
  ['a tier in lower case', TIER, { tier: 'jigga' }, 'tier'],
  ['a name of every object', TIER, { tier: 'constructor' }, 'tier'],
  ['a list', TIER, { tier: ['JIGGA'] }, 'tier'],
  ['a price', TIER, { tier: 'JIGGA', priceCents: 1 }, 'priceCents'],
  ['somebody', TIER, { tier: 'JIGGA', userId: 'u1' }, 'userId'],
  ['no body', TIER, undefined, 'body'],
  ['a reason', CANCELLATION, { reason: 'x' }, 'reason'],
  ['null', CANCELLATION, 'null', 'body'],
  ['text', CANCELLATION, '"now"', 'body'],
  ['an array', CANCELLATION, [], 'body'],
  ['no kind', CHECKOUTS, { tier: 'JIVE' }, 'kind'],
  ['another kind', CHECKOUTS, { kind: 'gift', tier: 'JIVE' }, 'kind'],
  ['the field of the other kind', CHECKOUTS, { kind: 'credit_pack', pack: '200', tier: 'JIVE' }, 'tier'],
  ['a pack of no size', CHECKOUTS, { kind: 'credit_pack', pack: '300' }, 'pack'],
  ['a number', CHECKOUTS, { kind: 'credit_pack', pack: 200 }, 'pack'],
  ['an amount', CHECKOUTS, { kind: 'credit_pack', pack: '200', amountCents: 1 }, 'amountCents'],
  ['no body', CHECKOUTS, undefined, 'body'],
  ['no code', REDEMPTIONS, {}, 'code'],
  ['spaces', REDEMPTIONS, { code: '   ' }, 'code'],
  ['an endless code', REDEMPTIONS, { code: 'x'.repeat(101) }, 'code'],
  ['a number', REDEMPTIONS, { code: 1 }, 'code'],
  ['somebody', REDEMPTIONS, { code: 'GOGGA-1', userId: 'u1' }, 'userId'],
  ['null', REDEMPTIONS, 'null', 'body'],
])('%s at %s is 400 and says where', async (_name, url, body, at) => {
  await withJive(async (test, by, payfast) => {
    const before = await subscriptionOf(test, by)
    const answer = await test.post(url, body, { ...by, headers: { 'content-type': 'application/json' } })
    expect(answer.statusCode, answer.body).toBe(400)
    expect(answer.json().errors.map((error: { at: string }) => error.at)).toContain(at)
    expect(await subscriptionOf(test, by)).toEqual(before)
    expect(payfast.requests).toEqual([])
  })
})

test('what is unknown is named with what the chosen form knows', async () => {
  await withJive(async ({ post }, by) => {
    const errorsOf = async (body: unknown) => (await post(CHECKOUTS, body, by)).json().errors
    expect(await errorsOf({ kind: 'credit_pack', pack: '200', tier: 'JIVE' })).toEqual([
      { at: 'tier', message: 'is not known here; allowed: kind, pack' },
    ])
    expect(await errorsOf({ kind: 'subscription', tier: 'JIVE', pack: '200' })).toEqual([
      { at: 'pack', message: 'is not known here; allowed: kind, tier' },
    ])
  })
})
