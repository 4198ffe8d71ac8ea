import { once } from 'node:events'
import { renameSync } from 'node:fs'
import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { createContext } from '../../src/context.ts'
import { DOMAINS } from '../../src/database/domains.ts'
import { createApp } from '../../src/http/app.ts'
import { serve } from '../../src/main.ts'
import { listenForMetrics } from '../../src/ops/metrics/listener.ts'
import type { FigureSources } from '../../src/ops/metrics/sources.ts'
import { withDatabases } from '../helpers/databases.ts'
import { configOf, lock, newKey, type TestApp, withApp } from './app.ts'

interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** Prometheus' text format, line by line; throws at a line that is none. */
function parse(text: string): readonly Sample[] {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('# '))
  return lines.map((line) => {
    const [, name = '', inner = '', value = ''] = /^([a-z_]+)(?:\{(.*)\})? ([-+.\dE e]+|\+Inf|NaN)$/.exec(line) ?? []
    if (name === '') throw new Error(`No sample: ${line}`)
    const labels = Object.fromEntries(
      [...inner.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key, word]) => [key, word]),
    )
    return { name, labels, value: Number(value) }
  })
}

async function read({ get }: Pick<TestApp, 'get'>): Promise<readonly Sample[]> {
  const answer = await get('/metrics', ['ops'])
  expect(answer.statusCode, answer.body).toBe(200)
  expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
  return parse(answer.body)
}

const valueIn = (samples: readonly Sample[], name: string, labels: Sample['labels'] = {}): number | undefined =>
  samples.find(
    (sample) => sample.name === name && Object.entries(labels).every(([key, word]) => sample.labels[key] === word),
  )?.value

test('each file has its figures', async () => {
  await withApp(async (app) => {
    const samples = await read(app)
    const names = [
      'gogga_file_bytes',
      'gogga_wal_bytes',
      'gogga_disk_free_bytes',
      'gogga_file_readable',
      'gogga_writer_queue_length',
      'gogga_writer_wait_seconds_count',
      'gogga_writer_hold_seconds_count',
      'gogga_change_seconds_count',
      'gogga_commit_seconds_count',
      'gogga_read_statement_seconds_count',
      'gogga_statement_cache_hits_total',
      'gogga_statements_prepared_total',
      'gogga_outbox_waiting',
      'gogga_outbox_dead',
      'gogga_outbox_oldest_seconds',
    ]
    for (const name of names)
      for (const domain of DOMAINS) expect(valueIn(samples, name, { domain }), `${name} ${domain}`).toBeDefined()
    for (const domain of DOMAINS) expect(valueIn(samples, 'gogga_file_bytes', { domain })).toBeGreaterThan(4_096)
    expect(valueIn(samples, 'gogga_event_loop_lag_seconds', { quantile: '0.99' })).toBeGreaterThanOrEqual(0)
    expect(valueIn(samples, 'process_resident_memory_bytes')).toBeGreaterThan(1_000_000)
    expect(valueIn(samples, 'gogga_backup_age_seconds')).toBeUndefined()
  })
})

test('a change shows in the file that it was made in, and histograms add up', async () => {
  await withApp(async (app) => {
    const before = await read(app)
    const headers = { 'idempotency-key': 'k1' }
    const spent = await app.post('/v1/usage', { credits: 1 }, { session: await app.session('u3'), headers })
    expect(spent.statusCode, spent.body).toBe(200)
    const after = await read(app)
    const grown = (name: string, domain: string) =>
      (valueIn(after, name, { domain }) ?? 0) - (valueIn(before, name, { domain }) ?? 0)
    expect(grown('gogga_change_seconds_count', 'billing')).toBe(1)
    expect(grown('gogga_commit_seconds_count', 'billing')).toBe(1)
    expect(grown('gogga_change_seconds_count', 'admin')).toBe(0)
    for (const { name, labels, value } of after.filter(({ labels }) => labels.le === '+Inf')) {
      const { le: _, ...rest } = labels
      expect(valueIn(after, name.replace('_bucket', '_count'), rest), name).toBe(value)
      const buckets = after.filter((sample) => sample.name === name && isOf(sample, rest)).map(({ value }) => value)
      expect(buckets).toEqual([...buckets].sort((one, other) => one - other))
    }
  })
})

const isOf = ({ labels }: Sample, rest: Sample['labels']): boolean =>
  Object.entries(rest).every(([key, word]) => labels[key] === word)

test('answers count by pattern, method and status; no id, no URL and nothing of a person is in a label', async () => {
  await withApp(async (app) => {
    await app.get('/v1/users/u1?expand=subscription', ['admin'])
    await app.get('/v1/users/u2', ['admin'])
    await app.get('/v1/users/nobody', ['admin'])
    await app.get('/v1/thabo@example.co.za?phone=0821234567', ['admin'])
    await app.get('/v1/users?filter[email]=thabo@example.co.za', ['admin'])
    const samples = await read(app)
    const count = (route: string, status: string) =>
      valueIn(samples, 'gogga_http_request_seconds_count', { method: 'GET', route, status })
    expect(count('/v1/users/:id', '200')).toBe(2)
    expect(count('/v1/users/:id', '404')).toBe(1)
    expect(count('none', '404')).toBe(1)
    const known =
      /^(email|phone|idNumber|ip|card|iban|detached|refused|identity|billing|admin|turn|change|join|rows|prisma|GET|none|\d+(\.\d+)?|\+Inf|\/[\w/:.-]*)$/
    const words = new Set(samples.flatMap(({ labels }) => Object.values(labels)))
    expect([...words].filter((word) => !known.test(word))).toEqual([])
    expect(JSON.stringify([...words])).not.toMatch(/thabo|example|0821|u1|nobody/)
  })
})

test('what waits in an outbox shows with its age, dead letters by themselves', async () => {
  await withApp(async (app) => {
    const { context, clock } = app
    const hour = 3_600_000
    const message = (id: string, deadAt: Date | null) => ({
      ...{ id, type: 'x', target: 'admin', payload: '{}', attempts: 0, deadAt },
      ...{ createdAt: new Date(clock.now.getTime() - hour), nextAttemptAt: new Date(clock.now.getTime() + hour) },
    })
    await context.files.billing.change((tx) => {
      tx.insert('OutboxMessage', message('a', null))
      tx.insert('OutboxMessage', message('b', null))
      tx.insert('OutboxMessage', message('c', clock.now))
    })
    const samples = await read(app)
    const of = (name: string, domain: string) => valueIn(samples, `gogga_outbox_${name}`, { domain })
    expect([of('waiting', 'billing'), of('dead', 'billing'), of('oldest_seconds', 'billing')]).toEqual([2, 1, 3_600])
    expect([of('waiting', 'admin'), of('dead', 'admin'), of('oldest_seconds', 'admin')]).toEqual([0, 0, 0])
  })
})

test('a writer that waits for a lock shows in the queue', async () => {
  await withApp(
    async (app) => {
      const { context, databases } = app
      const [held, write] = [lock(databases, 'admin'), () => context.files.admin.change(() => undefined)]
      const writes = [write(), write(), write()]
      const samples = await read(app)
      expect(valueIn(samples, 'gogga_writer_queue_length', { domain: 'admin', kind: 'change' })).toBe(3)
      expect(valueIn(samples, 'gogga_writer_queue_length', { domain: 'billing', kind: 'change' })).toBe(0)
      held[Symbol.dispose]()
      await Promise.all(writes)
      const after = await read(app)
      expect(valueIn(after, 'gogga_writer_queue_length', { domain: 'admin', kind: 'change' })).toBe(0)
    },
    { env: { GOGGA_BUSY_TIMEOUT_MS: '60000' } },
  )
})

test('a file that is gone takes its figures with it, not those of the others', async () => {
  await withApp(async (app) => {
    const { billing } = app.databases.paths
    renameSync(billing, `${billing}.away`)
    const samples = await read(app)
    renameSync(`${billing}.away`, billing)
    const readable = DOMAINS.map((domain) => valueIn(samples, 'gogga_file_readable', { domain }))
    expect(readable).toEqual([1, 0, 1])
    expect(valueIn(samples, 'gogga_file_bytes', { domain: 'billing' })).toBeUndefined()
    expect(valueIn(samples, 'gogga_file_bytes', { domain: 'admin' })).toBeGreaterThan(0)
  })
})

const NOW = Date.parse('2026-06-01T12:00:00Z')
const FIGURES: FigureSources = {
  audits: () => ({ newest: { at: new Date(NOW - 3_600_000), counts: { high: 2, medium: 0 } }, hasFailed: true }),
  backups: async () => [
    {
      domain: 'billing',
      isVisible: true,
      newestAt: new Date(NOW - 90_000),
      achievedRecoveryPointSeconds: 1_000,
      promisedRecoveryPointSeconds: 900,
      alarms: 1,
    },
    {
      domain: 'admin',
      isVisible: false,
      newestAt: null,
      achievedRecoveryPointSeconds: null,
      promisedRecoveryPointSeconds: null,
      alarms: null,
    },
  ],
  checks: () => ({
    turns: [{ turn: 'often', at: new Date(NOW - 30_000), tookMs: 250 }],
    counts: { error: 1, warning: 0, notice: 3 },
    orphans: [{ domain: 'billing', link: 'billing.Subscription.userId', policy: 'keep', count: 4 }],
  }),
  purge: () => ({ rows: 12, doneAt: new Date(NOW - 60_000) }),
}

test('audits, backups, checks and the purge show where somebody tells of them', async () => {
  await withApp(async ({ context, key }) => {
    const app = await createApp(context, { log: { write: () => {} }, figures: FIGURES })
    const headers = { authorization: `Bearer ${await key('ops')}` }
    const samples = parse((await app.inject({ url: '/metrics', headers })).body)
    await app.close()
    const backup = (name: string, domain: string) => valueIn(samples, `gogga_backup_${name}`, { domain })
    expect(backup('age_seconds', 'billing')).toBe(90)
    expect(backup('recovery_point_seconds', 'billing')).toBe(1_000)
    expect(backup('recovery_point_promised_seconds', 'billing')).toBe(900)
    expect([backup('alarms', 'billing'), backup('alarms', 'admin')]).toEqual([1, undefined])
    const visible = ['billing', 'admin'].map((domain) => valueIn(samples, 'gogga_backups_visible', { domain }))
    expect(visible).toEqual([1, 0])
    expect(backup('age_seconds', 'admin')).toBeUndefined()
    expect(valueIn(samples, 'gogga_orphans', { link: 'billing.Subscription.userId', policy: 'keep' })).toBe(4)
    const severe = ['high', 'medium'].map((severity) => valueIn(samples, 'gogga_audit_findings', { severity }))
    expect([...severe, valueIn(samples, 'gogga_audit_age_seconds')]).toEqual([2, 0, 3_600])
    expect(valueIn(samples, 'gogga_audit_failed')).toBe(1)
    const found = ['error', 'warning', 'notice'].map((severity) =>
      valueIn(samples, 'gogga_check_findings', { severity }),
    )
    expect(found).toEqual([1, 0, 3])
    expect(valueIn(samples, 'gogga_check_age_seconds', { turn: 'often' })).toBe(30)
    expect(valueIn(samples, 'gogga_check_age_seconds', { turn: 'whole' })).toBeUndefined()
    expect(valueIn(samples, 'gogga_check_seconds', { turn: 'often' })).toBe(0.25)
    expect(valueIn(samples, 'gogga_purged_rows_total')).toBe(12)
    expect(valueIn(samples, 'gogga_purge_age_seconds')).toBe(60)
  })
})

test('only a key with the scope ops reads it', async () => {
  await withApp(async ({ get, send, session }) => {
    for (const scope of ['frontend', 'admin', 'compliance'] as const)
      expect((await get('/metrics', [scope])).statusCode, scope).toBe(403)
    expect((await get('/metrics', [])).statusCode).toBe(401)
    expect((await send('GET', '/metrics', { session: await session() })).statusCode).toBe(403)
  })
})

test('a port of its own answers without a key, and nothing but metrics', async () => {
  await withDatabases(async (databases) => {
    await using context = await createContext(configOf(databases))
    await newKey(context, ['ops'])
    const app = await createApp(context, { log: { write: () => {} } })
    await app.ready()
    const listener = await listenForMetrics(app.metrics, '127.0.0.1', 0)
    const url = `http://127.0.0.1:${listener.port}`
    const answer = await fetch(`${url}/metrics`)
    expect(answer.status).toBe(200)
    expect(valueIn(parse(await answer.text()), 'gogga_file_bytes', { domain: 'billing' })).toBeGreaterThan(0)
    for (const path of ['/', '/v1/users', '/health/live', '/metrics/x'])
      expect((await fetch(`${url}${path}`)).status).toBe(404)
    expect((await fetch(`${url}/metrics`, { method: 'POST' })).status).toBe(405)
    await listener[Symbol.asyncDispose]()
    await expect(fetch(`${url}/metrics`)).rejects.toThrow()
    await app.close()
  })
})

test('where its port is taken, that is said', async () => {
  await withApp(async ({ app }) => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as { port: number }
    await expect(listenForMetrics(app.metrics, '127.0.0.1', port)).rejects.toMatchObject({ code: 'EADDRINUSE' })
    taken.close()
  })
})

/** A port that nobody has now; somebody could take it before it is used. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

test('serve opens the port of its own with the server and closes it with it; where it is taken, nothing is served', () =>
  withDatabases(async (databases) => {
    const port = await freePort()
    const open = () =>
      createContext(configOf(databases, { GOGGA_METRICS_PORT: String(port), GOGGA_LOG_LEVEL: 'silent' }))
    const server = await serve(await open())
    await fetch(`${server.address}/health/live`)
    const samples = parse(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text())
    expect(valueIn(samples, 'gogga_http_request_seconds_count', { route: '/health/live', status: '200' })).toBe(1)
    expect((await fetch(`${server.address}/metrics`)).status).toBe(401)
    const second = await open()
    await expect(serve(second)).rejects.toMatchObject({ code: 'EADDRINUSE' })
    expect(second.files.identity.reader.open).toBe(false)
    await server.close()
    await expect(fetch(`http://127.0.0.1:${port}/metrics`)).rejects.toThrow()
  }))
