import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import { split } from '../../src/transfer/split.ts'
import { withFolder } from '../helpers/databases.ts'
import { buildLegacyDatabase } from '../helpers/legacy-database.ts'
import { transferContext } from '../helpers/transfer.ts'

test('no byte of billing.db and admin.db says who anybody is, and JSON that parsed still parses', async () => {
  await withFolder(async (dir) => {
    const [legacy, into] = [join(dir, 'legacy.db'), join(dir, 'data')]
    const planted = buildLegacyDatabase(legacy, { users: 400 })
    const all = Object.entries(planted).flatMap(([kind, values]) =>
      (values as string[]).map((value) => ({ kind, value })),
    )
    expect(all.length).toBeGreaterThan(300)
    const source = readFileSync(legacy).toString('latin1').toLowerCase()
    const inSource = all.filter(({ value }) => source.includes(value.toLowerCase()))
    expect(inSource.length).toBeGreaterThan(300)
    await split({ legacy, into, context: transferContext() })
    for (const domain of ['billing', 'admin']) {
      const path = join(into, domain, `${domain}.db`)
      const bytes = ['', '-wal', '-journal'].map((suffix) =>
        existsSync(path + suffix) ? readFileSync(path + suffix).toString('latin1') : '',
      )
      const text = bytes.join('').toLowerCase()
      const escaped = (value: string) => value.toLowerCase().replaceAll('@', '\\u0040')
      const found = all.filter(({ value }) => text.includes(value.toLowerCase()) || text.includes(escaped(value)))
      expect(found).toEqual([])
      expect(statSync(path).mode & 0o777).toBe(0o600)
      expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700)
    }
    expectSameJson(legacy, 'SubscriptionEvent', join(into, 'billing/billing.db'))
    expectSameJson(legacy, 'VoucherLog', join(into, 'admin/admin.db'))
    const report = readFileSync(join(into, 'split-report.json'), 'utf8')
    expect(all.filter(({ value }) => report.includes(value))).toEqual([])
  })
})

function expectSameJson(legacy: string, table: string, path: string): void {
  const before = metaOf(legacy, table)
  const after = metaOf(path, table)
  const parsed = [...before].filter(([, text]) => parses(text))
  expect(parsed.length).toBeGreaterThan(10)
  expect(parsed.filter(([id]) => !parses(after.get(id) ?? ''))).toEqual([])
}

function metaOf(path: string, table: string): Map<string, string> {
  const database = new Database(path, { readonly: true })
  const rows = database.prepare(`select id, meta from "${table}" where meta is not null`).raw().all() as [
    string,
    string,
  ][]
  database.close()
  return new Map(rows)
}

function parses(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
