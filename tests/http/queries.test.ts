// Whatever stands in a URL is answered below 500, and every refusal is a problem document that repeats no value.
import fc from 'fast-check'
import type { LightMyRequestResponse } from 'fastify'
import { expect, test } from 'vitest'
import { ProblemSchema } from '../../src/http/schemas/problem.ts'
import { sharedApp } from './app.ts'

const shared = sharedApp()

function expectProblem(answer: LightMyRequestResponse, status: number, name: string): void {
  expect(answer.statusCode, name).toBe(status)
  expect(answer.headers['content-type'], name).toBe('application/problem+json; charset=utf-8')
  const body = answer.json()
  expect(ProblemSchema.safeParse(body).error, name).toBeUndefined()
  expect(body.status, name).toBe(status)
  expect(body.instance, name).not.toContain('?')
}

const LIMIT = ['limit', 'expected a whole number from 1 to 200']

/** Query, status, and what the answer must name. */
const REFUSED: Readonly<Record<string, readonly [query: string, status: number, named: readonly string[]]>> = {
  'an unknown parameter': ['page=2', 400, ['page', 'limit, after, sort, expand, filter, meta']],
  'an unknown field': ['filter[emial]=x', 400, ['emial', 'isServiceAdmin']],
  'an unknown operator': ['filter[id][like]=x', 400, ['like', 'startsWith']],
  'an unknown field to sort by': ['sort=emial', 400, ['emial', 'isServiceAdmin']],
  'an unknown link': ['expand=subscriptions', 400, ['subscriptions', 'subscription, creditPurchases']],
  'an unknown link behind a link': ['expand=subscription.usr', 400, ['usr', 'events']],
  'a filter through an unknown link': ['filter[subscriptoin.tier]=x', 400, ['subscriptoin', 'subscription']],
  'a secret': ['filter[subscription.payfastToken]=x', 400, ['payfastToken']],
  'a secret to sort by': ['sort=subscription.payfastToken', 400, ['payfastToken']],
  'a bad cursor': ['after=AAAA', 400, ['after']],
  'a cursor of nonsense': ['after=%F0%9F%98%80', 400, ['after']],
  'an empty cursor': ['after=', 400, ['after', 'expected the page.next']],
  'a limit of 0': ['limit=0', 400, LIMIT],
  'a limit of 201': ['limit=201', 400, LIMIT],
  'a limit that is no number': ['limit=ten', 400, LIMIT],
  'a limit with an exponent': ['limit=1e2', 400, LIMIT],
  'a limit with a space': ['limit=+1', 400, LIMIT],
  'an empty limit': ['limit=', 400, LIMIT],
  'a huge limit': [`limit=1${'0'.repeat(400)}`, 400, ['limit']],
  'a limit in parts': ['limit=1.5', 400, ['limit']],
  'a limit below zero': ['limit=-1', 400, ['limit']],
  'an unknown meta': ['meta=all', 400, ['meta', 'expected the word sources']],
  'a parameter twice': ['limit=1&limit=2', 400, ['limit']],
  'a filter twice': ['filter[id]=a&filter[id]=b', 400, ['filter[id]']],
  'a filter without a field': ['filter=x', 400, ['filter']],
  'a filter with an empty field': ['filter[]=x', 400, ['filter']],
  'a filter with an empty operator': ['filter[id][]=x', 400, ['filter']],
  'deep brackets': ['filter[a][b][c][d]=x', 400, ['filter']],
  'very deep brackets': [`filter${'[a]'.repeat(500)}=x`, 400, ['filter']],
  'brackets that never close': [`filter${'['.repeat(2_000)}=x`, 400, ['filter']],
  'a list in brackets': ['sort[]=id', 400, ['sort']],
  __proto__: ['__proto__=x', 400, ['__proto__']],
  '__proto__ in a filter': ['filter[__proto__]=x', 400, ['isServiceAdmin']],
  '__proto__ as an operator': ['filter[id][__proto__]=x', 400, ['startsWith']],
  'a constructor': ['filter[constructor][prototype]=x', 400, ['constructor']],
  'a constructor as a link': ['expand=constructor', 400, ['constructor']],
  'toString to sort by': ['sort=toString', 400, ['toString']],
  'a field of a prototype behind a link': ['filter[subscription.constructor]=x', 400, ['constructor']],
  'a lone percent sign': ['filter[id]=%', 400, ['percent-encoded']],
  'bytes that are no UTF-8': ['filter[id]=%C3%28', 400, ['percent-encoded']],
  'an overlong UTF-8': ['filter[id]=%C0%80', 400, ['percent-encoded']],
  'a surrogate in UTF-8': ['filter[id]=%ED%A0%80', 400, ['percent-encoded']],
  'a long query': [`filter[id]=${'x'.repeat(9_000)}`, 400, ['8192']],
  'many parameters': [Array.from({ length: 100 }, (_, i) => `a${i}=1`).join('&'), 400, ['100', '64']],
  'many names': [`expand=${'payments,'.repeat(100)}`, 400, ['expand']],
  'a path of links too deep': ['expand=subscription.user.subscription.user.subscription', 400, ['expand']],
  'a boolean that is none': ['filter[isAdmin]=maybe', 400, ['isAdmin']],
  'a time that is none': ['filter[createdAt][gt]=yesterday', 400, ['createdAt']],
  'a number that is none': ['filter[subscription.credits][gt]=many', 400, ['subscription.credits']],
  'SQL as a field': ['filter[id%22;drop%20table%20%22User%22;--]=x', 400, ['isServiceAdmin']],
  'SQL to sort by': ['sort=id;drop%20table%20User', 400, ['isServiceAdmin']],
}

test.each(Object.entries(REFUSED))('%s is refused by name', async (name, [query, status, named]) => {
  const { get } = shared()
  const answer = await get(`/v1/users?${query}`, ['admin'])
  expectProblem(answer, status, name)
  const text = JSON.stringify(answer.json())
  for (const word of named) expect(text, name).toContain(word)
})

/** Values and spellings that look bad and are fine: they find nobody, or everybody. */
const FINE: Readonly<Record<string, readonly [query: string, rows: number]>> = {
  'an empty query': ['', 5],
  'only separators': ['&&&', 5],
  'SQL as a value': ["filter[id]=' or 1=1 --", 0],
  'a NUL in a value': ['filter[id]=u1%00', 0],
  'Unicode in a value': ['filter[id]=%F0%9F%98%80%CC%81', 0],
  'a wildcard of LIKE': ['filter[id][contains]=%25', 0],
  'a wildcard of GLOB': ['filter[id][startsWith]=*', 0],
  'an empty value': ['filter[id]=', 0],
  'an empty list': ['filter[id][in]=', 0],
  'a list of one hundred': [`filter[id][in]=${Array.from({ length: 100 }, (_, i) => `u${i}`).join(',')}`, 5],
  'a time as it stands in an answer': ['filter[createdAt][lte]=2026-01-02T00:00:00.000+00:00', 2],
  'a list of such times': ['filter[createdAt][in]=2026-01-02T02:00:00.000+02:00,2026-01-03T00:00:00+00:00', 2],
  'such a time of a linked row': ['filter[subscription.createdAt][gt]=2026-01-02T00:00:00.000 00:00', 3],
  'plus for a space': ['filter[id]=u+1', 0],
  'an equals sign in a value': ['filter[id]=u1=u1', 0],
  'a question mark in a value': ['filter[id]=u1?', 0],
  'empty sort and expand': ['sort=&expand=', 5],
  'a long value': [`filter[id]=${'x'.repeat(8_000)}`, 0],
}

test.each(Object.entries(FINE))('%s is answered', async (_name, [query, rows]) => {
  const { get } = shared()
  const answer = await get(`/v1/users?${query}`)
  expect(answer.statusCode, answer.body).toBe(200)
  expect(answer.json().data).toHaveLength(rows)
})

test.each([
  '8001015009087=1',
  'id8001015009087=1',
  'filter[8001015009087][a][b]=1',
  'filter[8001015009087]=1',
  'filter[8001015009087.id]=1',
  'filter[8001015009087]=1&filter[8001015009087]=2',
  'sort=8001015009087.id',
  'expand=8001015009087',
  'expand=subscription.u8001015009087',
])('a refusal repeats no number that stands for a name: %s', async (query) => {
  const answer = await shared().get(`/v1/users?${query}`)
  expect(answer.statusCode).toBe(400)
  expect(answer.body).not.toContain('8001015')
})

test('only where a time is compared does a space stand for a plus', async () => {
  const { context, get } = shared()
  const id = '2026-01-02T00:00:00.000 00:00'
  await context.files.admin.client.adminLog.create({ data: { id, adminId: 'u2', action: 'credit' } })
  const answer = await get(`/v1/admin-logs?filter[id]=${encodeURIComponent(id)}`)
  expect(answer.json().data).toHaveLength(1)
})

test('a refusal repeats no value of the query', async () => {
  const { get, log } = shared()
  const queries = [
    'limit=thabo@example.co.za',
    'after=thabo@example.co.za',
    'filter[createdAt]=thabo@example.co.za',
    'filter[isAdmin]=thabo@example.co.za',
    'filter[subscription.credits][gt]=thabo@example.co.za',
    'filter[email]=thabo@example.co.za',
    'limit=1&limit=thabo@example.co.za',
    'meta=thabo@example.co.za',
    'thabo@example.co.za=1',
    'filter[thabo@example.co.za]=1',
    'filter[thabo@example.co.za][a][b]=1',
    'sort=thabo@example.co.za',
    'expand=thabo@example.co.za',
  ]
  for (const query of queries) {
    const answer = await get(`/v1/users?${query}`)
    expect(answer.statusCode, query).toBeGreaterThanOrEqual(400)
    expect(answer.body, query).not.toContain('thabo')
  }
  expect(log.join('')).not.toContain('thabo')
})

/** Path and status. */
const PATHS: Readonly<Record<string, readonly [path: string, status: number]>> = {
  'nothing there': ['/nowhere', 404],
  'an unknown resource': ['/v1/people', 404],
  'a model without routes': ['/v1/admin-log-origins', 404],
  'a trailing slash': ['/v1/users/', 404],
  'two slashes': ['//v1/users', 404],
  'encoded dots': ['/v1/users/..%2F..%2Fetc%2Fpasswd', 404],
  'a broken percent sign': ['/v1/users/%', 400],
  'bytes that are no UTF-8': ['/v1/users/%C3%28', 400],
  'a NUL': ['/v1/users/u1%00', 404],
  'an id of Unicode': ['/v1/users/%F0%9F%98%80', 404],
  'an id of SQL': ["/v1/users/'%20or%201=1", 404],
  'a long id': [`/v1/users/${'x'.repeat(499)}`, 404],
  'an endless id': [`/v1/users/${'x'.repeat(5_000)}`, 414],
  __proto__: ['/v1/users/__proto__', 404],
  '__proto__ as a resource': ['/v1/__proto__', 404],
  'a list parameter on one row': ['/v1/users/u1?limit=1', 400],
  capitals: ['/V1/USERS', 404],
}

test.each(Object.entries(PATHS))('a path with %s is a problem document', async (name, [path, status]) => {
  expectProblem(await shared().get(path), status, name)
})

test.each(['POST', 'PUT', 'PATCH', 'DELETE'] as const)(
  '%s where only GET is known is 405, body unread',
  async (method) => {
    const { app } = shared()
    const answer = await app.inject({
      method,
      url: '/v1/users?x=1',
      payload: '{"a":',
      headers: { 'content-type': 'text/xml' },
    })
    expectProblem(answer, 405, method)
    expect(answer.headers.allow).toBe('GET, HEAD')
    expectProblem(await app.inject({ method, url: '/nowhere' }), 404, method)
  },
)

test('no query and no path makes the server fail', async () => {
  const { app, key, log } = shared()
  const headers = { authorization: `Bearer ${await key('admin', 'pii:read')}` }
  const word = fc.oneof(
    fc.constantFrom('filter', 'sort', 'expand', 'limit', 'after', 'meta', '[', ']', '[]', '=', '&', ',', '.', '-', '%'),
    fc.constantFrom(
      'id',
      'email',
      'subscription',
      'tier',
      'eq',
      'in',
      'isNull',
      'contains',
      'true',
      'user',
      '__proto__',
    ),
    fc.string({ unit: 'binary', maxLength: 8 }).map((text) => encodeURIComponent(text.toWellFormed())),
    fc.string({ maxLength: 5 }).map((text) => text.replaceAll(/[^\x21-\x7e]|#/g, '')),
  )
  const text = fc.array(word, { maxLength: 12 }).map((words) => words.join(''))
  const property = fc.asyncProperty(
    fc.constantFrom('/v1/users', '/v1/vouchers', '/v1/users/u1'),
    text,
    async (path, query) => {
      const answer = await app.inject({ url: `${path}?${query}`, headers })
      expect(answer.statusCode, answer.body).toBeLessThan(500)
    },
  )
  await fc.assert(property, { seed: 20_261_122, numRuns: 500 })
  expect(log.filter((line) => line.includes('"level":50'))).toEqual([])
})
