import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import { merge } from '../../src/transfer/merge.ts'
import { split } from '../../src/transfer/split.ts'
import { contentOf } from '../helpers/compare-databases.ts'
import { withFolder } from '../helpers/databases.ts'
import { buildLegacyDatabase } from '../helpers/legacy-database.ts'
import { transferContext } from '../helpers/transfer.ts'

test('merge gives back what split took, table by table and value by value', async () => {
  await withFolder(async (dir) => {
    const [legacy, files, merged] = [join(dir, 'legacy.db'), join(dir, 'data'), join(dir, 'merged.db')]
    buildLegacyDatabase(legacy, { users: 120 })
    const before = readFileSync(legacy)
    const report = await split({ legacy, into: files, context: transferContext() })
    expect(report.tables.every(({ equal }) => equal)).toBe(true)
    for (const { orphans } of report.orphans) expect(orphans.files).toBe(orphans.legacy - orphans.resolved)
    const back = await merge({ from: files, into: merged, context: transferContext() })
    expect(back.tables.map(({ rows }) => rows.legacy)).toEqual(report.tables.map(({ rows }) => rows.legacy))
    expect(back.tables.map(({ checksum }) => checksum.legacy)).toEqual(
      report.tables.map(({ checksum }) => checksum.legacy),
    )
    expect(contentOf(merged)).toEqual(contentOf(legacy))
    expect(readFileSync(legacy).equals(before)).toBe(true)
    expect(ddlOf(merged)).toEqual([...ddlOf(legacy), ...statsView(merged)].sort())
  })
})

test('the prefixed layout holds the same rows under prefixed names', async () => {
  await withFolder(async (dir) => {
    const [legacy, files, merged] = [join(dir, 'legacy.db'), join(dir, 'data'), join(dir, 'merged.db')]
    buildLegacyDatabase(legacy)
    await split({ legacy, into: files, context: transferContext() })
    await merge({ from: files, into: merged, layout: 'prefixed', context: transferContext() })
    expect(contentOf(merged, (name) => name.replace(/^(auth|billing|admin)_/, ''))).toEqual(contentOf(legacy))
    const names = Object.keys(contentOf(merged)).sort()
    expect(names).toContain('auth_User')
    expect(names).toContain('billing_Subscription')
    expect(names).toContain('admin_Voucher')
    const database = new Database(merged, { readonly: true })
    const stats = database.prepare('select tier, "userCount" from "SubscriptionStats" order by tier').all()
    database.close()
    expect(stats).toEqual([
      { tier: 'FREE', userCount: 17 },
      { tier: 'JIGGA', userCount: 16 },
      { tier: 'JIVE', userCount: 17 },
    ])
  })
})

test('full-text tables, strict tables, generated columns, checks and sequences come back whole', async () => {
  await withFolder(async (dir) => {
    const [legacy, files, merged] = [join(dir, 'legacy.db'), join(dir, 'data'), join(dir, 'merged.db')]
    buildLegacyDatabase(legacy)
    const database = new Database(legacy)
    database.exec(`
      create virtual table "bug_reports" using fts5(title, body);
      insert into "bug_reports" (rowid, title, body) values (7, 'slow', 'the page of thandi is slow'), (9, 'fast', 'too fast');
      delete from "bug_reports" where rowid = 9;
      create virtual table "Places" using rtree(id, x0, x1);
      insert into "Places" values (1, 0.5, 1.5);
      drop table "AuthLog";
      create table "AuthLog" (id text primary key, action text not null, "createdAt" integer not null check ("createdAt" > 1000),
        day text generated always as (date("createdAt" / 1000, 'unixepoch')) stored, length integer as (length(action))) strict;
      insert into "AuthLog" values ('a', 'login', 1700000000000), ('b', 'logout', 1700000000001);
      create index "AuthLog_day" on "AuthLog" (day);`)
    database.close()
    const report = await split({ legacy, into: files, context: transferContext() })
    expect(report.unassigned.objects).toContainEqual({ kind: 'virtual', name: 'bug_reports' })
    await merge({ from: files, into: merged, context: transferContext() })
    expect(contentOf(merged)).toEqual(contentOf(legacy))
    const back = new Database(merged)
    expect(back.prepare(`select rowid from "bug_reports" where "bug_reports" match 'thandi'`).pluck().all()).toEqual([
      7,
    ])
    expect(back.prepare('select x1 from "Places" where x0 < 1').pluck().all()).toEqual([1.5])
    expect(back.prepare('select day, length from "AuthLog" where id = ?').raw().get('a')).toEqual(['2023-11-14', 5])
    back.exec(`insert into "ExchangeRate" (pair, rate) values ('ZAR', 1)`)
    expect(back.prepare('select max(id) from "ExchangeRate"').pluck().get()).toBe(4)
    back.close()
  })
})

function ddlOf(path: string): string[] {
  const database = new Database(path, { readonly: true })
  const sql = database
    .prepare("select sql from sqlite_schema where sql is not null and name not like 'sqlite%'")
    .pluck()
    .all()
  database.close()
  return (sql as string[]).sort()
}

const statsView = (path: string) => ddlOf(path).filter((sql) => sql.includes('SubscriptionStats'))
