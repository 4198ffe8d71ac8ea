// Whoever may read personal information in clear says what for, out of the purposes of the key; the access log keeps it.
import { expect, test } from 'vitest'
import { listAccesses } from '../../src/identity/access-log.ts'
import { createKey, type Scope } from '../../src/identity/api-keys.ts'
import type { PurposeId } from '../../src/identity/purposes.ts'
import { type TestApp, withApp } from './app.ts'

const CLEAR: readonly Scope[] = ['admin', 'pii:read']

async function keyFor({ context }: TestApp, purposes: readonly PurposeId[], scopes = CLEAR): Promise<string> {
  const { key } = await createKey(context.files.identity.client, { name: 'test', scopes, purposes }, context)
  return key
}

const ask = ({ app }: TestApp, url: string, key: string, purpose?: string) =>
  app.inject({ url, headers: { 'x-api-key': key, ...(purpose !== undefined && { 'x-gogga-purpose': purpose }) } })

const purposesLogged = async ({ context }: TestApp) =>
  (await listAccesses(context.files.identity.client, { limit: 100 })).map(({ purpose }) => purpose)

const EMAIL = 'thabo@example.co.za'

test('the only purpose of a key need not be named, and is on record', async () => {
  await withApp(async (test) => {
    const key = await keyFor(test, ['billing-administration'])
    expect((await ask(test, '/v1/users/u1', key)).json().data.email).toBe(EMAIL)
    expect((await ask(test, '/v1/users/u1', key, 'billing-administration')).json().data.email).toBe(EMAIL)
    expect(await purposesLogged(test)).toEqual(['billing-administration', 'billing-administration'])
  })
})

test('of several purposes the request names one, and that one is on record', async () => {
  await withApp(async (test) => {
    const key = await keyFor(test, ['support', 'fraud-prevention'])
    const without = await ask(test, '/v1/users/u1', key)
    expect(without.statusCode).toBe(403)
    expect(without.json().errors).toEqual([
      { at: 'x-gogga-purpose', message: 'expected one of support, fraud-prevention' },
    ])
    expect(await purposesLogged(test)).toEqual([])
    expect((await ask(test, '/v1/users/u1', key, 'fraud-prevention')).json().data.email).toBe(EMAIL)
    expect(await purposesLogged(test)).toEqual(['fraud-prevention'])
  })
})

test.each([
  ['one of the register', 'legal-obligation'],
  ['none of the register', 'curiosity'],
  ['an empty one', ''],
  ['two at once', 'support, fraud-prevention'],
  ['what every object has', 'toString'],
  ['somebody', EMAIL],
])('a purpose that the key does not have is 403 and never repeated: %s', async (_name, purpose) => {
  await withApp(async (test) => {
    for (const purposes of [['support'], ['support', 'fraud-prevention']] as const) {
      const answer = await ask(test, '/v1/users/u1', await keyFor(test, purposes), purpose)
      expect(answer.statusCode).toBe(403)
      expect(answer.body).not.toContain(EMAIL)
      expect(answer.body).not.toContain('toString')
    }
    expect(await purposesLogged(test)).toEqual([])
  })
})

const SHOWING = [
  '/v1/users',
  '/v1/users/u1',
  '/v1/contacts',
  '/v1/auth-logs/a1',
  '/v1/subscriptions?expand=user',
  '/v1/vouchers?expand=creator.adminLogs.origin',
  '/v1/admin-logs/g1?expand=origin',
  `/v1/subscriptions?filter[user.email]=${EMAIL}`,
  '/v1/payments?sort=-user.email',
]

test.each(SHOWING)('a key from before there were purposes gets nothing of %s, and is told what to do', async (url) => {
  await withApp(async (test) => {
    const key = await keyFor(test, ['fraud-prevention'])
    await test.context.files.identity.client.apiKey.updateMany({ data: { purposes: '' } })
    for (const purpose of [undefined, 'support']) {
      const answer = await ask(test, url, key, purpose)
      expect(answer.statusCode).toBe(403)
      expect(answer.json().detail).toContain('--purpose support')
      expect(answer.body).not.toContain(EMAIL)
    }
    expect(await purposesLogged(test)).toEqual([])
  })
})

test('what shows nobody needs no purpose, and is no reading', async () => {
  await withApp(async (test) => {
    const key = await keyFor(test, ['support', 'fraud-prevention'])
    for (const url of ['/v1/subscriptions?filter[user.isAdmin]=false&sort=-user.createdAt', '/v1/vouchers?expand=logs'])
      expect((await ask(test, url, key)).statusCode, url).toBe(200)
    expect(await purposesLogged(test)).toEqual([])
  })
})

test('a purpose opens what it covers, and nothing else: not shown, not sorted by, not filtered by', async () => {
  await withApp(async (test) => {
    const key = await keyFor(test, ['support', 'fraud-prevention'])
    for (const url of ['/v1/users/u1', `/v1/payments?sort=-user.email&expand=user`])
      expect((await ask(test, url, key, 'support')).statusCode, url).toBe(200)
    const logged = await purposesLogged(test)
    for (const url of ['/v1/auth-logs', '/v1/auth-logs/a1', '/v1/admin-logs/g1?expand=origin']) {
      const answer = await ask(test, url, key, 'support')
      expect(answer.statusCode, url).toBe(403)
      expect(answer.body).not.toMatch(/196\.25|thabo@/)
      const [error] = answer.json().errors
      expect(error.at).toMatch(/\.ip$/)
      expect(error.message).toMatch(/fraud-prevention/)
      expect(error.message).not.toContain('support')
      expect((await ask(test, url, key, 'fraud-prevention')).statusCode, url).toBe(200)
    }
    const { errors, detail } = (await ask(test, '/v1/auth-logs', key, 'support')).json()
    expect(errors.map(({ at }: { at: string }) => at)).toEqual(['auth-logs.ip', 'auth-logs.meta'])
    expect(detail).toContain('covered by fraud-prevention')
    const filtered = await ask(test, '/v1/admin-logs?filter[origin.ip]=196.25.1.9', key, 'support')
    expect(filtered.statusCode).toBe(403)
    expect((await purposesLogged(test)).filter((purpose) => purpose === 'support')).toEqual(logged)
  })
})

test('the administrator for whom a service asks is on record; anybody else is refused', async () => {
  await withApp(async (test) => {
    const { client } = test.context.files.identity
    await client.user.update({ where: { id: 'u2' }, data: { isAdmin: true } })
    const headers = { 'x-api-key': await keyFor(test, ['support']) }
    const by = (actor: string) =>
      test.app.inject({ url: '/v1/users/u1', headers: { ...headers, 'x-gogga-actor': actor } })
    for (const actor of ['u1', 'nobody', EMAIL, '']) {
      const refused = await by(actor)
      expect(refused.statusCode, actor).toBe(403)
      expect(refused.body).not.toContain(EMAIL)
    }
    expect((await by('u2')).statusCode).toBe(200)
    expect((await listAccesses(client, { limit: 10 })).map(({ actorId }) => actorId)).toEqual(['u2'])
  })
})

test('without pii:read a purpose opens nothing', async () => {
  await withApp(async (test) => {
    const key = await keyFor(test, ['support'])
    await test.context.files.identity.client.apiKey.updateMany({ data: { scopes: 'admin' } })
    const answer = await ask(test, '/v1/users/u1', key, 'support')
    expect(answer.statusCode).toBe(200)
    expect(answer.body).not.toContain(EMAIL)
    expect((await ask(test, '/v1/users?sort=email', key, 'support')).statusCode).toBe(403)
  })
})

test('the document names the header and every purpose, on routes that may show somebody', async () => {
  await withApp(async ({ app }) => {
    const { paths } = (await app.inject('/openapi.json')).json()
    const parameters = paths['/v1/users'].get.parameters as { name: string; in: string; description: string }[]
    const header = parameters.find(({ name }) => name === 'X-Gogga-Purpose')
    expect(header).toMatchObject({ in: 'header', required: false })
    expect(header?.description).toContain('`fraud-prevention`')
  })
})
