import { expect, test } from 'vitest'
import { act, adminLogs, counts } from './administrators.ts'
import { lock as lockFile, type TestApp } from './app.ts'
import { lock, strand, waiting, withOutbox } from './dead-letters.ts'

const OPS = { scopes: ['ops'] } as const
const list = async ({ get }: TestApp, query = '') => (await get(`/v1/ops/outbox${query}`, ['ops'])).json()
const step = ({ send }: TestApp, name: 'retry' | 'drop', id: string) =>
  send('POST', `/v1/ops/outbox/${encodeURIComponent(id)}/${name}`, OPS)

test('a dead message is listed without what it says, with its reason, and counted', async () => {
  await withOutbox(async (test) => {
    const id = await strand(test)
    const { data, figures } = await list(test)
    expect(data).toEqual([
      {
        id,
        origin: 'billing',
        target: 'admin',
        type: 'admin-acted',
        subjectId: 'u4',
        changeId: expect.any(String),
        attempts: 1,
        createdAt: '2026-06-01T12:00:00.000Z',
        nextAttemptAt: '2026-06-01T12:00:01.000Z',
        deadAt: '2026-06-01T12:00:00.000Z',
        reason: expect.stringMatching(/^unavailable: /),
      },
    ])
    expect(figures).toMatchObject({
      identity: { waiting: 0, dead: 0, oldest: null },
      billing: { waiting: 0, dead: 1, oldest: null },
      admin: { waiting: 0, dead: 0 },
    })
    expect(data[0].reason).not.toContain(test.databases.dir)
  })
})

test('the list is oldest first and takes an origin, the dead or the others, and a limit', async () => {
  await withOutbox(async (test) => {
    const first = await strand(test)
    test.clock.now = new Date(test.clock.now.getTime() + 60_000)
    const second = await strand(test, 'u5')
    const ids = async (query: string) => (await list(test, query)).data.map(({ id }: { id: string }) => id)
    expect(await ids('')).toEqual([first, second])
    expect(await ids('?limit=1')).toEqual([first])
    expect(await ids('?origin=billing&dead=true')).toEqual([first, second])
    expect(await ids('?dead=false')).toEqual([])
    expect(await ids('?origin=identity')).toEqual([])
  })
})

test.each([
  '?limit=0',
  '?limit=201',
  '?limit=1e2',
  '?limit=',
  '?dead=yes',
  '?dead=',
  '?origin=other',
  '?origin=constructor',
  '?page=2',
  '?limit=1&limit=2',
])('a query that does not fit is 400: %s', async (query) => {
  await withOutbox(async ({ get }) => {
    const answer = await get(`/v1/ops/outbox${query}`, ['ops'])
    expect(answer.statusCode, answer.body).toBe(400)
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/)
  })
})

test('a dead message that is tried again takes effect, once', async () => {
  await withOutbox(async (test) => {
    const id = await strand(test)
    expect(adminLogs(test)).toEqual([])
    const answer = await step(test, 'retry', id)
    expect(answer.statusCode, answer.body).toBe(200)
    expect(answer.json().data).toMatchObject({ id, origin: 'billing', outcome: 'settled' })
    expect(adminLogs(test)).toMatchObject([{ action: 'tier_override', targetUser: 'u4', adminId: 'u3' }])
    // The message goes a little later; until then a repeat finds its mark.
    expect([200, 404]).toContain((await step(test, 'retry', id)).statusCode)
    await test.context.sagas.courier[Symbol.asyncDispose]()
    expect(waiting(test)).toEqual([])
    expect((await step(test, 'retry', id)).statusCode).toBe(404)
    expect(adminLogs(test)).toHaveLength(1)
  })
})

test('a message whose target is locked still is dead after a retry, or waits where more attempts are left', async () => {
  for (const [attempts, outcome] of [
    [1, 'dead'],
    [5, 'waiting'],
  ] as const) {
    await withOutbox(async (test) => {
      const id = await strand(test)
      const release = lock(test)
      const answer = await step(test, 'retry', id)
      release()
      expect(answer.json().data).toMatchObject({ id, outcome, attempts: 1, reason: expect.stringMatching(/^unavail/) })
      expect((await list(test)).figures.billing).toMatchObject(
        attempts === 1 ? { dead: 1, waiting: 0 } : { dead: 0, waiting: 1 },
      )
    }, attempts)
  }
})

test('a message behind another of its subject waits for its turn', async () => {
  await withOutbox(async (test) => {
    const [first, second] = [await strand(test), await strand(test)]
    const answer = await step(test, 'retry', second)
    expect(answer.json().data.outcome).toBe('waiting')
    expect(adminLogs(test)).toEqual([])
    test.clock.now = new Date(test.clock.now.getTime() + 10_000)
    expect((await step(test, 'retry', first)).json().data.outcome).toBe('settled')
    expect(adminLogs(test)).toHaveLength(2)
  }, 5)
})

test('the log of a change cannot be given up', async () => {
  await withOutbox(async (test) => {
    const id = await strand(test)
    const answer = await step(test, 'drop', id)
    expect(answer.statusCode, answer.body).toBe(409)
    expect((await step(test, 'retry', id)).json().data).toMatchObject({ outcome: 'settled' })
    expect(adminLogs(test)).toHaveLength(1)
  })
})

test('a redemption that is given up comes back, its answer becomes 409, and the log says which key gave it up', async () => {
  await withOutbox(async (test) => {
    const session = await test.session('u4')
    await test.context.files.admin.change((tx) => {
      tx.insert('Voucher', { ...VOUCHER, expiresAt: new Date(test.clock.now.getTime() + 1_000_000) })
    })
    const redeem = () => test.post('/v1/me/redemptions', { code: 'GIVEN-UP' }, { session, headers: KEY })
    {
      using _locked = lockFile(test.databases, 'billing')
      expect((await redeem()).statusCode).toBe(202)
    }
    const id = 'voucher-redeemed:given-up:0'
    const answer = await test.send('POST', `/v1/ops/outbox/${id}/drop`, { ...OPS, headers: KEY })
    expect(answer.statusCode, answer.body).toBe(200)
    expect(test.context.files.admin.rows.find('Voucher', { id: 'given-up' })).toMatchObject({ redeemed: false })
    expect((await redeem()).statusCode).toBe(409)
    expect(adminLogs(test)).toMatchObject([{ action: 'message_dropped', adminId: 'operations', targetId: id }])
    const again = await test.send('POST', `/v1/ops/outbox/${id}/drop`, { ...OPS, headers: KEY })
    expect([again.statusCode, again.headers['idempotent-replayed']]).toEqual([200, 'true'])
    expect(adminLogs(test)).toHaveLength(1)
    await test.context.sagas.courier.sweep()
    expect(test.context.files.billing.rows.list('CreditPurchase', { userId: 'u4' })).toEqual([])
  })
})

const KEY = { 'idempotency-key': 'k1' }
const VOUCHER = {
  id: 'given-up',
  code: 'GIVEN-UP',
  type: 'R200',
  valueCents: 20_000,
  createdBy: 'u1',
  createdAt: new Date('2026-01-01'),
  voided: false,
  redeemed: false,
}

test('a message that is still tried cannot be dropped', async () => {
  await withOutbox(async (test) => {
    const id = await strand(test)
    await test.key('ops')
    const before = counts(test)
    const answer = await step(test, 'drop', id)
    expect(answer.statusCode).toBe(409)
    expect(counts(test)).toEqual(before)
    test.clock.now = new Date(test.clock.now.getTime() + 10_000)
    await test.context.sagas.courier.sweep()
    expect(adminLogs(test)).toHaveLength(1)
  }, 5)
})

test('a message that nobody can handle stays dead, and can be dropped', async () => {
  await withOutbox(async (test) => {
    await test.context.files.identity.change((tx) => {
      const times = { createdAt: test.clock.now, nextAttemptAt: test.clock.now }
      tx.insert('OutboxMessage', { id: 'old:1', type: 'old', target: 'billing', payload: '{}', attempts: 0, ...times })
    })
    await test.context.sagas.courier.sweep()
    const answer = await step(test, 'retry', 'old:1')
    expect(answer.json().data).toMatchObject({ outcome: 'dead', reason: 'no handler for old' })
    expect((await step(test, 'drop', 'old:1')).statusCode).toBe(200)
  })
})

test.each(['retry', 'drop'] as const)(
  '%s of a message that there is not is 404, and an Idempotency-Key is taken',
  async (name) => {
    await withOutbox(async (test) => {
      const headers = { 'idempotency-key': 'k-1' }
      for (const id of ['none', '%00', 'a%2Fb', '%F0%9F%A6%97', "x'%20or%201=1"]) {
        const answer = await test.send('POST', `/v1/ops/outbox/${id}/${name}`, { ...OPS, headers })
        expect(answer.statusCode, id).toBe(404)
      }
    })
  },
)

test('neither a frontend key nor a person reaches the outbox', async () => {
  await withOutbox(async (test) => {
    const session = await test.session('u3')
    for (const [method, url] of [
      ['GET', '/v1/ops/outbox'],
      ['POST', '/v1/ops/outbox/x/retry'],
      ['POST', '/v1/ops/outbox/x/drop'],
    ] as const) {
      expect((await test.send(method, url)).statusCode).toBe(401)
      expect((await test.send(method, url, { scopes: ['frontend'] })).statusCode).toBe(403)
      expect((await test.send(method, url, { session })).statusCode).toBe(403)
    }
  })
})

test('after a retry the change says that it has all its effects', async () => {
  await withOutbox(async (test) => {
    const release = lock(test)
    const body = { tier: 'JIVE', reason: 'Outage' }
    const { change } = (await act(test, { url: '/v1/users/u4/tier-overrides', body })).json()
    release()
    expect(change.settled).toBe(false)
    const look = async () => (await test.get(`/v1/changes/${change.id}`, ['ops'])).json().data
    expect(await look()).toMatchObject({ settled: false })
    await step(test, 'retry', waiting(test)[0] ?? '')
    expect(await look()).toMatchObject({ settled: true })
  })
})
