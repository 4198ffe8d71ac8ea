// Two files and the log in the third: what a redemption does, and what it does while one of them is out of reach.
import { expect, test } from 'vitest'
import { type By, lock, NOW, type TestApp, withApp } from './app.ts'

const REDEMPTIONS = '/v1/me/redemptions'

const subscriptionOf = async ({ send }: TestApp, by: By) => (await send('GET', '/v1/me/subscription', by)).json().data

const redeem = (test: TestApp, by: By, code = 'GOGGA-1', headers: Readonly<Record<string, string>> = {}) =>
  test.post(REDEMPTIONS, { code }, { ...by, headers })

test('a voucher is spent, granted and noted, each once', async () => {
  await withApp(async (test) => {
    const by = { session: await test.session('u4') }
    const answer = await redeem(test, by, ' gogga-1 ', { 'idempotency-key': 'v' })
    expect(answer.statusCode, answer.body).toBe(201)
    expect(answer.json().data).toEqual({ voucherId: 'v1', type: 'R200', redeemedAt: NOW.toISOString() })
    expect(answer.json().change.settled).toBe(true)
    expect((await redeem(test, by, ' gogga-1 ', { 'idempotency-key': 'v' })).body).toBe(answer.body)
    const data = await subscriptionOf(test, by)
    expect(data).toMatchObject({ packCredits: 50_300, packs: [{ packSize: '200', creditsLeft: 50_000 }] })
    const noted = test.context.files.identity.rows.list('AuthLog', { action: 'voucher_redeemed' })
    expect(noted).toMatchObject([{ email: 'busi@example.co.za' }])
    expect((await redeem(test, by)).statusCode).toBe(409)
    expect((await redeem(test, by, 'GOGGA-2')).statusCode).toBe(404)
  })
})

test('five people at once with one code: one has it, four hear 409, one grant is there', async () => {
  await withApp(async (test) => {
    const people = ['u1', 'u2', 'u3', 'u4', 'u5']
    const sessions = await Promise.all(people.map((userId) => test.session(userId)))
    const answers = await Promise.all(sessions.map((session) => redeem(test, { session })))
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([201, 409, 409, 409, 409])
    const packs = test.context.files.billing.rows.list('CreditPurchase', { status: 'complete', packSize: '200' })
    expect(packs.filter(({ id }) => id !== 'c1')).toHaveLength(1)
  })
})

test('while billing.db is held: 202 and where to look; a repeat says the same until it is free, then 201', async () => {
  await withApp(async (test) => {
    const { databases, clock, context, send } = test
    const by = { session: await test.session('u4') }
    const ask = () => redeem(test, by, 'GOGGA-1', { 'idempotency-key': 'v' })
    const [first, again] = await (async () => {
      using _ = lock(databases, 'billing')
      return [await ask(), await ask()] as const
    })()
    for (const answer of [first, again]) {
      expect(answer.statusCode, answer.body).toBe(202)
      expect(answer.json().change.settled).toBe(false)
      expect(answer.headers.location).toBe(`/v1/changes/${answer.json().change.id}`)
    }
    expect(again.json()).toEqual(first.json())
    const look = async () => (await send('GET', String(first.headers.location), by)).json().data
    expect(await look()).toMatchObject({
      route: `POST ${REDEMPTIONS}`,
      status: 201,
      settled: false,
      waiting: [{ type: 'voucher-redeemed', target: 'billing', dead: false }],
    })
    expect((await subscriptionOf(test, by)).packs).toEqual([])

    clock.now = new Date(NOW.getTime() + 10_000)
    await context.sagas.courier.sweep()
    expect(await look()).toMatchObject({ settled: true, waiting: [], status: 201 })
    expect((await subscriptionOf(test, by)).packs).toHaveLength(1)
    const last = await ask()
    expect(last.statusCode).toBe(201)
    expect(last.json()).toEqual({ ...first.json(), change: { ...first.json().change, settled: true } })
  })
})

test('a voucher that billing refuses goes back, and the change says 409', async () => {
  await withApp(async (test) => {
    const { databases, clock, context, send } = test
    const by = { session: await test.session('u4') }
    const first = await (async () => {
      using _ = lock(databases, 'billing')
      return await redeem(test, by, 'GOGGA-1', { 'idempotency-key': 'v' })
    })()
    expect(first.statusCode).toBe(202)
    // In the meantime there is no room for a pack any more.
    await context.files.billing.change((tx) => tx.update('Subscription', { userId: 'u4' }, { credits: 1_999_999_999 }))
    clock.now = new Date(NOW.getTime() + 10_000)
    await context.sagas.courier.sweep()
    const { data } = (await send('GET', String(first.headers.location), by)).json()
    expect(data).toMatchObject({ settled: true, status: 409 })
    expect((await redeem(test, by, 'GOGGA-1', { 'idempotency-key': 'v' })).statusCode).toBe(409)
    expect(context.files.admin.rows.find('Voucher', { id: 'v1' })).toMatchObject({ redeemed: false })
    expect((await redeem(test, { session: await test.session('u2') })).statusCode).toBe(201)
  })
})

test('a person may try so many codes a minute, and holds up nobody else', async () => {
  await withApp(
    async (test) => {
      const [one, other] = [await test.session('u1'), await test.session('u2')]
      for (let tries = 0; tries < 3; tries++)
        expect((await redeem(test, { session: one }, `GUESS-${tries}`)).statusCode).toBe(404)
      const answer = await redeem(test, { session: await test.session('u1') })
      expect(answer.statusCode).toBe(429)
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
      expect((await redeem(test, { session: other })).statusCode).toBe(201)
      expect((await test.send('GET', '/v1/me', { session: one })).statusCode).toBe(200)
    },
    { env: { GOGGA_REDEMPTIONS_PER_MINUTE: '3' } },
  )
})

test('odd codes are codes of nothing', async () => {
  await withApp(async (test) => {
    const by = { session: await test.session() }
    for (const code of ["' or 1=1 --", 'GOGGA-1\u0000', '\ud800', '%', '🎟️', '__proto__'])
      expect((await redeem(test, by, code)).statusCode, code).toBe(404)
  })
})
