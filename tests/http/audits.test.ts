// Audits over HTTP: one at a time, in a process of its own, kept with their reports, and without a value of anybody.
import { generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { auditorOf } from '../../src/commands/served-work.ts'
import type { Auditor } from '../../src/compliance/audit/auditor.ts'
import type { Finding } from '../../src/compliance/audit/finding.ts'
import { readSigningKey, verifySignature } from '../../src/compliance/signing.ts'
import type { Context } from '../../src/context.ts'
import { plant } from '../ops/check/planting.ts'
import { NOW, PEOPLE, type TestApp, withApp } from './app.ts'

const URL = '/v1/compliance/audits'
const begin = ({ send }: TestApp) => send('POST', URL, { scopes: ['compliance'] })
const read = async ({ get }: TestApp, url = URL) => {
  const answer = await get(url, ['compliance'])
  expect(answer.statusCode, answer.body).toBe(200)
  return answer.json()
}

const codeOf = ({ code }: Finding): string => code

/** The app with an auditor, as a server has it. */
function withAudits(work: (app: TestApp, auditor: Auditor) => Promise<void>, env = {}): Promise<void> {
  let auditor: Auditor | undefined
  const served = (context: Context) => {
    auditor = auditorOf(context)
    return { auditor }
  }
  const prepare = (dir: string) => {
    const { privateKey } = generateKeyPairSync('ed25519')
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' })
    writeFileSync(join(dir, 'signing.pem'), pem, { mode: 0o600 })
  }
  return withApp((app) => work(app, auditor as Auditor), { served, prepare, env })
}

test('a request begins an audit, a second one joins it, and the report is kept, signed and read', () =>
  withAudits(
    async (app, auditor) => {
      expect(await read(app)).toEqual({ data: [], running: null, failedAt: null })
      const begun = await begin(app)
      expect(begun.statusCode, begun.body).toBe(202)
      const { id } = begun.json().data
      expect(begun.json().data).toEqual({ id, cause: 'http', since: NOW.toISOString() })
      expect(begun.headers.location).toBe(`${URL}/${id}`)
      expect((await begin(app)).json().data.id).toBe(id)
      expect((await read(app, `${URL}/${id}`)).data).toEqual({
        ...{ id, status: 'running', report: null, signature: null, keyId: null },
      })
      await auditor.run('http')
      const { data } = await read(app, `${URL}/${id}`)
      const key = readSigningKey(join(app.databases.dir, 'signing.pem'))
      expect(data).toMatchObject({ id, status: 'ended', keyId: key.id })
      expect(data.report).toMatchObject({ id, cause: 'http', startedAt: NOW.toISOString(), passed: false })
      // The people of these tests were put in past the application, which the chains tell; nothing else is wrong with them.
      const codes = data.report.findings.filter(({ severity }: Finding) => severity !== 'info').map(codeOf)
      expect(new Set(codes)).toEqual(new Set(['chain.row-inserted']))
      const signature = Buffer.from(data.signature, 'base64')
      expect(verifySignature(key.publicPem, Buffer.from(JSON.stringify(data.report)), signature)).toBe(true)
      const { counts } = data.report
      const { endedAt } = data.report
      const kept = { id, cause: 'http', startedAt: NOW.toISOString(), endedAt, passed: false, counts, keyId: key.id }
      expect(await read(app)).toEqual({ data: [kept], running: null, failedAt: null })
    },
    { GOGGA_SIGNING_KEY_FILE: 'signing.pem' },
  ))

test('what is wrong is told by place and number, and no value and no path of the machine', () =>
  withAudits(async (app, auditor) => {
    plant(app.databases, 'admin', `create table note (text text)`, `insert into note values ('${PEOPLE[0].email}')`)
    await begin(app)
    const { id } = auditor.running ?? {}
    await auditor.run('http')
    const answer = await app.get(`${URL}/${id}`, ['compliance'])
    const { passed, findings } = answer.json().data.report
    expect(passed).toBe(false)
    expect(findings).toContainEqual(
      expect.objectContaining({
        code: 'values.email',
        count: 1,
        place: { file: 'admin.db', table: 'note', column: 'text' },
      }),
    )
    for (const { email } of PEOPLE) expect(answer.body).not.toContain(email)
    expect(answer.body).not.toContain(app.databases.dir)
  }))

test('an audit that a server ends in the middle of is no error of anybody, and nothing is kept', () =>
  withAudits(
    async (app, auditor) => {
      await begin(app)
      await auditor[Symbol.asyncDispose]()
      expect(app.log).toEqual([])
      expect((await begin(app)).statusCode).toBe(503)
      expect((await read(app)).data).toEqual([])
    },
    { GOGGA_LOG_LEVEL: 'error' },
  ))

test('a server without an auditor shows what others did and begins none', () =>
  withApp(
    async (app) => {
      expect((await begin(app)).statusCode).toBe(503)
      expect((await read(app)).data).toEqual([])
      expect((await app.get(`${URL}/nothing`, ['compliance'])).statusCode).toBe(404)
    },
    { served: () => ({}) },
  ))

test('only a key with the scope compliance may look or begin', () =>
  withApp(async ({ get, send }) => {
    for (const scope of ['frontend', 'admin', 'ops'] as const) {
      expect((await get(URL, [scope])).statusCode).toBe(403)
      expect((await get(`${URL}/x`, [scope])).statusCode).toBe(403)
      expect((await send('POST', URL, { scopes: [scope] })).statusCode).toBe(403)
    }
  }))
