import { expect, it } from 'vitest'
import { withDatabases } from '../helpers/databases.ts'
import { plant, rowsOf } from '../ops/check/planting.ts'
import { gogga } from './gogga-child.ts'

const OLD = '2001-01-01T00:00:00.000+00:00'
const FAR = '2999-01-01T00:00:00.000+00:00'
const LOGS = [
  `insert into "AuthLog" (id, action, createdAt) values ('old', 'login', '${OLD}'), ('new', 'login', '${FAR}')`,
  `insert into "AdminLogOrigin" values ('old', '192.0.2.1')`,
]

it('counts first, then removes, in words and as JSON, with what follows in the other file', { timeout: 60_000 }, () =>
  withDatabases(async (databases) => {
    const { dir } = databases
    plant(databases, 'identity', ...LOGS)
    plant(
      databases,
      'admin',
      `insert into "AdminLog" (id, adminId, action, createdAt) values ('old', 'b', 'x', '${OLD}')`,
    )
    const planned = await gogga(dir, 'purge', '--dry-run')
    expect(planned.code).toBe(0)
    expect(planned.out).toMatch(/^identity\.AuthLog: 1 row\(s\) would be removed, kept for 1y \(until \d{4}-/m)
    expect(rowsOf(databases, 'identity', 'select id from "AuthLog"')).toHaveLength(2)
    const { code, out, err } = await gogga(dir, 'purge', '--json')
    expect([code, err]).toEqual([0, expect.stringMatching(/^purge, 2 rows\npurge: done, 2 rows in/)])
    const report = JSON.parse(out)
    expect(report).toMatchObject({ dryRun: false, holds: { limitMs: 20, longestMs: expect.any(Number) } })
    expect(report.holds.count).toBeGreaterThanOrEqual(2)
    expect(report.purged).toContainEqual(expect.objectContaining({ model: 'admin.AdminLog', rows: 1 }))
    expect(rowsOf(databases, 'identity', 'select id from "AuthLog"')).toEqual([{ id: 'new' }])
    expect(rowsOf(databases, 'identity', 'select * from "AdminLogOrigin"')).toEqual([])
  }),
)

it('copies a file into itself where it is asked to, and says so', { timeout: 60_000 }, () =>
  withDatabases(async (databases) => {
    plant(databases, 'billing', 'pragma auto_vacuum = NONE', 'vacuum')
    const { code, out, err } = await gogga(databases.dir, 'purge', '--domain', 'billing', '--vacuum', '--json')
    expect([code, err]).toEqual([0, 'VACUUM of billing.db: nobody else can write to it until it is done\n'])
    expect(JSON.parse(out).space).toEqual([
      { domain: 'billing', bytes: expect.any(Number), freeBytes: 0, incremental: true },
    ])
  }),
)

it('refuses an unknown file, exit code 2', () =>
  withDatabases(async ({ dir }) => {
    expect(await gogga(dir, 'purge', '--domain', 'users')).toMatchObject({ code: 2, out: '' })
  }))
