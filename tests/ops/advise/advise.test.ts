// The four questions on unified databases of which the answers are known.
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { migrate } from '../../../src/database/migrations.ts'
import { type Advice, type AdviseOptions, advise } from '../../../src/ops/advise/advise.ts'
import { openUnified, sample, tableNamed } from '../../../src/ops/advise/unified-file.ts'
import { counted, percent } from '../../../src/ops/advise/words.ts'
import { withFolder } from '../../helpers/databases.ts'
import { buildLegacyDatabase } from '../../helpers/legacy-database.ts'
import { LEGACY_TABLES } from '../../helpers/legacy-tables.ts'

/** Every look at this clock is a millisecond later. */
const ticking = () => {
  let now = 0
  return () => ++now
}
const ask = (path: string, limits: AdviseOptions['limits'] = {}): Advice => advise(path, { now: ticking(), limits })

/** A database with its own tables and nothing in them, then these statements. */
function small(dir: string, ...statements: readonly string[]): string {
  const path = join(dir, 'small.db')
  rmSync(path, { force: true })
  const database = new Database(path)
  for (const sql of [...LEGACY_TABLES, ...statements]) database.exec(sql)
  database.close()
  return path
}

const user = (id: string, isAdmin = 0) =>
  `insert into "User" (id, email, isAdmin, isServiceAdmin, createdAt, updatedAt) values ('${id}', '${id}@mail.example', ${isAdmin}, 0, 1, 1)`
const voucher = (id: string, createdBy: string) =>
  `insert into "Voucher" (id, code, type, createdBy, createdAt, expiresAt) values ('${id}', 'c${id}', 'R200', '${createdBy}', 1, 1)`
const event = (id: string, meta: string) =>
  `insert into "SubscriptionEvent" (id, subscriptionId, userId, event, meta, createdAt) values ('${id}', 's', 'u', 'activated', '${meta}', 1)`
const purchase = (id: string) =>
  `insert into "CreditPurchase" (id, userId, packSize, credits, status, createdAt) values ('${id}', 'u', '200', 1, 'complete', 1)`
const authLogs = (count: number, time = "'2026-01-01 10:00:00'") =>
  `insert into "AuthLog" (id, email, action, createdAt)
   with recursive n(i) as (select 1 union all select i + 1 from n where i < ${count})
   select 'a' || i, 'somebody@mail.example', 'login', ${time} from n`

describe('stay, where no question is answered with yes', () => {
  it('says why, with figures that are nought', () =>
    withFolder((dir) => {
      const advice = ask(small(dir, user('u1'), event('e1', '{"orderId":12}')))
      expect(advice).toMatchObject({
        recommendation: 'stay',
        size: { yes: false, figures: { limitBytes: 1_000_000_000 } },
        roles: { yes: false, figures: { users: 1, administrators: 0, actors: 0, adminRows: 0, billingRows: 1 } },
        compliance: { yes: false, figures: { values: 0, columns: [] } },
        signInLog: { yes: false, figures: { rows: 0, busiestHour: 0 } },
      })
      expect(advice.why).toMatch(/^None of the 4/)
    }))

  it('does so also for one administrator without a name elsewhere', () =>
    withFolder((dir) => {
      const path = small(dir, user('u1', 1), voucher('v1', 'u1'), purchase('p1'))
      expect(ask(path)).toMatchObject({
        recommendation: 'stay',
        roles: { figures: { administrators: 1, adminRows: 1 } },
      })
    }))
})

describe('split, for each reason alone', () => {
  const only = (advice: Advice) =>
    (['size', 'roles', 'compliance', 'signInLog'] as const).filter((name) => advice[name].yes)

  it('its size', () =>
    withFolder((dir) => {
      const advice = ask(small(dir), { bytes: 4_096 })
      expect([advice.recommendation, only(advice)]).toEqual(['split', ['size']])
      expect(advice.size.because).toMatch(/^The file and its log have 0\.\d MB; the limit is 0\.0 MB/)
    }))

  it('several people who administer', () =>
    withFolder((dir) => {
      const advice = ask(small(dir, user('u1', 1), user('u2', 1), voucher('v1', 'u1'), purchase('p1')))
      expect([advice.recommendation, only(advice)]).toEqual(['split', ['roles']])
    }))

  it('personal information in free text, with the kinds of it and nothing of what it says', () =>
    withFolder((dir) => {
      const advice = ask(small(dir, event('e1', '{"note":"thabo@example.co.za, 082 555 0188"}'), event('e2', 'fine')))
      expect([advice.recommendation, only(advice)]).toEqual(['split', ['compliance']])
      expect(advice.compliance.figures).toEqual({
        values: 1,
        columns: [
          {
            ...{ table: 'SubscriptionEvent', column: 'meta', kinds: { email: 1, phone: 1 } },
            ...{ values: 1, sampled: 2, rows: 2, estimated: 1 },
          },
        ],
      })
      expect(JSON.stringify(advice)).not.toMatch(/thabo|555/)
    }))

  it('personal information in a table that nobody has heard of', () =>
    withFolder((dir) => {
      const path = small(
        dir,
        'create table bug_reports (n integer primary key, "Text" text)',
        "insert into bug_reports values (1, 'write to a.b@example.org')",
      )
      expect(ask(path).compliance.figures.columns).toMatchObject([{ table: 'bug_reports', column: 'Text' }])
    }))

  it('a sign-in log that makes up the file', () =>
    withFolder((dir) => {
      const advice = ask(small(dir, authLogs(3_000)), { logBytes: 100_000 })
      expect([advice.recommendation, only(advice)]).toEqual(['split', ['signInLog']])
      const { rows, bytes, share, busiestHour } = advice.signInLog.figures ?? {
        rows: 0,
        bytes: 0,
        share: 0,
        busiestHour: 0,
      }
      expect([rows, busiestHour]).toEqual([3_000, 3_000])
      expect(bytes).toBeGreaterThan(150_000)
      expect(share).toBeGreaterThan(0.5)
      expect(ask(small(dir, 'delete from "AuthLog"'), { logBytes: 100_000 }).recommendation).toBe('stay')
    }))

  it('a sign-in log whose writes take the writer’s time', () =>
    withFolder((dir) => {
      // A millisecond a row by this clock, 3,000 rows in the hour: 0.08 % of it.
      const advice = ask(small(dir, authLogs(3_000)), { writerShare: 0.0008 })
      expect(only(advice)).toEqual(['signInLog'])
      expect(advice.signInLog.figures).toMatchObject({ insertMs: 1, writerShare: 3_000 / 3_600_000 })
      expect(advice.signInLog.because).toContain(
        '3,000 rows in the busiest hour: 0.08 % of its time, much (from 0.08 % on)',
      )
      expect(advice.signInLog.because).toContain('not large (from 100.0 MB and 30 % on)')
      expect(only(ask(small(dir, 'delete from "AuthLog"'), { writerShare: 0.0008 }))).toEqual([])
    }))
})

it.each([
  ['milliseconds', '1767261600000 + i'],
  ["SQLite's own text", "'2026-01-01 10:00:00'"],
  ['ISO text', "'2026-01-01T10:00:00.000+00:00'"],
])('finds the busiest hour by times in %s', (_name, time) =>
  withFolder((dir) => {
    const path = small(
      dir,
      authLogs(10, time),
      `insert into "AuthLog" (id, action, createdAt) values ('x', 'login', '2026-01-01 12:00:00')`,
    )
    expect(ask(path).signInLog.figures).toMatchObject({ rows: 11, busiestHour: 10 })
  }),
)

it('finds what years of use left in every known column', () =>
  withFolder((dir) => {
    const path = join(dir, 'legacy.db')
    buildLegacyDatabase(path, { users: 60 })
    const advice = ask(path)
    expect(advice.recommendation).toBe('split')
    const places = advice.compliance.figures.columns.map(({ table, column }) => `${table}.${column}`)
    for (const place of [
      'Voucher.createdBy',
      'Voucher.voidReason',
      'AdminLog.ip',
      'SubscriptionEvent.meta',
      'VoucherLog.actor',
    ])
      expect(places).toContain(place)
    expect(places.filter((place) => /^(User|LoginToken|AuthLog)\./.test(place))).toEqual([])
  }))

it('estimates from a sample that is spread over the whole table', () =>
  withFolder((dir) => {
    const path = small(
      dir,
      `insert into "SubscriptionEvent" (id, subscriptionId, userId, event, meta, createdAt)
       with recursive n(i) as (select 1 union all select i + 1 from n where i < 10000)
       select i, 's', 'u', 'activated', iif(i > 5000, 'x@example.org', 'nothing'), 1 from n`,
    )
    // Runs of 250 rows begin at 1, 2,500, 5,000 and 7,500.
    const [column] = ask(path, { sampleRows: 1_000 }).compliance.figures.columns
    expect(column).toMatchObject({ sampled: 1_000, rows: 10_000, values: 499, estimated: 4_990 })
    expect(ask(path, { sampleRows: 1_000 }).compliance.because).toContain('estimated from evenly spread samples')
  }))

it('reads each row once where it reads all, whatever the gaps between them', () =>
  withFolder((dir) => {
    const gaps = `delete from "AuthLog" where rowid % 7 < 3 or rowid between 300 and 900`
    const unified = openUnified(small(dir, authLogs(2_000), gaps))
    const table = tableNamed(unified, 'authlog')
    const { rows, values } = sample(unified, table as NonNullable<typeof table>, ['id'], 20_000)
    const seen = [...values].map(([id]) => id)
    expect(new Set(seen).size).toBe(rows)
    expect(seen).toHaveLength(rows)
    unified.connection.close()
  }))

it.each(['delete', 'wal'])('changes nothing in a file in journal mode %s, and leaves nothing beside it', (mode) =>
  withFolder((dir) => {
    const path = join(dir, 'legacy.db')
    buildLegacyDatabase(path, { users: 20 })
    const database = new Database(path)
    database.pragma(`journal_mode = ${mode}`)
    database.close()
    const sum = () => createHash('sha256').update(readFileSync(path)).digest('hex')
    const before = [sum(), readdirSync(dir)]
    ask(path)
    expect([sum(), readdirSync(dir)]).toEqual(before)
  }),
)

it('reads beside a writer that has the file open', () =>
  withFolder((dir) => {
    const path = small(dir, user('u1'))
    const writer = new Database(path)
    writer.pragma('journal_mode = WAL')
    writer.exec(user('u2'))
    expect(ask(path).roles.figures.users).toBe(2)
    writer.exec('begin immediate')
    writer.exec(user('u3'))
    expect(ask(path).roles.figures.users).toBe(2)
    writer.exec('commit')
    writer.close()
  }))

it.each([
  ['nothing', () => undefined, /is no file/],
  ['a folder', (path: string) => mkdirSync(path), /is no file/],
  ['a text', (path: string) => writeFileSync(path, 'hello, I am a text'), /is not a SQLite database/],
  ['a file of a split', (path: string) => migrate('identity', path), /but identity\.db of one that was split/],
  ['another database', (path: string) => new Database(path).exec('create table t (a)').close(), /none of its tables/],
])('refuses %s', (_name, make, says) =>
  withFolder((dir) => {
    const path = join(dir, 'file.db')
    make(path)
    expect(() => ask(path)).toThrow(says)
  }),
)

it.each([
  [1, '1 row'],
  [0, '0 rows'],
  [1_234_567, '1,234,567 rows'],
])('counts %i as %s', (count, text) => expect(counted(count, 'row')).toBe(text))

it.each([
  [0, '0 %'],
  [0.00002, 'under 0.01 %'],
  [0.0008, '0.08 %'],
  [0.3, '30 %'],
])('shows a share of %d as %s', (share, text) => expect(percent(share)).toBe(text))
