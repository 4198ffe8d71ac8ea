// Notifications as PayFast sends them, signed by a signer of the tests' own.
import { expect, test } from 'vitest'
import { TRY_OUT } from '../../src/config.ts'
import { openWriter } from '../../src/database/connections.ts'
import { type PayfastServer, startPayfast } from '../helpers/payfast-server.ts'
import { bytesOf, counts } from './administrators.ts'
import { NOW, type TestApp, withApp } from './app.ts'

const MERCHANT = {
  id: TRY_OUT.PAYFAST_MERCHANT_ID ?? '',
  key: TRY_OUT.PAYFAST_MERCHANT_KEY ?? '',
  passphrase: TRY_OUT.PAYFAST_PASSPHRASE ?? '',
}
const SOURCE = '197.97.145.150'
const BUYER = { name_first: 'Nomvula', name_last: 'Dlamini-Botha', email_address: 'nomvula@mail.example' }

type Fields = Readonly<Record<string, string | undefined>>
interface Payments extends TestApp {
  readonly payfast: PayfastServer
  /** Posts a notification with these fields over those of a JIGGA payment by u4. */
  notify(fields?: Fields, from?: { readonly address?: string; readonly forwarded?: string }): ReturnType<typeof raw>
}

const raw = (test: TestApp, payload: string, address = SOURCE, headers: Readonly<Record<string, string>> = {}) =>
  test.app.inject({
    method: 'POST',
    url: '/v1/payfast/notifications',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    remoteAddress: address,
    payload,
  })

const PLAIN: Fields = { m_payment_id: 'a41c7d52', custom_str3: 'u4', ...BUYER }

const withPayments = (work: (test: Payments) => Promise<void>, env: Readonly<Record<string, string>> = {}) =>
  withApp(
    async (test) => {
      await using payfast = await startPayfast({ merchant: MERCHANT })
      const notify: Payments['notify'] = (fields, { address, forwarded } = {}) =>
        raw(test, payfast.itn({ ...PLAIN, ...fields }), address, forwarded ? { 'x-forwarded-for': forwarded } : {})
      await work({ ...test, payfast, notify })
    },
    { env: { ...TRY_OUT, PAYFAST_SOURCES: '', GOGGA_LOG_LEVEL: 'trace', ...env } },
  )

const billing = ({ context }: TestApp) => context.files.billing.rows
const identity = ({ context }: TestApp) => context.files.identity.rows
const PACK: Fields = { custom_str1: 'credit_pack', custom_str2: '200', amount_gross: '200.00' }

async function expectNothingOfTheBuyer(test: TestApp): Promise<void> {
  for (const domain of ['billing', 'admin'] as const) {
    const bytes = await bytesOf(test, domain)
    for (const value of Object.values(BUYER)) expect(bytes.includes(value), `${value} in ${domain}.db`).toBe(false)
  }
  expect(test.log.length).toBeGreaterThan(0)
  for (const value of Object.values(BUYER)) expect(test.log.join(''), value).not.toContain(value)
}

test('a paid subscription is running, its payment on record, and nothing of the buyer in billing.db or the log', async () => {
  await withPayments(async (test) => {
    const answer = await test.notify({ token: 'agreement-1' })
    expect(answer.statusCode, answer.body).toBe(200)
    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8')
    expect(answer.body).toBe('OK')
    expect(billing(test).find('Subscription', { userId: 'u4' })).toMatchObject({ tier: 'JIGGA', status: 'active' })
    expect(billing(test).find('RecurringSchedule', { userId: 'u4' })).toMatchObject({ token: 'agreement-1' })
    const payment = { type: 'subscription', amountCents: 29_900, userId: 'u4' }
    expect(billing(test).list('ProcessedPayment', { pfPaymentId: '1089250' })).toMatchObject([payment])
    expect(identity(test).list('Contact', {})).toHaveLength(1)
    await expectNothingOfTheBuyer(test)
  })
})

test('a pack that was checked out is granted once it is paid', async () => {
  await withPayments(async (test) => {
    const session = await test.session('u4')
    const checkout = await test.post('/v1/me/checkouts', { kind: 'credit_pack', pack: '200' }, { session })
    expect(checkout.statusCode, checkout.body).toBe(201)
    const { id, fields } = checkout.json().data
    const { custom_str1, custom_str2, custom_str3, amount } = fields
    const before = billing(test).find('Subscription', { userId: 'u4' })?.credits ?? 0
    const answer = await test.notify({ m_payment_id: id, custom_str1, custom_str2, custom_str3, amount_gross: amount })
    expect(answer.statusCode, answer.body).toBe(200)
    expect(billing(test).list('CreditPurchase', { userId: 'u4' })).toMatchObject([
      { id, status: 'complete', credits: 50_000, pfPaymentId: '1089250' },
    ])
    expect(billing(test).find('Subscription', { userId: 'u4' })?.credits).toBe(before + 50_000)
    await expectNothingOfTheBuyer(test)
  })
})

test.each([
  ['subscription', {}],
  ['pack', PACK],
])('a repeat of a notification of a %s, and ten at once, act once and are answered 200', async (_name, fields) => {
  await withPayments(async (test) => {
    const credits = () => billing(test).find('Subscription', { userId: 'u4' })?.credits
    const before = credits() ?? 0
    const answers = await Promise.all(Array.from({ length: 10 }, () => test.notify(fields)))
    const after = counts(test)
    for (const { statusCode, body } of [...answers, await test.notify(fields)])
      expect([statusCode, body]).toEqual([200, 'OK'])
    expect(counts(test)).toEqual(after)
    expect(billing(test).list('ProcessedPayment', { pfPaymentId: '1089250' })).toHaveLength(1)
    expect(billing(test).list('CreditPurchase', { userId: 'u4' })).toHaveLength(fields === PACK ? 1 : 0)
    expect(credits()).toBe(before + (fields === PACK ? 50_000 : 0))
    const paid = await test.notify({ ...fields, pf_payment_id: '1089251' })
    expect(paid.statusCode).toBe(200)
    expect(billing(test).list('ProcessedPayment', { userId: 'u4' })).toHaveLength(2)
  })
})

const forged = (body: string) => body.replace('amount_gross=299.00', 'amount_gross=9.00')
const REFUSED: readonly (readonly [
  name: string,
  status: number,
  at: string,
  ask: (test: Payments) => ReturnType<typeof raw>,
])[] = [
  [
    'whose signature is another one',
    403,
    'signature',
    (test) =>
      raw(
        test,
        test.payfast.itn(PLAIN).replace(/.$/, (c) => (c === '0' ? '1' : '0')),
      ),
  ],
  ['that was changed after it was signed', 403, 'signature', (test) => raw(test, forged(test.payfast.itn(PLAIN)))],
  ['signed with another passphrase', 403, 'signature', signedByAnother],
  ['of another merchant', 403, 'merchant', (test) => test.notify({ merchant_id: '10000101' })],
  ['from elsewhere', 403, 'source', (test) => test.notify({}, { address: '127.0.0.1' })],
  ['from the address beside the range', 403, 'source', (test) => test.notify({}, { address: '197.97.145.160' })],
  ['of less than the price', 400, 'amount_gross', (test) => test.notify({ amount_gross: '298.99' })],
  ['of more than the price', 400, 'amount_gross', (test) => test.notify({ amount_gross: '299.01' })],
  ['of the price of another tier', 400, 'amount_gross', (test) => test.notify({ custom_str2: 'JIVE' })],
  ['of a pack at the price of another', 400, 'amount_gross', (test) => test.notify({ ...PACK, custom_str2: '1000' })],
  ['of nobody', 400, 'custom_str3', (test) => test.notify({ custom_str3: undefined, email_address: undefined })],
  ['without an id', 400, 'pf_payment_id', (test) => test.notify({ pf_payment_id: '' })],
  ['of a state that there is not', 400, 'payment_status', (test) => test.notify({ payment_status: 'PAID' })],
  ['with an email for a subject id', 400, 'custom_str3', (test) => test.notify({ custom_str3: 'sipho@mail.example' })],
  ['with an email for its id', 400, 'pf_payment_id', (test) => test.notify({ pf_payment_id: 'sipho@mail.example' })],
  ['with an email for its token', 400, 'token', (test) => test.notify({ token: 'sipho@mail.example' })],
  ['with a NUL in its id', 400, 'pf_payment_id', (test) => test.notify({ pf_payment_id: '108\u0000' })],
  ['of an endless subject id', 400, 'custom_str3', (test) => test.notify({ custom_str3: 'u'.repeat(201) })],
  [
    'of a buyer whose email is none',
    400,
    'email_address',
    (test) => test.notify({ custom_str3: undefined, email_address: 'x' }),
  ],
  ['of an amount that is none', 400, 'amount_gross', (test) => test.notify({ amount_gross: '-299.00' })],
]

async function signedByAnother(test: Payments): ReturnType<typeof raw> {
  await using other = await startPayfast({ merchant: { ...MERCHANT, passphrase: 'guessed' } })
  return await raw(test, other.itn(PLAIN))
}

test.each(REFUSED)('a notification %s is %i, and nothing is written', async (_name, status, at, ask) => {
  await withPayments(async (test) => {
    const before = counts(test)
    const answer = await ask(test)
    expect(answer.statusCode, answer.body).toBe(status)
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/)
    expect(answer.json().errors[0].at).toBe(at)
    expect(counts(test)).toEqual(before)
    for (const value of Object.values(BUYER)) expect(answer.body).not.toContain(value)
    await expectNothingOfTheBuyer(test)
  })
})

test.each(['GOLD', 'constructor', 'FREE'])(
  'a notification of the tier %s is 400, and nothing is written',
  async (tier) => {
    await withPayments(async (test) => {
      const before = counts(test)
      expect((await test.notify({ custom_str2: tier })).statusCode).toBe(400)
      expect(counts(test)).toEqual(before)
    })
  },
)

test('behind a trusted proxy the address is the one that it names, and one before it counts for nothing', async () => {
  await withPayments(
    async (test) => {
      const by = (address: string, forwarded: string) => test.notify({}, { address, forwarded })
      const before = counts(test)
      expect((await by('10.2.0.1', SOURCE)).statusCode, 'not our proxy').toBe(403)
      expect((await by('10.1.2.3', '203.0.113.9')).statusCode, 'from elsewhere').toBe(403)
      expect((await by('10.1.2.3', `${SOURCE}, 203.0.113.9`)).statusCode, 'from elsewhere, who names PayFast').toBe(403)
      expect(counts(test)).toEqual(before)
      expect((await by('10.1.2.3', `203.0.113.9, ${SOURCE}`)).statusCode).toBe(200)
    },
    { GOGGA_TRUSTED_PROXIES: '10.1.0.0/16' },
  )
})

test('without a trusted proxy X-Forwarded-For counts for nothing', async () => {
  await withPayments(async (test) => {
    const before = counts(test)
    expect((await test.notify({}, { address: '203.0.113.9', forwarded: SOURCE })).statusCode).toBe(403)
    expect(counts(test)).toEqual(before)
    expect((await test.notify({}, { address: SOURCE, forwarded: '203.0.113.9' })).statusCode).toBe(200)
  })
})

test("a list of sources takes the place of PayFast's own", async () => {
  await withPayments(
    async (test) => {
      expect((await test.notify()).statusCode).toBe(403)
      expect((await test.notify({}, { address: '192.0.2.77' })).statusCode).toBe(200)
    },
    { PAYFAST_SOURCES: '192.0.2.0/24' },
  )
})

test('PENDING changes nothing, and the COMPLETE that follows does', async () => {
  await withPayments(async (test) => {
    const before = counts(test)
    expect((await test.notify({ payment_status: 'PENDING' })).body).toBe('OK')
    expect(counts(test)).toEqual(before)
    await test.notify()
    expect(billing(test).find('Subscription', { userId: 'u4' })?.tier).toBe('JIGGA')
  })
})

test('FAILED makes a subscription whose period is over past due, and a pending pack failed', async () => {
  await withPayments(async (test) => {
    const { subscription, creditPurchase } = test.context.files.billing.client
    const over = new Date(NOW.getTime() - 3_600_000)
    await subscription.update({
      where: { userId: 'u1' },
      data: { nextBilling: over, startedAt: new Date('2026-05-01') },
    })
    const data = { id: 'order-9', userId: 'u4', packSize: '200', credits: 50_000, status: 'pending' }
    await creditPurchase.create({ data })
    const failed = { payment_status: 'FAILED' }
    expect((await test.notify({ ...failed, custom_str3: 'u1', pf_payment_id: '7' })).statusCode).toBe(200)
    expect(billing(test).find('Subscription', { userId: 'u1' })?.status).toBe('past_due')
    expect((await test.notify({ ...failed, ...PACK, m_payment_id: 'order-9', pf_payment_id: '8' })).statusCode).toBe(
      200,
    )
    expect(billing(test).find('CreditPurchase', { id: 'order-9' })?.status).toBe('failed')
    expect(billing(test).list('ProcessedPayment', {})).toHaveLength(4)
    await expectNothingOfTheBuyer(test)
  })
})

test('CANCELLED at PayFast ends the agreement here, of its own token alone', async () => {
  await withPayments(async (test) => {
    const status = () => billing(test).find('Subscription', { userId: 'u1' })?.status
    const cancelled = { payment_status: 'CANCELLED', custom_str3: 'u1' }
    expect((await test.notify({ ...cancelled, token: 'another', pf_payment_id: '7' })).statusCode).toBe(200)
    expect(status()).toBe('active')
    expect((await test.notify({ ...cancelled, token: 'secret-token', pf_payment_id: '8' })).statusCode).toBe(200)
    expect(status()).toBe('cancelled')
    expect(billing(test).list('RecurringSchedule', { userId: 'u1' })).toMatchObject([{ status: 'cancelled' }])
  })
})

test('a buyer known by email only is the user who has it, however it is spelt', async () => {
  await withPayments(async (test) => {
    const answer = await test.notify({ custom_str3: undefined, email_address: 'Busi@Example.co.za' })
    expect(answer.statusCode, answer.body).toBe(200)
    expect(billing(test).find('Subscription', { userId: 'u4' })).toMatchObject({ tier: 'JIGGA' })
    expect(identity(test).list('Contact', {})).toHaveLength(1)
    expect((await bytesOf(test, 'billing')).toLowerCase()).not.toContain('busi@example.co.za')
    expect(test.log.join('').toLowerCase()).not.toContain('busi@example.co.za')
  })
})

test('a buyer whom nobody knows is a contact in identity.db, and finds the subscription at the first sign-in', async () => {
  await withPayments(async (test) => {
    const fields = { custom_str3: undefined }
    const answers = await Promise.all(Array.from({ length: 5 }, () => test.notify(fields)))
    for (const { statusCode } of answers) expect(statusCode).toBe(200)
    const contacts = identity(test).list('Contact', { email: BUYER.email_address })
    expect(contacts).toHaveLength(1)
    const userId = contacts[0]?.id ?? ''
    expect(billing(test).list('ProcessedPayment', { pfPaymentId: '1089250' })).toMatchObject([{ userId }])
    await expectNothingOfTheBuyer(test)

    const signedIn = await test.signIn(BUYER.email_address.toUpperCase())
    expect(signedIn).toMatchObject({ userId, isNew: true })
    const mine = await test.send('GET', '/v1/me/subscription', { session: signedIn.token })
    expect(mine.json().data, mine.body).toMatchObject({ tier: 'JIGGA', status: 'active' })
    expect(billing(test).list('Subscription', { userId })).toHaveLength(1)
    expect(identity(test).list('Contact', { email: BUYER.email_address })).toEqual([])
    await test.notify({ ...fields, pf_payment_id: '1089251' })
    expect(billing(test).list('ProcessedPayment', { userId })).toHaveLength(2)
    await expectNothingOfTheBuyer(test)
  })
})

test.each([
  ['JSON', 'application/json', '{}', 415],
  ['plain text', 'text/plain', 'a=b', 415],
  ['a form in parts', 'multipart/form-data; boundary=x', '--x--', 415],
  ['more than 16 KiB', 'application/x-www-form-urlencoded', `a=${'b'.repeat(16_384)}`, 413],
  ['nothing', 'application/x-www-form-urlencoded', '', 400],
  ['no form', 'application/x-www-form-urlencoded', '<xml/>', 400],
  ['a broken escape', 'application/x-www-form-urlencoded', 'a=%zz', 400],
  ['a name twice', 'application/x-www-form-urlencoded', 'a=1&a=2', 400],
])('%s is refused before anything is looked at', async (_name, type, payload, status) => {
  await withPayments(async (test) => {
    const before = counts(test)
    const answer = await raw(test, payload, SOURCE, { 'content-type': type })
    expect(answer.statusCode, answer.body).toBe(status)
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/)
    if (status === 415) expect(answer.json().detail).toContain('application/x-www-form-urlencoded')
    expect(counts(test)).toEqual(before)
  })
})

test('where payments are off a notification is 503, to be sent again', async () => {
  await withApp(async (test) => {
    const answer = await raw(test, 'a=b')
    expect(answer.statusCode).toBe(503)
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
  })
})

test('while billing.db is locked a notification is 503, and acts when it comes again', async () => {
  await withPayments(async (test) => {
    const other = openWriter('billing', test.databases.paths.billing)
    other.exec('begin immediate')
    expect((await test.notify()).statusCode).toBe(503)
    other.exec('rollback')
    other.close()
    expect((await test.notify()).statusCode).toBe(200)
    expect(billing(test).list('ProcessedPayment', { pfPaymentId: '1089250' })).toHaveLength(1)
  })
})

test('other routes do not read forms, and this one says in the documentation what it takes', async () => {
  await withPayments(async (test) => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const url = '/v1/auth/login-tokens'
    const { statusCode } = await test.app.inject({ method: 'POST', url, headers, payload: 'email=a@b.example' })
    expect(statusCode).toBe(415)
    const document = (await test.app.inject('/openapi.json')).json()
    const { requestBody } = document.paths['/v1/payfast/notifications'].post
    expect(Object.keys(requestBody.content)).toEqual(['application/x-www-form-urlencoded'])
    expect(Object.values(requestBody.content)).toMatchObject([{ example: { pf_payment_id: '1089250' } }])
  })
})
