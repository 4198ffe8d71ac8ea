// What the checks found, over HTTP: with times and without places of the machine; and a turn that a request begins.
import { chmodSync } from 'node:fs'
import { expect, test } from 'vitest'
import { openWriter } from '../../src/database/connections.ts'
import { plant, T } from '../ops/check/planting.ts'
import { type TestApp, withApp } from './app.ts'

const look = async ({ get }: TestApp) => {
  const answer = await get('/v1/ops/checks', ['ops'])
  expect(answer.statusCode, answer.body).toBe(200)
  return answer.json()
}
const begin = ({ send }: TestApp) => send('POST', '/v1/ops/checks', { scopes: ['ops'] })

test('before the first turn it says that nothing was checked, rather than that nothing was found', () =>
  withApp(async (app) => {
    expect(await look(app)).toEqual({
      data: [],
      counts: null,
      turns: { often: null, whole: null },
      running: null,
      failedAt: null,
    })
  }))

test('a request begins a whole turn, requests go on meanwhile, and a second one follows the first', () =>
  withApp(async (app) => {
    const { context } = app
    const answer = await begin(app)
    expect(answer.statusCode, answer.body).toBe(202)
    expect(answer.headers.location).toBe('/v1/ops/checks')
    const running = { turn: 'whole', since: '2026-06-01T12:00:00.000Z' }
    expect(answer.json()).toEqual({ data: running })
    expect((await look(app)).running).toEqual(running)
    expect((await begin(app)).json()).toEqual({ data: running })
    await context.checker.run('whole')
    const found = await look(app)
    const turn = { at: running.since, tookMs: expect.any(Number), ageSeconds: 0 }
    expect(found).toMatchObject({ running: null, failedAt: null, turns: { often: turn, whole: turn } })
    app.clock.now = new Date(app.clock.now.getTime() + 90_000)
    expect((await look(app)).turns.whole.ageSeconds).toBe(90)
  }))

test('findings come worst first, counted, with the next step, and say where they are but not where the files lie', () =>
  withApp(async (app) => {
    const { context, databases } = app
    plant(
      databases,
      'billing',
      `insert into "Subscription" (id, userId, tier, status, createdAt, updatedAt)
         values ('s-x', 'nobody', 'FREE', 'active', '${T}', '${T}')`,
    )
    chmodSync(databases.paths.admin, 0o644)
    await context.checker.run('often')
    const { data, counts } = await look(app)
    expect(data[0]).toEqual({
      check: 'modes',
      severity: 'error',
      place: { file: 'admin', table: null, column: null },
      count: null,
      message: expect.stringContaining('0644'),
      next: 'Run "chmod 0600 admin.db".',
    })
    expect(data).toContainEqual({
      check: 'links',
      severity: 'warning',
      place: { file: 'billing', table: 'Subscription', column: 'userId' },
      count: 1,
      message: '1 of its rows name a row of identity.User that is not there (policy: delete)',
      next: expect.stringContaining('gogga check --repair'),
    })
    const severities = data.map(({ severity }: { severity: string }) => severity)
    expect(severities).toEqual([...severities].sort((one, other) => ORDER.indexOf(one) - ORDER.indexOf(other)))
    for (const severity of ORDER)
      expect(counts[severity]).toBe(severities.filter((word: string) => word === severity).length)
    expect(JSON.stringify(data)).not.toContain(databases.dir)
    expect(JSON.stringify(data)).not.toMatch(/"[^"]*(?<![\w.:])\/\w+\/[^"]*"/)
  }))

const ORDER = ['error', 'warning', 'notice']

test('a file that cannot be opened is a finding, and its name is all that is told of it', () =>
  withApp(async (app) => {
    const { context, databases } = app
    const writer = openWriter('billing', databases.paths.billing)
    writer.pragma('application_id = 7')
    writer.close()
    await context.checker.run('often')
    const { data } = await look(app)
    expect(data[0]).toMatchObject({ check: 'open', severity: 'error', place: { file: 'billing' } })
    expect(JSON.stringify(data)).not.toContain(databases.dir)
  }))

test('a turn that a server ends in the middle of is no error of anybody', () =>
  withApp(
    async (app) => {
      await begin(app)
      await app.context.checker[Symbol.asyncDispose]()
      expect(app.log).toEqual([])
      expect((await begin(app)).statusCode).toBe(503)
    },
    { env: { GOGGA_LOG_LEVEL: 'error' } },
  ))

test('only a key with the scope ops may look or begin', () =>
  withApp(async ({ get, send }) => {
    for (const scope of ['frontend', 'admin', 'compliance'] as const) {
      expect((await get('/v1/ops/checks', [scope])).statusCode).toBe(403)
      expect((await send('POST', '/v1/ops/checks', { scopes: [scope] })).statusCode).toBe(403)
    }
  }))
