import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import { pathInFolder } from '../../src/config.ts'
import type { Domain } from '../../src/database/domains.ts'
import { merge } from '../../src/transfer/merge.ts'
import { split } from '../../src/transfer/split.ts'
import { withDatabases, withFolder } from '../helpers/databases.ts'
import { buildLegacyDatabase } from '../helpers/legacy-database.ts'
import { transferContext } from '../helpers/transfer.ts'

const NOW = '2026-11-22T18:00:00.000+00:00'

test('merge takes files that lived on: new rows, changed cells, erased originals, columns that came later', async () => {
  await withFolder(async (dir) => {
    const [legacy, from, into] = [join(dir, 'legacy.db'), join(dir, 'data'), join(dir, 'merged.db')]
    buildLegacyDatabase(legacy)
    change(legacy, 'alter table "Subscription" drop column "retryCount"')
    await split({ legacy, into: from, context: transferContext() })
    const file = (domain: Domain) => pathInFolder(from, domain)
    change(file('identity'), `insert into "User" values ('new1', 'New@mail.example', 0, 0, '${NOW}', '${NOW}')`)
    change(file('identity'), `delete from "LegacyOriginal" where "table" = 'Voucher' and "rowId" = 'vt1'`)
    change(file('admin'), `update "Voucher" set "createdBy" = 'new1', "expiresAt" = '${NOW}' where id = 'vt1'`)
    change(file('admin'), `insert into "VoucherLog" values ('new1', 'vt1', 'voided', 'new1', null, '${NOW}')`)
    change(file('billing'), `update "Subscription" set "retryCount" = 2 where tier = 'JIVE'`)
    const report = await merge({ from, into, context: transferContext() })
    expect(report.addedColumns).toEqual(['Subscription.retryCount'])
    const merged = new Database(into, { readonly: true })
    expect(merged.prepare('select "createdBy", "expiresAt" from "Voucher" where id = ?').raw().get('vt1')).toEqual([
      'New@mail.example',
      NOW,
    ])
    expect(merged.prepare('select actor from "VoucherLog" where id = ?').pluck().get('new1')).toBe('New@mail.example')
    expect(
      merged.prepare('select email, "isTester", "creditBalance" from "User" where id = ?').raw().get('new1'),
    ).toEqual(['New@mail.example', 0, null])
    expect(merged.prepare('select sum("retryCount") from "Subscription"').pluck().get()).toBe(34)
    merged.close()
  })
})

test('files that never came from a split give the eleven tables', async () => {
  await withDatabases(async ({ dir, paths }) => {
    change(paths.identity, `insert into "User" values ('u1', 'Jo@mail.example', 0, 0, '${NOW}', '${NOW}')`)
    change(
      paths.billing,
      `insert into "Subscription" ("id", "userId", "tier", "status", "credits", "updatedAt") values ('s1', 'u1', 'JIVE', 'active', 7, '${NOW}')`,
    )
    change(
      paths.admin,
      `insert into "AdminLog" (id, adminId, action, targetUser, targetId, meta, createdAt) values ('a1', 'u1', 'login', null, null, null, '${NOW}')`,
    )
    change(paths.identity, `insert into "AdminLogOrigin" values ('a1', '196.25.1.1')`)
    const into = join(dir, 'merged.db')
    const report = await merge({ from: dir, into, context: transferContext() })
    expect(report.tables).toHaveLength(11)
    const merged = new Database(into, { readonly: true })
    expect(merged.prepare('select "adminEmail", ip from "AdminLog"').raw().all()).toEqual([
      ['Jo@mail.example', '196.25.1.1'],
    ])
    expect(merged.prepare('select * from "SubscriptionStats"').raw().all()).toEqual([['JIVE', 1, 7]])
    expect(merged.prepare('select name from pragma_index_list(?)').pluck().all('Voucher')).toContain('Voucher_code_key')
    merged.close()
    // What came out goes in again.
    const again = await split({ legacy: into, into: join(dir, 'again'), context: transferContext() })
    expect(again.tables.map(({ rows }) => rows.files)).toEqual(report.tables.map(({ rows }) => rows.files))
  })
})

function change(path: string, sql: string): void {
  const database = new Database(path)
  database.exec(sql)
  database.close()
}
