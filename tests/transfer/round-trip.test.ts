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
