import { expect, test } from 'vitest'
import { openWriter } from '../../src/database/connections.ts'
import { act, adminLogs, bytesOf, counts, IP, origins, withRoles } from './administrators.ts'
import { type TestApp, withApp } from './app.ts'

const withAdmins = (work: (test: TestApp) => Promise<void>, env: Readonly<Record<string, string>> = {}) =>
  withApp(
    async (test) => {
      await withRoles(test)
      await test.key('admin')
      await work(test)
    },
    { env },
  )

const subscriptionOf = ({ context }: TestApp, userId: string) =>
  context.files.billing.rows.find('Subscription', { userId })
const eventsOf = ({ context }: TestApp, userId: string) =>
  context.files.billing.rows.list('SubscriptionEvent', { userId }).filter(({ actor }) => actor !== 'system')

/** Nothing waits: a message that was delivered is removed a little later, its mark is there at once. */
const settled = ({ context: { files } }: TestApp) =>
  (['identity', 'billing'] as const).every((domain) =>
    files[domain].rows
      .all<{ id: string }>('select id from "OutboxMessage"')
      .every(({ id }) => files.admin.rows.find('InboxMessage', { id })),
  )

const OVERRIDE = { url: '/v1/users/u4/tier-overrides', body: { tier: 'JIGGA', reason: 'Outage on 14 March' } }
const ADJUST = { url: '/v1/users/u4/credit-adjustments', body: { credits: -250, reason: 'Granted twice' } }
const ROLES = { url: '/v1/users/u4/roles', body: { isAdmin: true } }
const LOOKUP = { url: '/v1/user-lookups', body: { email: ' Busi@Example.co.za ' } }

test('a tier is set at once in billing.db, its log is in admin.db', async () => {
  await withAdmins(async (test) => {
    const answer = await act(test, { ...OVERRIDE, actor: 'u2' })
    expect(answer.statusCode, answer.body).toBe(200)
    const { data, change } = answer.json()
    expect(data).toEqual({ userId: 'u4', tier: 'JIGGA', status: 'active', nextBilling: '2026-07-01T12:00:00.000Z' })
    expect(change.settled).toBe(true)
    expect(subscriptionOf(test, 'u4')).toMatchObject({ tier: 'JIGGA', status: 'active' })
    expect(eventsOf(test, 'u4')).toMatchObject([{ actor: 'u2', fromTier: 'FREE', toTier: 'JIGGA' }])
    expectLogged(test, { adminId: 'u2', action: 'tier_override', targetUser: 'u4' })
    expect(JSON.parse(adminLogs(test)[0]?.meta ?? '')).toEqual({ tier: 'JIGGA', reason: 'Outage on 14 March' })
  })
})

function expectLogged(test: TestApp, row: object): void {
  const [log, ...others] = adminLogs(test)
  expect(others).toEqual([])
  expect(log).toMatchObject(row)
  expect(origins(test)).toEqual([{ adminLogId: log?.id, ip: IP }])
  expect(settled(test)).toBe(true)
}

test('credits are given and taken in billing.db, never below nothing', async () => {
  await withAdmins(async (test) => {
    const answer = await act(test, ADJUST)
    expect(answer.json().data).toEqual({ userId: 'u4', credits: 50 })
    expect(subscriptionOf(test, 'u4')?.credits).toBe(50)
    expectLogged(test, { adminId: 'u3', action: 'credit_adjustment', targetUser: 'u4' })
    const before = counts(test)
    const refused = await act(test, ADJUST)
    expect(refused.statusCode).toBe(409)
    expect(subscriptionOf(test, 'u4')?.credits).toBe(50)
    expect(counts(test)).toMatchObject({
      'admin.AdminLog': before['admin.AdminLog'],
      'identity.AdminLogOrigin': before['identity.AdminLogOrigin'],
      'billing.SubscriptionEvent': before['billing.SubscriptionEvent'],
    })
    const given = await act(test, { ...ADJUST, body: { credits: 100_000_000, reason: 'A large order' } })
    expect(given.json().data.credits).toBe(100_000_050)
  })
})

test('a service administrator gives and takes roles, which then count at the next request', async () => {
  await withAdmins(async (test) => {
    const made = { ...OVERRIDE, url: '/v1/users/u5/tier-overrides', actor: 'u4' }
    expect((await act(test, made)).statusCode).toBe(403)
    const answer = await act(test, ROLES)
    expect(answer.json().data).toEqual({ userId: 'u4', isAdmin: true, isServiceAdmin: false })
    expect(test.context.files.identity.rows.find('User', { id: 'u4' })).toMatchObject({ isAdmin: true })
    expectLogged(test, { adminId: 'u3', action: 'roles_changed', targetUser: 'u4' })
    const was = { wasAdmin: false, wasServiceAdmin: false }
    expect(JSON.parse(adminLogs(test)[0]?.meta ?? '')).toEqual({ isAdmin: true, isServiceAdmin: false, ...was })
    expect((await act(test, made)).statusCode).toBe(200)
    await act(test, { ...ROLES, body: { isAdmin: false } })
    expect((await act(test, made)).statusCode).toBe(403)
  })
})

const readings = ({ context }: TestApp) => context.files.identity.rows.list('AccessLog', {})

test('a user is found by email, and that somebody looked is logged', async () => {
  await withAdmins(async (test) => {
    const answer = await act(test, { ...LOOKUP, actor: 'u2' })
    expect(answer.json().data).toEqual({ userId: 'u4', isAdmin: false, isServiceAdmin: false })
    expectLogged(test, { adminId: 'u2', action: 'user_lookup', targetUser: 'u4', meta: '{"found":true}' })
    const reading = { route: 'POST /v1/user-lookups', fields: 'users.email', purpose: 'user-lookup', actorId: 'u2' }
    expect(readings(test)).toMatchObject([{ ...reading, subjects: '["u4"]' }])
  })
})

test('a look is for the purpose of the key, where it has any, and for none that is not its own', async () => {
  await withAdmins(async (test) => {
    const by = {
      scopes: ['admin', 'pii:read'],
      headers: { 'x-gogga-actor': 'u3', 'idempotency-key': 'look-2' },
    } as const
    const refused = { ...by, headers: { ...by.headers, 'x-gogga-purpose': 'support' } }
    expect((await test.post(LOOKUP.url, LOOKUP.body, refused)).statusCode).toBe(403)
    expect(readings(test)).toEqual([])
    expect((await test.post(LOOKUP.url, LOOKUP.body, by)).statusCode).toBe(200)
    expect((await test.post(LOOKUP.url, LOOKUP.body, by)).headers['idempotent-replayed']).toBe('true')
    expect(readings(test).map(({ purpose }) => purpose)).toEqual(['fraud-prevention', 'fraud-prevention'])
  })
})

test('a look for nobody is 404, and logged all the same', async () => {
  await withAdmins(async (test) => {
    const answer = await act(test, { ...LOOKUP, body: { email: 'nobody@example.co.za' }, key: 'look-1' })
    expect(answer.statusCode).toBe(404)
    expect(answer.body).not.toContain('nobody@')
    await test.context.sagas.courier.sweep()
    test.clock.now = new Date(test.clock.now.getTime() + 10_000)
    await test.context.sagas.courier.sweep()
    expectLogged(test, { action: 'user_lookup', targetUser: null, meta: '{"found":false}' })
    expect(readings(test)).toMatchObject([{ subjects: '[]', actorId: 'u3' }])
    for (const domain of ['admin', 'billing'] as const) expect(await bytesOf(test, domain)).not.toContain('nobody@')
    expect(test.log.join('')).not.toContain('nobody@')
  })
})

const REFUSED: readonly (readonly [name: string, status: number, ask: Parameters<typeof act>[1]])[] = [
  ['nobody acts', 400, { ...OVERRIDE, actor: null }],
  ['the actor is unknown', 403, { ...OVERRIDE, actor: 'nobody' }],
  ['the actor is no administrator', 403, { ...ADJUST, actor: 'u1' }],
  ['somebody looks who is no administrator', 403, { ...LOOKUP, actor: 'u1' }],
  ['an administrator who is no service administrator gives roles', 403, { ...ROLES, actor: 'u2' }],
  ['somebody makes themselves an administrator', 403, { ...ROLES, actor: 'u4' }],
  ['the user is unknown to override', 404, { ...OVERRIDE, url: '/v1/users/nobody/tier-overrides' }],
  ['the user is unknown to adjust', 404, { ...ADJUST, url: '/v1/users/nobody/credit-adjustments' }],
  ['a contact is to get credits', 404, { ...ADJUST, url: '/v1/users/k1/credit-adjustments' }],
  ['the user is unknown to give roles', 404, { ...ROLES, url: '/v1/users/nobody/roles' }],
  ['more credits are taken than there are', 409, { ...ADJUST, body: { credits: -301, reason: 'x' } }],
  ['nobody would be service administrator', 409, { url: '/v1/users/u3/roles', body: { isServiceAdmin: false } }],
  ['no credits are given', 400, { ...ADJUST, body: { credits: 0, reason: 'x' } }],
  ['too many credits are given', 400, { ...ADJUST, body: { credits: 100_000_001, reason: 'x' } }],
  ['too many credits are taken', 400, { ...ADJUST, body: { credits: -100_000_001, reason: 'x' } }],
  ['half a credit is given', 400, { ...ADJUST, body: { credits: 0.5, reason: 'x' } }],
  ['no role is named', 400, { ...ROLES, body: {} }],
  ['a role is a word', 400, { ...ROLES, body: { isAdmin: 'yes' } }],
  ['the tier is unknown', 400, { ...OVERRIDE, body: { tier: 'GOLD', reason: 'x' } }],
  ['there is no reason', 400, { ...OVERRIDE, body: { tier: 'JIVE' } }],
]

test.each(REFUSED)('where %s, it is %i and nothing is left in any file', async (_name, status, ask) => {
  await withAdmins(async (test) => {
    const before = counts(test)
    const answer = await act(test, ask)
    expect(answer.statusCode, answer.body).toBe(status)
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/)
    expect(counts(test)).toEqual(before)
  })
})

test.each([
  ['tier override', OVERRIDE],
  ['credit adjustment', ADJUST],
  ['change of roles', ROLES],
  ['look-up', LOOKUP],
])('the same key and body make one %s, however often at once', async (_name, ask) => {
  await withAdmins(async (test) => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => act(test, { ...ask, key: 'once' })))
    const repeat = await act(test, { ...ask, key: 'once' })
    expect(repeat.statusCode, repeat.body).toBe(200)
    expect(repeat.headers['idempotent-replayed']).toBe('true')
    for (const { statusCode } of answers) expect([200, 409]).toContain(statusCode)
    expect(adminLogs(test)).toHaveLength(1)
    expect(origins(test)).toHaveLength(1)
    expect(eventsOf(test, 'u4').length).toBeLessThanOrEqual(1)
    expect((await act(test, { ...ask, key: 'once', actor: 'u2' })).statusCode).toBe(ask === ROLES ? 403 : 422)
    expect(origins(test)).toHaveLength(1)
  })
})

test('a kept refusal answers its repeats, and leaves no log', async () => {
  await withAdmins(async (test) => {
    const ask = { ...ADJUST, body: { credits: -1_000, reason: 'x' }, key: 'refused' }
    expect((await act(test, ask)).statusCode).toBe(409)
    await act(test, { ...ADJUST, body: { credits: 5_000, reason: 'x' } })
    const repeat = await act(test, ask)
    expect(repeat.statusCode).toBe(409)
    expect(subscriptionOf(test, 'u4')?.credits).toBe(5_300)
    expect(adminLogs(test)).toHaveLength(1)
    expect(origins(test)).toHaveLength(1)
  })
})

const PERSONAL = ['sipho@example.co.za', '8001015009087', '+27825550123', '41.0.12.99']

test.each([
  ['a tier override', OVERRIDE],
  ['a credit adjustment', ADJUST],
])('the reason of %s leaves no personal information in billing.db or admin.db', async (_name, { url, body }) => {
  await withAdmins(async (test) => {
    const reason = `${PERSONAL[0]} with id ${PERSONAL[1]} called from ${PERSONAL[2]}, wrote from ${PERSONAL[3]}`
    const answer = await act(test, { url, body: { ...body, reason }, key: 'personal' })
    expect(answer.statusCode, answer.body).toBe(200)
    const meta = JSON.parse(adminLogs(test)[0]?.meta ?? '')
    expect(meta.reason).toMatch(/^pii:[0-9a-f]{32} with id pii:[0-9a-f]{32} called from pii:/)
    expect(test.context.files.identity.rows.list('DetachedValue', {})).toHaveLength(PERSONAL.length)
    for (const domain of ['billing', 'admin'] as const) {
      const bytes = await bytesOf(test, domain)
      for (const value of [...PERSONAL, IP]) expect(bytes.includes(value), `${value} in ${domain}.db`).toBe(false)
    }
    const log = test.log.join('')
    for (const value of [...PERSONAL, IP]) expect(log).not.toContain(value)
  })
})

test('while admin.db is locked a change is done and its log sure to come, which the answer says', async () => {
  await withAdmins(async (test) => {
    const other = openWriter('admin', test.databases.paths.admin)
    other.exec('begin immediate')
    const answer = await act(test, OVERRIDE)
    expect(answer.statusCode).toBe(202)
    const { change } = answer.json()
    expect(change.settled).toBe(false)
    expect(answer.headers.location).toBe(`/v1/changes/${change.id}`)
    expect(subscriptionOf(test, 'u4')?.tier).toBe('JIGGA')
    expect(adminLogs(test)).toEqual([])
    other.exec('rollback')
    other.close()
    test.clock.now = new Date(test.clock.now.getTime() + 10_000)
    await test.context.sagas.courier.sweep()
    expectLogged(test, { action: 'tier_override', targetUser: 'u4' })
  })
})

test('while identity.db is locked nobody acts without leaving where from', async () => {
  await withAdmins(async (test) => {
    const before = counts(test)
    const other = openWriter('identity', test.databases.paths.identity)
    other.exec('begin immediate')
    const answers = [await act(test, OVERRIDE), await act(test, { url: '/v1/vouchers', body: { type: 'R200' } })]
    other.exec('rollback')
    other.close()
    for (const { statusCode, headers } of answers) {
      expect(statusCode).toBe(503)
      expect(Number(headers['retry-after'])).toBeGreaterThan(0)
    }
    expect(counts(test)).toEqual(before)
  })
})
