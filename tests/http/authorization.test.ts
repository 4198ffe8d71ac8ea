import { expect, test } from 'vitest'
import { resources } from '../../src/database/catalog.ts'
import { createApp } from '../../src/http/app.ts'
import { AUTHORIZATION, accessTo, type Who } from '../../src/http/authorization.ts'
import { revokeKey, SCOPES } from '../../src/identity/api-keys.ts'
import { type TestApp, withApp } from './app.ts'

type Method = Parameters<TestApp['send']>[0]

const GUARDED = [...AUTHORIZATION].filter((entry): entry is [string, readonly Who[]] => entry[1] !== 'public')

/** `POST /v1/vouchers/:id/void` → `['POST', '/v1/vouchers/x/void']` */
function requestOf(route: string): [Method, string] {
  const [method = '', url = ''] = route.split(' ')
  return [method as Method, url.replace(':id', 'x')]
}

/** The route's answer to whoever may not: the first check that refuses, before a body or a header is looked at. */
const isRefused = (status: number): boolean => status === 401 || status === 403

/** `GET /v1/users` for every route that the app has, as its router prints them. */
function routesOf({ app }: TestApp): readonly string[] {
  const lines = app.printRoutes({ commonPrefix: false }).split('\n')
  const path: string[] = []
  return lines.flatMap((line) => {
    const [, indent = '', part = '', methods = ''] = /^([│ ├└─]*)(\S+)(?: \((.*)\))?$/u.exec(line) ?? []
    if (part === '') return []
    const depth = indent.length / 4
    path.length = depth - 1
    path.push(part)
    return methods.split(', ').flatMap((method) => (method ? [`${method} ${path.join('')}`] : []))
  })
}

test('every route of the app is in the table, and every entry of the table is a route', async () => {
  await withApp(async (test) => {
    await test.app.ready()
    const routes = routesOf(test)
    expect(routes.length).toBeGreaterThan(40)
    const own = routes.filter((route) => !route.startsWith('HEAD '))
    expect([...own].sort()).toEqual([...AUTHORIZATION.keys()].sort())
  })
})

test('every listed resource has both routes', () => {
  for (const { resource, listed } of resources) {
    const keys = [`GET /v1/${resource}`, `GET /v1/${resource}/:id`]
    for (const key of keys) expect(AUTHORIZATION.has(key), key).toBe(listed === true)
  }
})

test('a route that is not in the table keeps the app from starting', async () => {
  await withApp(async ({ context }) => {
    const app = await createApp(context)
    expect(() => app.get('/v1/secrets', async () => '')).toThrow('GET /v1/secrets is not in the authorization table')
    await app.close()
  })
  expect(() => accessTo('POST', '/v1/users')).toThrow('POST /v1/users')
})

test('without a key every route but the public ones answers 401, whatever the method', async () => {
  await withApp(async ({ send }) => {
    for (const [route] of GUARDED) {
      const [method, url] = requestOf(route)
      for (const asked of method === 'GET' ? (['GET', 'HEAD'] as const) : [method]) {
        const answer = await send(asked, url)
        expect(answer.statusCode, `${asked} ${url}`).toBe(401)
        expect(answer.headers['www-authenticate']).toMatch(/^Bearer/)
      }
    }
  })
})

test.each(SCOPES)('with the scope %s alone exactly its routes open', async (scope) => {
  await withApp(async ({ send }) => {
    for (const [route, access] of GUARDED) {
      const { statusCode } = await send(...requestOf(route), { scopes: [scope] })
      expect(statusCode, route).toBeLessThan(500)
      if (!access.includes(scope)) expect(statusCode, route).toBe(403)
      else expect(isRefused(statusCode), `${route} ${statusCode}`).toBe(false)
    }
  })
})

test("with a session exactly people's routes open", async () => {
  await withApp(async ({ send, session }) => {
    for (const [route, access] of GUARDED) {
      const { statusCode } = await send(...requestOf(route), { session: await session() })
      if (!access.includes('person')) expect(statusCode, route).toBe(403)
      else expect(isRefused(statusCode) || statusCode >= 500, `${route} ${statusCode}`).toBe(false)
    }
  })
})

test('a session that is unknown, expired or ended, or whose user is gone, opens nothing', async () => {
  await withApp(async ({ send, session, clock, context }) => {
    const unknown = `gogga_session_${'A'.repeat(43)}`
    const [expired, ended, gone] = [await session('u1'), await session('u2'), await session('u4')]
    for (const token of [expired, ended, gone])
      expect((await send('GET', '/v1/me', { session: token })).statusCode).toBe(200)
    expect((await send('DELETE', '/v1/auth/session', { session: ended })).statusCode).toBe(204)
    await context.files.identity.client.user.delete({ where: { id: 'u4' } })
    for (const token of [unknown, ended, gone]) {
      for (const [route, access] of GUARDED) {
        const { statusCode } = await send(...requestOf(route), { session: token })
        expect(statusCode, `${route} ${access}`).toBe(401)
      }
    }
    clock.now = new Date(clock.now.getTime() + 30 * 86_400_000)
    expect((await send('GET', '/v1/me', { session: expired })).statusCode).toBe(401)
  })
})

test('a session comes as a key does, and no user id or prefix stands for one', async () => {
  await withApp(async ({ app, session }) => {
    const token = await session()
    const cases: readonly [Record<string, string>, number][] = [
      [{ authorization: `Bearer ${token}` }, 200],
      [{ 'x-api-key': token }, 200],
      [{ authorization: `Bearer ${token}0` }, 401],
      [{ authorization: `Bearer ${token.toUpperCase()}` }, 401],
      [{ authorization: 'Bearer gogga_session_' }, 401],
      [{ authorization: 'Bearer u1' }, 401],
      [{ 'x-gogga-actor': 'u1' }, 401],
    ]
    for (const [headers, status] of cases) {
      const { statusCode } = await app.inject({ url: '/v1/me', headers })
      expect(statusCode, Object.keys(headers).join()).toBe(status)
    }
  })
})

test('the policy, in words that a change must touch', () => {
  const of = (who: Who) => GUARDED.filter(([, access]) => access.includes(who)).map(([route]) => route)
  const lists = (who: Who) => of(who).filter((route) => !/^GET .*\/:id$/.test(route))
  expect(lists('frontend').sort()).toEqual(
    [
      ...[
        'credit-purchases',
        'payments',
        'recurring-schedules',
        'subscription-events',
        'subscriptions',
        'users',
        'vouchers',
      ].map((resource) => `GET /v1/${resource}`),
      'POST /v1/usage',
    ].sort(),
  )
  expect(of('person').sort()).toEqual([
    'DELETE /v1/auth/session',
    'GET /v1/changes/:id',
    'GET /v1/me',
    'GET /v1/me/subscription',
    'POST /v1/me/checkouts',
    'POST /v1/me/redemptions',
    'POST /v1/me/subscription/cancellation',
    'POST /v1/me/subscription/tier',
    'POST /v1/usage',
  ])
  expect(of('ops').sort()).toEqual([
    'GET /metrics',
    'GET /v1/changes/:id',
    'GET /v1/ops/backups',
    'GET /v1/ops/backups/promises',
    'GET /v1/ops/checks',
    'GET /v1/ops/drills',
    'GET /v1/ops/outbox',
    'GET /v1/stats/overview',
    'GET /v1/stats/subscriptions',
    'POST /v1/ops/checks',
    'POST /v1/ops/outbox/:id/drop',
    'POST /v1/ops/outbox/:id/retry',
  ])
  expect(of('pii:read')).toEqual([])
  const changing = (who: Who) => of(who).filter((route) => !route.startsWith('GET '))
  expect(changing('compliance').sort()).toEqual([
    'DELETE /v1/subjects/:id/restriction',
    'POST /v1/compliance/audits',
    'POST /v1/compliance/chain',
    'POST /v1/subjects/:id/corrections',
    'POST /v1/subjects/:id/erasure',
    'POST /v1/subjects/:id/restriction',
  ])
  expect(changing('admin').sort()).toEqual([
    'DELETE /v1/vouchers/:id',
    'POST /v1/ops/outbox/:id/drop',
    'POST /v1/ops/outbox/:id/retry',
    'POST /v1/user-lookups',
    'POST /v1/users/:id/credit-adjustments',
    'POST /v1/users/:id/roles',
    'POST /v1/users/:id/tier-overrides',
    'POST /v1/voucher-batches',
    'POST /v1/vouchers',
    'POST /v1/vouchers/:id/void',
  ])
  const open = [...AUTHORIZATION].filter(([, access]) => access === 'public').map(([route]) => route)
  expect(open.filter((route) => !route.startsWith('GET ')).sort()).toEqual([
    'POST /v1/auth/login-tokens',
    'POST /v1/auth/sessions',
    'POST /v1/payfast/notifications',
  ])
})

test.each([
  ['expand', '/v1/users?expand=adminLogs', 'admin-logs'],
  ['expand', '/v1/vouchers?expand=creator.adminLogs', 'admin-logs'],
  ['expand', '/v1/users/u1?expand=voucherLogs', 'voucher-logs'],
  ['filter[adminLogs.action]', '/v1/users?filter[adminLogs.action]=credit', 'admin-logs'],
  ['filter[logs.action]', '/v1/vouchers?filter[logs.action][ne]=created', 'voucher-logs'],
  ['filter', '/v1/users?filter[adminLogs.8001015009087]=x', 'admin-logs'],
  ['sort', '/v1/vouchers?sort=logs.action', 'voucher-logs'],
  ['sort', '/v1/vouchers?sort=-logs.action', 'voucher-logs'],
])('a frontend key reaches no resource of the administrators through %s: %s', async (at, url, resource) => {
  await withApp(async ({ get }) => {
    const answer = await get(url, ['frontend'])
    expect(answer.statusCode).toBe(403)
    expect(answer.json().errors).toEqual([{ at, message: `${resource} needs one of admin, compliance` }])
    expect((await get(url, ['compliance'])).statusCode).not.toBe(403)
  })
})

test('a route that no scope of the key opens names the scopes that would', async () => {
  await withApp(async ({ get }) => {
    const { errors } = (await get('/v1/admin-logs', ['frontend'])).json()
    expect(errors).toEqual([{ at: 'key', message: 'needs one of admin, compliance' }])
  })
})

test('a key comes as a bearer token or in X-Api-Key, and whatever else is 401', async () => {
  await withApp(async ({ app, key }) => {
    const valid = await key('frontend')
    const cases: Readonly<Record<string, [Record<string, string>, number]>> = {
      bearer: [{ authorization: `Bearer ${valid}` }, 200],
      'bearer in lower case': [{ authorization: `bearer ${valid}` }, 200],
      'X-Api-Key': [{ 'x-api-key': valid }, 200],
      'another scheme': [{ authorization: `Basic ${valid}` }, 401],
      'the key alone': [{ authorization: valid }, 401],
      'a wrong bearer beside a valid key': [{ authorization: 'Bearer x', 'x-api-key': valid }, 401],
      'one character more': [{ authorization: `Bearer ${valid}0` }, 401],
      'nothing behind the scheme': [{ authorization: 'Bearer ' }, 401],
      'an endless one': [{ 'x-api-key': 'gogga_'.repeat(1_000) }, 401],
    }
    for (const [name, [headers, status]] of Object.entries(cases)) {
      const { statusCode } = await app.inject({ url: '/v1/users?limit=1', headers })
      expect(statusCode, name).toBe(status)
    }
    expect((await app.inject({ url: `/v1/users?api_key=${valid}` })).statusCode).toBe(401)
  })
})

test('a revoked key is refused at the next request', async () => {
  await withApp(async ({ context, get, key }) => {
    expect((await get('/v1/users', ['frontend'])).statusCode).toBe(200)
    const [, id = ''] = (await key('frontend')).split('_')
    await revokeKey(context.files.identity.client, id, context)
    expect((await get('/v1/users', ['frontend'])).statusCode).toBe(401)
  })
})
