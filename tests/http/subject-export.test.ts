import { expect, it } from 'vitest'
import { createKey, type Scope } from '../../src/identity/api-keys.ts'
import type { PurposeId } from '../../src/identity/purposes.ts'
import { type TestApp, withApp } from './app.ts'

const keyOf = async ({ context }: TestApp, scopes: readonly Scope[], purposes: readonly PurposeId[]) =>
  (await createKey(context.files.identity.client, { name: 'officer', scopes, purposes }, context)).key

it('exports a person to whoever answers them, and puts it on record', () =>
  withApp(async (test) => {
    const key = await keyOf(test, ['compliance', 'pii:read'], ['access-request', 'support'])
    const headers = { authorization: `Bearer ${key}`, 'x-gogga-purpose': 'access-request' }
    const answer = await test.app.inject({ url: '/v1/subjects/u1/export', headers })
    expect(answer.statusCode, answer.body).toBe(200)
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'content-disposition': 'attachment; filename="subject-export.json"',
      'cache-control': 'no-store',
    })
    expect(answer.json()).toMatchObject({ format: 'gogga-access/1', subject: { ids: ['u1'], kind: 'user' } })
    const [row, ...more] = test.context.files.identity.rows.list('AccessLog', {})
    expect(more).toEqual([])
    expect(row).toMatchObject({ route: 'GET /v1/subjects/:id/export', subjects: '["u1"]', purpose: 'access-request' })
    const other = await test.app.inject({
      url: '/v1/subjects/u1/export',
      headers: { ...headers, 'x-gogga-purpose': 'support' },
    })
    expect(other.statusCode).toBe(403)
    const nobody = await test.app.inject({ url: '/v1/subjects/nobody/export', headers })
    expect(nobody.statusCode).toBe(404)
  }))

it.each([
  ['without pii:read', ['compliance'], [], 403],
  ['without compliance', ['admin', 'pii:read'], ['access-request'], 403],
] as const)('refuses a key %s', (_name, scopes, purposes, status) =>
  withApp(async (test) => {
    const key = await keyOf(test, scopes, purposes)
    const answer = await test.app.inject({ url: '/v1/subjects/u1/export', headers: { authorization: `Bearer ${key}` } })
    expect(answer.statusCode).toBe(status)
    expect(test.context.files.identity.rows.list('AccessLog', {})).toEqual([])
  }),
)
