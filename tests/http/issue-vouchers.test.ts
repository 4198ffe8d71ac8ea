import { expect, test } from 'vitest'
import { addMonths } from '../../src/billing/months.ts'
import { act, adminLogs, bytesOf, counts, IP, origins, withRoles } from './administrators.ts'
import { NOW, type TestApp, withApp } from './app.ts'

const withAdmins = (work: (test: TestApp) => Promise<void>) =>
  withApp(async (test) => {
    await withRoles(test)
    await work(test)
  })

const voucherOf = ({ context }: TestApp, id: string) => context.files.admin.rows.find('Voucher', { id })
const stepsOf = ({ context }: TestApp, voucherId: string) =>
  context.files.admin.rows.list('VoucherLog', { voucherId }).map(({ action, actor }) => ({ action, actor }))

async function make(test: TestApp, order: object = { type: 'R200' }): Promise<{ id: string; code: string }> {
  const answer = await act(test, { url: '/v1/vouchers', body: order })
  expect(answer.statusCode, answer.body).toBe(201)
  return answer.json().data
}

const redeem = async (test: TestApp, code: string) =>
  await test.app.inject({
    method: 'POST',
    url: '/v1/me/redemptions',
    headers: { authorization: `Bearer ${await test.session('u1')}` },
    payload: { code },
  })

test('a voucher is made with its log, and where the administrator was stays in identity.db', async () => {
  await withAdmins(async (test) => {
    const answer = await act(test, { url: '/v1/vouchers', body: { type: 'JIVE_1MONTH' }, actor: 'u2' })
    expect(answer.statusCode).toBe(201)
    const { data, change } = answer.json()
    expect(data).toEqual({
      id: expect.any(String),
      code: expect.stringMatching(/^GOGGA(-[0-9A-Z]{4}){3}$/),
      type: 'JIVE_1MONTH',
      expiresAt: '2027-06-01T12:00:00.000Z',
    })
    expect(change).toEqual({ id: expect.any(String), settled: true })
    expect(voucherOf(test, data.id)).toMatchObject({
      code: data.code,
      createdBy: 'u2',
      valueCents: 9_900,
      batchId: null,
    })
    expect(stepsOf(test, data.id)).toEqual([{ action: 'created', actor: 'u2' }])
    const [log, ...others] = adminLogs(test)
    expect(others).toEqual([])
    expect(log).toMatchObject({ adminId: 'u2', action: 'voucher_created', targetId: data.id, targetUser: null })
    expect(origins(test)).toEqual([{ adminLogId: log?.id, ip: IP }])
  })
})

test('a batch is made whole, of 10,000 different codes, with one log', async () => {
  await withAdmins(async (test) => {
    const body = { type: 'R500', count: 10_000, name: 'Spring campaign', expiresAt: '2027-01-31T23:59:59+02:00' }
    const answer = await act(test, { url: '/v1/voucher-batches', body })
    expect(answer.statusCode).toBe(201)
    const { batchId, vouchers, expiresAt } = answer.json().data
    expect(expiresAt).toBe('2027-01-31T21:59:59.000Z')
    expect(new Set(vouchers.map(({ code }: { code: string }) => code)).size).toBe(10_000)
    const stored = test.context.files.admin.rows.list('Voucher', { batchId })
    expect(stored.map(({ id, code }) => ({ id, code }))).toEqual(vouchers)
    const [log, ...others] = adminLogs(test)
    expect(others).toEqual([])
    expect(log).toMatchObject({ adminId: 'u3', action: 'vouchers_created', targetId: batchId })
    expect(JSON.parse(log?.meta ?? '')).toEqual({ type: 'R500', count: 10_000, name: 'Spring campaign' })
    expect(origins(test)).toEqual([{ adminLogId: log?.id, ip: IP }])
  })
})

test('a voucher is voided once, with its reason, and nobody redeems it any more', async () => {
  await withAdmins(async (test) => {
    const { id, code } = await make(test)
    const url = `/v1/vouchers/${id}/void`
    const answer = await act(test, { url, body: { reason: 'issued twice' }, actor: 'u2' })
    expect(answer.json().data).toEqual({ id, voidedAt: NOW.toISOString(), reason: 'issued twice' })
    expect(voucherOf(test, id)).toMatchObject({ voided: true, voidedBy: 'u2', voidReason: 'issued twice' })
    const last = adminLogs(test).find(({ action }) => action === 'voucher_voided')
    expect(last).toMatchObject({ adminId: 'u2', targetId: id, meta: '{"reason":"issued twice"}' })
    expect(origins(test)).toContainEqual({ adminLogId: last?.id, ip: IP })
    expect((await redeem(test, code)).statusCode).toBe(409)
    expect((await act(test, { url, body: { reason: 'again' } })).statusCode).toBe(409)
    expect(adminLogs(test)).toHaveLength(2)
    expect(origins(test)).toHaveLength(2)
  })
})

test('a voucher that nobody redeemed is deleted, its log stays', async () => {
  await withAdmins(async (test) => {
    const { id, code } = await make(test)
    const answer = await act(test, { method: 'DELETE', url: `/v1/vouchers/${id}` })
    expect(answer.json()).toMatchObject({ data: { id, deleted: true }, change: { settled: true } })
    expect(voucherOf(test, id)).toBeUndefined()
    expect(stepsOf(test, id).map(({ action }) => action)).toEqual(['created', 'deleted'])
    expect(adminLogs(test).map(({ action, targetId }) => [action, targetId])).toEqual([
      ['voucher_created', id],
      ['voucher_deleted', id],
    ])
    expect(origins(test)).toHaveLength(2)
    expect((await redeem(test, code)).statusCode).toBe(404)
    expect((await act(test, { method: 'DELETE', url: `/v1/vouchers/${id}` })).statusCode).toBe(404)
    expect(origins(test)).toHaveLength(2)
  })
})

const VOID = { body: { reason: 'issued twice' } }
const REFUSED: readonly (readonly [name: string, status: number, ask: Parameters<typeof act>[1]])[] = [
  ['nobody acts', 400, { url: '/v1/vouchers', body: { type: 'R200' }, actor: null }],
  ['the actor has an empty id', 400, { url: '/v1/vouchers', body: { type: 'R200' }, actor: '' }],
  ['the actor is unknown', 403, { url: '/v1/vouchers', body: { type: 'R200' }, actor: 'nobody' }],
  ['the actor is no administrator', 403, { url: '/v1/vouchers', body: { type: 'R200' }, actor: 'u1' }],
  ['a contact acts', 403, { url: '/v1/voucher-batches', body: { type: 'R200', count: 2 }, actor: 'k1' }],
  ['somebody voids who is no administrator', 403, { url: '/v1/vouchers/v1/void', ...VOID, actor: 'u1' }],
  ['somebody deletes who is no administrator', 403, { method: 'DELETE', url: '/v1/vouchers/v1', actor: 'u1' }],
  ['there is no voucher to void', 404, { url: '/v1/vouchers/none/void', ...VOID }],
  ['there is no voucher to delete', 404, { method: 'DELETE', url: '/v1/vouchers/none' }],
  ['the voucher to void is redeemed', 409, { url: '/v1/vouchers/spent/void', ...VOID }],
  ['the voucher to delete is redeemed', 409, { method: 'DELETE', url: '/v1/vouchers/spent' }],
  ['the type is unknown', 400, { url: '/v1/vouchers', body: { type: 'R300' } }],
  ['it expires now', 400, { url: '/v1/vouchers', body: { type: 'R200', expiresAt: NOW.toISOString() } }],
  ['the batch is empty', 400, { url: '/v1/voucher-batches', body: { type: 'R200', count: 0 } }],
  ['the batch is too large', 400, { url: '/v1/voucher-batches', body: { type: 'R200', count: 10_001 } }],
  [
    'the name is too long',
    400,
    { url: '/v1/voucher-batches', body: { type: 'R200', count: 1, name: 'a'.repeat(201) } },
  ],
  ['the reason is blank', 400, { url: '/v1/vouchers/v1/void', body: { reason: '  ' } }],
  ['the reason is too long', 400, { url: '/v1/vouchers/v1/void', body: { reason: 'a'.repeat(501) } }],
]

test.each(REFUSED)('where %s, it is %i and nothing is left in any file', async (_name, status, ask) => {
  await withAdmins(async (test) => {
    const spent = { redeemed: true, redeemedAt: NOW, redeemedBy: 'u1' }
    const voucher = { id: 'spent', code: 'GOGGA-2', type: 'R200', createdBy: 'u2', expiresAt: NOW }
    await test.context.files.admin.client.voucher.create({ data: { ...voucher, ...spent } })
    await test.key('admin')
    const before = counts(test)
    const answer = await act(test, ask)
    expect(answer.statusCode, answer.body).toBe(status)
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/)
    expect(counts(test)).toEqual(before)
  })
})

test('a voucher expires in the future and within five years, to the millisecond', async () => {
  await withAdmins(async (test) => {
    const last = addMonths(NOW, 60)
    const order = (time: Date) => ({ type: 'R200', expiresAt: time.toISOString() })
    expect((await act(test, { url: '/v1/vouchers', body: order(last) })).statusCode).toBe(201)
    expect((await act(test, { url: '/v1/vouchers', body: order(new Date(NOW.getTime() + 1)) })).statusCode).toBe(201)
    for (const time of [NOW, new Date(last.getTime() + 1)]) {
      const beyond = await act(test, { url: '/v1/vouchers', body: order(time) })
      expect(beyond.statusCode).toBe(400)
      expect(beyond.json().errors).toMatchObject([{ at: 'expiresAt' }])
    }
  })
})

test('the same key and body make one voucher and one log, whoever repeats them however often at once', async () => {
  await withAdmins(async (test) => {
    const ask = { url: '/v1/vouchers', body: { type: 'R200' }, key: 'order-1' }
    const answers = await Promise.all(Array.from({ length: 10 }, () => act(test, ask)))
    const repeat = await act(test, ask)
    expect(repeat.headers['idempotent-replayed']).toBe('true')
    for (const { statusCode } of answers) expect([201, 409]).toContain(statusCode)
    const made = [...answers, repeat].filter(({ statusCode }) => statusCode === 201).map(({ body }) => body)
    expect(new Set(made).size).toBe(1)
    expect(test.context.files.admin.rows.list('Voucher', { createdBy: 'u3' })).toHaveLength(1)
    expect(adminLogs(test)).toHaveLength(1)
    expect(origins(test)).toHaveLength(1)
  })
})

test.each([
  ['another body', { body: { type: 'R500' } }],
  ['another administrator', { actor: 'u2' }],
])('the same key with %s is 422 and changes nothing', async (_name, other) => {
  await withAdmins(async (test) => {
    const ask = { url: '/v1/vouchers', body: { type: 'R200' }, key: 'order-1' }
    expect((await act(test, ask)).statusCode).toBe(201)
    const before = counts(test)
    expect((await act(test, { ...ask, ...other })).statusCode).toBe(422)
    expect(counts(test)).toEqual(before)
  })
})

const PERSONAL = ['sipho@example.co.za', '8001015009087', '+27825550123', '4111111111111111']

test('a name and a reason that hold personal information leave none of it in admin.db or billing.db', async () => {
  await withAdmins(async (test) => {
    const text = `for ${PERSONAL[0]}, id ${PERSONAL[1]}, phone ${PERSONAL[2]}, card ${PERSONAL[3]}`
    const order = { type: 'R200', count: 2, name: text }
    const made = await act(test, { url: '/v1/voucher-batches', body: order, key: 'batch-1' })
    const [{ id }] = made.json().data.vouchers
    const voided = await act(test, { url: `/v1/vouchers/${id}/void`, body: { reason: text }, key: 'void-1' })
    expect(voided.statusCode, voided.body).toBe(200)
    expect(voided.json().data.reason).toMatch(/^for pii:[0-9a-f]{32}, id pii:/)
    const kept = test.context.files.identity.rows.list('DetachedValue', {})
    expect(kept.map(({ place }) => place).sort()).toEqual([
      ...Array(4).fill('admin.AdminLog.meta'),
      ...Array(4).fill('admin.Voucher.voidReason'),
    ])
    for (const domain of ['admin', 'billing'] as const) {
      const bytes = await bytesOf(test, domain)
      for (const value of [...PERSONAL, IP]) expect(bytes.includes(value), `${value} in ${domain}.db`).toBe(false)
    }
    const bytes = await bytesOf(test, 'identity')
    for (const value of [...PERSONAL, IP]) expect(bytes.includes(value), value).toBe(true)
    for (const value of [...PERSONAL, IP]) expect(test.log.join(''), value).not.toContain(value)
  })
})

test('an address behind a trusted proxy is the one that counts', async () => {
  await withApp(
    async (test) => {
      await withRoles(test)
      const headers = { authorization: `Bearer ${await test.key('admin')}`, 'x-gogga-actor': 'u3' }
      const ask = { method: 'POST', url: '/v1/vouchers', payload: { type: 'R200' } } as const
      const forwarded = { ...headers, 'x-forwarded-for': '105.4.6.8' }
      await test.app.inject({ ...ask, headers: forwarded, remoteAddress: '10.1.2.3' })
      await test.app.inject({ ...ask, headers: forwarded, remoteAddress: '10.2.2.3' })
      expect(origins(test).map(({ ip }) => ip)).toEqual(['105.4.6.8', '10.2.2.3'])
    },
    { env: { GOGGA_TRUSTED_PROXIES: '10.1.0.0/16' } },
  )
})
