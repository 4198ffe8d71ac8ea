import { expect, test } from 'vitest'
import { resources } from '../../src/database/catalog.ts'
import { createApp } from '../../src/http/app.ts'
import { type Access, AUTHORIZATION, accessTo } from '../../src/http/authorization.ts'
import { revokeKey, SCOPES, type Scope } from '../../src/identity/api-keys.ts'
import { type TestApp, withApp } from './app.ts'

const WITH_KEY = [...AUTHORIZATION].filter((entry): entry is [string, readonly Scope[]] => entry[1] !== 'public')
const urlOf = (route: string) => route.replace(/^GET /, '').replace(':id', 'x')

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
    const gets = routes.filter((route) => !route.startsWith('HEAD '))
    expect([...gets].sort()).toEqual([...AUTHORIZATION.keys()].sort())
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

test('without a key every route but the public ones answers 401, for GET and HEAD', async () => {
  await withApp(async ({ app }) => {
    for (const [route] of WITH_KEY) {
      for (const method of ['GET', 'HEAD'] as const) {
        const answer = await app.inject({ method, url: urlOf(route) })
        expect(answer.statusCode, `${method} ${route}`).toBe(401)
        expect(answer.headers['www-authenticate']).toMatch(/^Bearer/)
      }
    }
  })
})

const opens = (access: Access, scope: Scope) => access !== 'public' && access.includes(scope)

test.each(SCOPES)('with the scope %s alone exactly its routes open', async (scope) => {
  await withApp(async ({ get }) => {
    for (const [route, access] of WITH_KEY) {
      const { statusCode } = await get(urlOf(route), [scope])
      if (opens(access, scope)) expect([200, 404], route).toContain(statusCode)
      else expect(statusCode, route).toBe(403)
    }
  })
})

test('the policy, in words that a change must touch', () => {
  const of = (scope: Scope) => WITH_KEY.filter(([, access]) => access.includes(scope)).map(([route]) => route)
  const lists = (scope: Scope) => of(scope).filter((route) => !route.endsWith('/:id'))
  expect(lists('frontend').sort()).toEqual(
    [
      'credit-purchases',
      'payments',
      'recurring-schedules',
      'subscription-events',
      'subscriptions',
      'users',
      'vouchers',
    ].map((resource) => `GET /v1/${resource}`),
  )
  expect(of('ops').sort()).toEqual(['GET /v1/stats/overview', 'GET /v1/stats/subscriptions'])
  expect(of('pii:read')).toEqual([])
  expect(of('admin')).toHaveLength(WITH_KEY.length)
  expect(of('compliance')).toHaveLength(WITH_KEY.length)
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
