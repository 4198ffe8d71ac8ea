import { expect, test } from 'vitest'
import { resources } from '../../src/database/catalog.ts'
import { openWriter } from '../../src/database/connections.ts'
import { accessSubjects } from '../../src/http/access-subjects.ts'
import { listAccesses } from '../../src/identity/access-log.ts'
import { PEOPLE, type TestApp, withApp } from './app.ts'

const CLEAR = ['admin', 'pii:read'] as const
const EMAILS = PEOPLE.map(({ email }) => email)

const accesses = ({ context }: TestApp) => listAccesses(context.files.identity.client, { limit: 100 })

test.each([
  '/v1/users',
  '/v1/users/u1',
  '/v1/auth-logs',
  '/v1/auth-logs/a1',
  '/v1/subscriptions?expand=user',
  '/v1/admin-logs?expand=admin,target,origin',
])('without pii:read %s shows no email and no address, and leaves no row', async (url) => {
  await withApp(async (test) => {
    const answer = await test.get(url, ['admin'])
    expect(answer.statusCode).toBe(200)
    for (const value of [...EMAILS, '196.25.1.7', '196.25.1.9']) expect(answer.body).not.toContain(value)
    expect(await accesses(test)).toEqual([])
  })
})

test('without pii:read free text of the door is masked whole, names in it included', async () => {
  await withApp(async (test) => {
    const data = { email: null, action: 'refused', meta: '{"name":"Thabo Mokoena"}' }
    await test.context.files.identity.client.authLog.create({ data: { ...data, id: 'a2' } })
    const masked = (await test.get('/v1/auth-logs?sort=id', ['admin'])).json().data
    expect(masked.map(({ meta }: { meta: unknown }) => meta)).toEqual([null, '***'])
    const clear = (await test.get('/v1/auth-logs?sort=id', CLEAR)).json().data
    expect(clear[1].meta).toBe(data.meta)
  })
})

test.each([
  ['a filter', '/v1/users?filter[email]=thabo@example.co.za'],
  ['a filter by prefix', '/v1/users?filter[email][startsWith]=t'],
  ['a filter through a link', '/v1/subscriptions?filter[user.email]=thabo@example.co.za'],
  ['a sort', '/v1/users?sort=email'],
  ['a sort through a link', '/v1/payments?sort=-user.email'],
  ['a filter by address', '/v1/auth-logs?filter[ip]=196.25.1.7'],
])('without pii:read %s by personal information is 403', async (_name, url) => {
  await withApp(async ({ get }) => {
    const answer = await get(url, ['admin'])
    expect(answer.statusCode).toBe(403)
    expect(answer.json().type).toBe('urn:gogga:problem:forbidden')
    expect(answer.body).not.toContain('thabo')
  })
})

test('with pii:read it is clear, and the reading is on record before the answer', async () => {
  await withApp(async (test) => {
    const answer = await test.get('/v1/users?expand=subscription&filter[email][contains]=thabo&sort=email', CLEAR)
    expect(answer.json().data[0].email).toBe('thabo@example.co.za')
    expect(answer.json().meta).toEqual({ orphans: 0 })
    const [row, ...others] = await accesses(test)
    expect(others).toEqual([])
    const [, keyId] = (await test.key(...CLEAR)).split('_')
    expect(row).toMatchObject({ apiKeyId: keyId, route: 'GET /v1/users', fields: ['users.email'], subjects: ['u1'] })
    expect(row?.requestId).toMatch(/^[0-9a-f]{12}-[0-9a-z]+$/)
    expect(JSON.stringify(row)).not.toContain('thabo')
  })
})

test.each([
  ['filter', '/v1/users?filter[email]=nobody@example.co.za'],
  ['filter through a link', '/v1/users?filter[subscription.user.email][contains]=nobody'],
  ['sort', '/v1/users?sort=-email&filter[id]=nobody'],
])('a search by personal information that finds nobody is a reading too: %s', async (_name, url) => {
  await withApp(async (test) => {
    await test.get(url, CLEAR)
    expect(await accesses(test)).toMatchObject([{ route: 'GET /v1/users', fields: ['users.email'], subjects: [] }])
  })
})

test('one row by id is recorded under its pattern', async () => {
  await withApp(async (test) => {
    await test.get('/v1/auth-logs/a1', CLEAR)
    const [row] = await accesses(test)
    expect(row?.route).toBe('GET /v1/auth-logs/:id')
    expect([...(row?.fields ?? [])].sort()).toEqual(['auth-logs.email', 'auth-logs.ip', 'auth-logs.meta'])
  })
})

test.each([
  ['an auth log', '/v1/auth-logs/a1', ['u1']],
  ['the address of an administrator', '/v1/admin-logs?expand=origin', ['u2']],
  ['both kinds of people', '/v1/admin-logs?expand=origin,target', ['u2', 'u1']],
  ['a contact', '/v1/contacts', ['k1']],
])('whose information %s showed is on record by subject id', async (_name, url, subjects) => {
  await withApp(async (test) => {
    expect((await test.get(url, CLEAR)).statusCode).toBe(200)
    const [row] = await accesses(test)
    expect([...(row?.subjects ?? [])].sort()).toEqual([...subjects].sort())
  })
})

test('an auth log of nobody is recorded by its own id', async () => {
  await withApp(async (test) => {
    await test.context.files.identity.client.authLog.create({
      data: { id: 'a2', email: 'x@y.example', action: 'refused' },
    })
    await test.get('/v1/auth-logs?sort=id', CLEAR)
    expect((await accesses(test))[0]?.subjects).toEqual(['u1', 'auth-logs:a2'])
  })
})

test('every resource with personal information is a person, or is known to lead to one', async () => {
  await withApp(async ({ context }) => {
    const subjectsOf = accessSubjects(context.files)
    const rows: Readonly<Record<string, string>> = { contacts: 'k1', 'auth-logs': 'a1', 'admin-log-origins': 'g1' }
    for (const { resource = '', columns } of resources) {
      if (resource === 'users' || !columns.some((column) => column.class === 'pii')) continue
      expect(subjectsOf([`${resource}:${rows[resource]}`]), resource).toEqual([expect.stringMatching(/^[a-z]\d$/)])
    }
  })
})

test('what shows no personal information leaves no row', async () => {
  await withApp(async (test) => {
    expect((await test.get('/v1/payments', CLEAR)).statusCode).toBe(200)
    expect((await test.get('/v1/users?filter[id]=nobody', CLEAR)).statusCode).toBe(200)
    expect((await test.get('/v1/payments?expand=user&filter[userId]=gone', CLEAR)).statusCode).toBe(200)
    expect((await test.get('/v1/users/nobody', CLEAR)).statusCode).toBe(404)
    expect((await test.get('/v1/users?limit=x', CLEAR)).statusCode).toBe(400)
    expect(await accesses(test)).toEqual([])
  })
})

test('where the reading cannot be recorded nothing is answered', async () => {
  await withApp(async (test) => {
    await test.key(...CLEAR)
    const other = openWriter('identity', test.databases.paths.identity)
    other.exec('begin immediate')
    const answer = await test.get('/v1/users', CLEAR)
    other.exec('rollback')
    other.close()
    expect(answer.statusCode).toBe(503)
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
    expect(answer.body).not.toContain('@example')
    expect(answer.body).not.toContain(test.databases.dir)
    expect((await test.get('/v1/users', CLEAR)).statusCode).toBe(200)
  })
})
