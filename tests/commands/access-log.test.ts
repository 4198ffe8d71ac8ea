import { expect, test } from 'vitest'
import { openWriter } from '../../src/database/connections.ts'
import { timeText } from '../../src/database/row-codec.ts'
import { type Databases, withDatabases } from '../helpers/databases.ts'
import { gogga } from './gogga-child.ts'

function addReadings({ paths }: Databases): void {
  const writer = openWriter('identity', paths.identity)
  const user = writer.prepare(
    `insert into "User" (id, email, updatedAt) values (?, ?, '2026-10-01T00:00:00.000+00:00')`,
  )
  user.run('u2', 'two@mail.example')
  user.run('u4', 'four@mail.example')
  writer.exec(`insert into "ApiKey" (id, name, hash, scopes) values ('k1', 'shop', 'x', 'admin')`)
  const insert = writer.prepare(
    `insert into "AccessLog" (id, apiKeyId, route, fields, subjects, requestId, purpose, createdAt)
     values (?, 'k1', 'GET /v1/users', 'users.email', ?, 'r', 'support', ?)`,
  )
  insert.run('a1', '["u1"]', timeText(new Date('2026-10-31T23:59:00Z')))
  insert.run('a2', '["u1","u2","u3"]', timeText(new Date('2026-11-01T00:00:00Z')))
  writer.close()
}

async function told({ dir }: Databases, ...args: readonly string[]): Promise<string> {
  const { code, out, err } = await gogga(dir, 'access-log', ...args)
  expect({ code, err }).toEqual({ code: 0, err: '' })
  return out
}

test('readings are told newest first, of one person and of a time', () =>
  withDatabases(async (databases) => {
    addReadings(databases)
    expect((await told(databases)).trim().split('\n')).toEqual([
      '2026-11-01T00:00:00.000Z  k1 (shop)  support  GET /v1/users  users.email  of u1 and 2 more',
      '2026-10-31T23:59:00.000Z  k1 (shop)  support  GET /v1/users  users.email  of u1',
    ])
    const ofOne = JSON.parse(await told(databases, '--subject', 'u2', '--json'))
    expect(ofOne).toMatchObject({ data: [{ id: 'a2' }], more: false })
    expect(JSON.parse(await told(databases, '--to', '2026-11-01', '--json')).data).toMatchObject([{ id: 'a1' }])
    const [, more = ''] = /There are more: .*--after (\S+)/.exec(await told(databases, '--limit', '1')) ?? []
    expect(JSON.parse(await told(databases, '--after', more, '--json'))).toMatchObject({
      data: [{ id: 'a1' }],
      next: null,
    })
  }))

test('a person is found by email as everywhere; nobody is an error, not an answer', () =>
  withDatabases(async (databases) => {
    addReadings(databases)
    expect(JSON.parse(await told(databases, '--subject', 'Two@mail.example', '--json')).data).toMatchObject([
      { id: 'a2' },
    ])
    expect(await told(databases, '--subject', 'u4')).toBe('Nobody read anything of that.\n')
    for (const nobody of ['u9', 'nobody@mail.example']) {
      const { code, out, err } = await gogga(databases.dir, 'access-log', '--subject', nobody)
      expect({ code, out }).toEqual({ code: 1, out: '' })
      expect(err).toMatch(/^gogga: No person has/)
      expect(err).not.toContain('nobody@')
    }
  }))

test('a summary counts by month, key and purpose', () =>
  withDatabases(async (databases) => {
    addReadings(databases)
    const november = await told(databases, '--summary', '--from', '2026-11-01')
    expect(november).toBe('2026-11  k1 (shop)  support  1 readings  3 people, 3 at most\n')
    expect(JSON.parse(await told(databases, '--summary', '--json'))).toHaveLength(2)
  }))

test.each([
  ['--from', 'yesterday'],
  ['--to', '2026-13-01'],
  ['--purpose', 'curiosity'],
  ['--limit', '0'],
  ['--summary', '--subject', 'u1'],
])('%s %s is wrong use', (...args) =>
  withDatabases(async ({ dir }) => {
    const { code, err } = await gogga(dir, 'access-log', ...args)
    expect(code).toBe(2)
    expect(err).toMatch(/^gogga: /)
  }),
)

test('the register is listed, in words and as JSON', () =>
  withDatabases(async ({ dir }) => {
    const words = await gogga(dir, 'purposes')
    expect(words.code).toBe(0)
    expect(words.out).toMatch(/^support\n {2}Helping/)
    expect(words.out).toContain('POPIA section 11(1)(f)')
    const register = JSON.parse((await gogga(dir, 'purposes', '--json')).out) as { id: string }[]
    expect(register.map(({ id }) => id)).toContain('erasure-request')
  }))

test('a key that reads in clear needs a purpose; the list tells which it has', () =>
  withDatabases(async ({ dir, paths }) => {
    const create = ['keys', 'create', '--scope', 'admin', '--scope', 'pii:read']
    const refused = await gogga(dir, ...create)
    expect(refused.code).toBe(2)
    expect(refused.err).toContain('needs at least one purpose')
    expect(refused.err).toContain('fraud-prevention')
    expect((await gogga(dir, ...create, '--purpose', 'curiosity')).err).toContain('Unknown purpose curiosity')
    const made = await gogga(dir, ...create, '--purpose', 'support,fraud-prevention', '--json')
    expect(JSON.parse(made.out).purposes).toEqual(['support', 'fraud-prevention'])
    expect((await gogga(dir, 'keys', 'list')).out).toContain('admin pii:read for support, fraud-prevention')
    const writer = openWriter('identity', paths.identity)
    writer.exec(`update "ApiKey" set purposes = ''`)
    writer.close()
    expect((await gogga(dir, 'keys', 'list')).out).toContain('for no purpose, so for nothing: make a new one')
  }))
