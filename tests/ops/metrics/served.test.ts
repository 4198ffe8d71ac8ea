// A served app as operations staff run it: each figure that it promises is on /metrics with a value of what really happened.
import { expect, test } from 'vitest'
import { serveMeasured } from '../../../src/commands/serving.ts'
import { type Context, createContext } from '../../../src/context.ts'
import { changeIn } from '../../../src/database/clients.ts'
import { DOMAINS } from '../../../src/database/domains.ts'
import { takeBackup } from '../../../src/ops/backup/take.ts'
import { withDatabases } from '../../helpers/databases.ts'
import { testSources } from '../../helpers/one-file.ts'
import { configOf, NOW, newKey } from '../../http/app.ts'
import { plant, rowsOf, T } from '../check/planting.ts'

type Samples = ReadonlyMap<string, number>

/** `gogga_wal_bytes{domain="billing"}` → its value. */
function samplesOf(text: string): Samples {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]))
}

const HOUR = 3_600_000
const YEAR = 365 * 24 * HOUR

/** One that is dead and one that waits, in each outbox; the one that waits is of a deleted row. */
async function strand({ files }: Context): Promise<void> {
  const message = (id: string, type: string, deadAt: Date | null) => ({
    ...{ id, type, target: 'admin', payload: '{}', attempts: 1, deadAt },
    ...{ createdAt: new Date(NOW.getTime() - HOUR), nextAttemptAt: new Date(NOW.getTime() + YEAR) },
  })
  await files.identity.change((tx) => {
    tx.insert('OutboxMessage', message('waits', 'parent-deleted-admin', null))
    tx.insert('OutboxMessage', message('dead', 'x', NOW))
  })
}

test('everything that the operators were promised is there, with real values', () =>
  withDatabases(async (databases) => {
    const purged: number[] = []
    const overrides = { now: () => NOW, purged: ({ rows }: { rows: number }) => void purged.push(rows) }
    const context = await createContext(configOf(databases, { GOGGA_LOG_LEVEL: 'silent' }), overrides)
    const policies = context.policies()
    const sources = testSources(new Date(NOW.getTime() - HOUR))
    for (const domain of DOMAINS) await takeBackup({ policy: policies[domain], path: databases.paths[domain], sources })
    const ago = (ms: number) => new Date(NOW.getTime() - ms).toISOString().replace('Z', '+00:00')
    const log = (id: string, at: string) =>
      `insert into "AuthLog" (id, action, createdAt) values ('${id}', 'login', '${at}')`
    plant(databases, 'identity', log('old', ago(YEAR + HOUR)), log('new', ago(HOUR)))
    plant(
      databases,
      'billing',
      `insert into "Subscription" (id, userId, tier, status, createdAt, updatedAt)
         values ('s-x', 'nobody', 'FREE', 'active', '${T}', '${T}')`,
    )
    plant(
      databases,
      'admin',
      `insert into "AdminLog" (id, adminId, action, createdAt) values ('l', 'cmb2x9k4d0009', 'x', '${T}')`,
    )
    await strand(context)
    const touch = 'update "_prisma_migrations" set logs = logs'
    for (const domain of DOMAINS) await changeIn(context.files, domain, (tx) => tx.run(touch))
    const key = await newKey(context, ['ops', 'frontend'])

    await using server = await serveMeasured(context)
    const ask = async (path: string) => {
      const answer = await fetch(`${server.address}${path}`, { headers: { authorization: `Bearer ${key}` } })
      expect(answer.status, path).toBe(200)
      return await answer.text()
    }
    for (const path of ['/v1/users', '/v1/payments', '/v1/vouchers', '/v1/users', '/v1/payments', '/v1/vouchers'])
      await ask(path)
    await context.checker.run('often')
    await context.checker.run('whole')
    const figure = (samples: Samples, name: string) => samples.get(name) ?? Number.NaN
    let samples = samplesOf(await ask('/metrics'))
    while (Number.isNaN(figure(samples, 'gogga_purge_age_seconds'))) samples = samplesOf(await ask('/metrics'))
    const at = (name: string) => figure(samples, name)

    for (const domain of DOMAINS) {
      const own = (name: string, more = '') => at(`${name}{domain="${domain}"${more}}`)
      expect(own('gogga_file_bytes')).toBeGreaterThan(4_096)
      expect(own('gogga_wal_bytes')).toBeGreaterThan(0)
      expect(own('gogga_writer_queue_length', ',kind="change"')).toBe(0)
      expect(own('gogga_writer_wait_seconds_count')).toBeGreaterThan(0)
      expect(own('gogga_writer_hold_seconds_count')).toBeGreaterThan(0)
      expect(own('gogga_writer_hold_seconds_sum')).toBeGreaterThan(0)
      expect(own('gogga_read_statement_seconds_count')).toBeGreaterThanOrEqual(2)
      // The join service keeps its statements with the plan of a request, so the second request compiles nothing.
      expect(own('gogga_statements_prepared_total', ',cache="join"')).toBe(2)
      expect(own('gogga_statement_cache_hits_total', ',cache="rows"')).toBeGreaterThan(0)
      expect(own('gogga_statement_cache_hits_total', ',cache="prisma"')).toBeGreaterThan(0)
      expect(own('gogga_backup_age_seconds')).toBe(3_600)
      expect(own('gogga_backup_recovery_point_seconds')).toBe(3_600)
      expect(own('gogga_backups_visible')).toBe(1)
    }
    expect(at('gogga_outbox_waiting{domain="identity"}')).toBe(1)
    expect(at('gogga_outbox_dead{domain="identity"}')).toBe(1)
    expect(at('gogga_outbox_oldest_seconds{domain="identity"}')).toBe(3_600)
    expect(at('gogga_link_policies_waiting')).toBe(1)
    expect(at('gogga_link_policies_oldest_seconds')).toBe(3_600)
    expect(at('gogga_orphans{domain="billing",link="billing.Subscription.userId",policy="delete"}')).toBe(1)
    expect(at('gogga_orphans{domain="admin",link="admin.AdminLog.adminId",policy="keep"}')).toBe(1)
    expect(at('gogga_orphans{domain="admin",link="admin.Voucher.createdBy",policy="keep"}')).toBe(0)
    expect(at('gogga_check_findings{severity="error"}')).toBeGreaterThan(0)
    for (const turn of ['often', 'whole']) {
      expect(at(`gogga_check_age_seconds{turn="${turn}"}`)).toBe(0)
      expect(at(`gogga_check_seconds{turn="${turn}"}`)).toBeGreaterThan(0)
    }
    expect(at('gogga_purged_rows_total')).toBe(1)
    expect(at('gogga_purge_age_seconds')).toBe(0)
    expect(purged).toEqual([1])
    expect(rowsOf(databases, 'identity', 'select id from "AuthLog"')).toEqual([{ id: 'new' }])
    expect(at('gogga_http_request_seconds_count{method="GET",route="/v1/users",status="200"}')).toBe(2)
  }))

test('without work in the background nothing is purged or checked, and a request may still begin checks', () =>
  withDatabases(async (databases) => {
    const env = { GOGGA_LOG_LEVEL: 'silent', GOGGA_BACKGROUND: 'off' }
    const context = await createContext(configOf(databases, env), { now: () => NOW })
    plant(
      databases,
      'identity',
      `insert into "AuthLog" (id, action, createdAt) values ('old', 'login', '2001-01-01T00:00:00.000+00:00')`,
    )
    const headers = { authorization: `Bearer ${await newKey(context, ['ops'])}` }
    await using server = await serveMeasured(context)
    const answer = await fetch(`${server.address}/v1/ops/checks`, { method: 'POST', headers })
    expect(answer.status).toBe(202)
    expect((await context.checker.run('whole')).turn).toBe('whole')
    expect(context.checker.state().often).toBeUndefined()
    const samples = samplesOf(await (await fetch(`${server.address}/metrics`, { headers })).text())
    expect(samples.get('gogga_audit_failed')).toBe(0)
    expect(samples.get('gogga_audit_age_seconds')).toBeUndefined()
    expect(samples.get('gogga_purged_rows_total')).toBe(0)
    expect(samples.get('gogga_purge_age_seconds')).toBeUndefined()
    expect(samples.get('gogga_check_age_seconds{turn="whole"}')).toBe(0)
    expect(rowsOf(databases, 'identity', 'select id from "AuthLog"')).toEqual([{ id: 'old' }])
  }))
