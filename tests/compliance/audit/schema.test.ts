// Each way in which schema, migrations and file may part, planted, and found at its place.
import { expect, it } from 'vitest'
import type { Catalog } from '../../../src/compliance/audit/schema-catalog.ts'
import { auditCatalog } from '../../../src/compliance/audit/schema-catalog.ts'
import { allModels, storedColumns } from '../../../src/database/catalog.ts'
import type { Domain } from '../../../src/database/domains.ts'
import type { CatalogModel } from '../../../src/generated/catalog.ts'
import { withDatabases } from '../../helpers/databases.ts'
import { plant } from '../../ops/check/planting.ts'
import { audit, shortly } from './planted.ts'

interface Case {
  readonly name: string
  readonly domain: Domain
  readonly sql: string
  readonly found: readonly string[]
}

const CASES: readonly Case[] = [
  {
    name: 'a table of no schema',
    domain: 'billing',
    sql: 'create table invoice (id text, buyer text)',
    found: ['high billing.db invoice schema.foreign-table', 'high billing.db invoice schema.differs'],
  },
  {
    name: 'a column of no schema',
    domain: 'admin',
    sql: 'alter table "Voucher" add column note text',
    found: ['high admin.db Voucher.note schema.unclassed', 'high admin.db Voucher schema.differs'],
  },
  {
    name: 'a view',
    domain: 'billing',
    sql: 'create view people as select userId from "Subscription"',
    found: ['high billing.db people schema.foreign-table', 'high billing.db people schema.view'],
  },
  {
    name: 'a trigger',
    domain: 'billing',
    sql: `create trigger t after insert on "Subscription" begin update "Subscription" set status = 'x'; end`,
    found: ['high billing.db Subscription schema.trigger'],
  },
  {
    name: 'an index that is gone',
    domain: 'billing',
    sql: 'drop index "ProcessedPayment_pfPaymentId_key"',
    found: ['medium billing.db ProcessedPayment schema.differs'],
  },
  {
    name: 'a table that is gone',
    domain: 'admin',
    sql: 'drop table "VoucherLog"',
    found: expect.arrayContaining([
      'high admin.db VoucherLog schema.missing',
      'medium admin.db VoucherLog schema.differs',
    ]),
  },
  {
    name: 'a migration that was changed after it was applied',
    domain: 'identity',
    sql: `update "_prisma_migrations" set checksum = 'other' where migration_name like '%init'`,
    found: ['high identity.db _prisma_migrations schema.migrations'],
  },
  {
    name: 'a migration that is not applied',
    domain: 'identity',
    sql: `delete from "_prisma_migrations" where migration_name like '%compliance'`,
    found: ['high identity.db _prisma_migrations schema.pending'],
  },
]

it.each(CASES)('finds $name', ({ domain, sql, found }) =>
  withDatabases(async (databases) => {
    plant(databases, domain, sql)
    const report = await audit(databases, { sections: ['schema'] })
    expect(shortly(report.findings)).toEqual(found)
    expect(report.passed).toBe(false)
  }),
)

it('finds nothing in fresh files, and says how much it looked at', () =>
  withDatabases(async (databases) => {
    const report = await audit(databases, { sections: ['schema'] })
    expect(report).toMatchObject({ passed: true, findings: [] })
    const columns = allModels.flatMap(storedColumns).length
    expect(report.sections[0]?.looked).toMatchObject({ columns, classed: columns, models: allModels.length })
    expect(Object.keys(report.versions.migrations)).toEqual(['identity', 'billing', 'admin'])
  }))

it('tells a file that cannot be opened, and goes on', () =>
  withDatabases(async (databases) => {
    plant(databases, 'admin', 'pragma application_id = 7')
    const report = await audit(databases)
    expect(shortly(report.findings)).toEqual(
      expect.arrayContaining(['high admin.db schema.unopened', 'high the audit run-time.unfinished']),
    )
    expect(report.sections.map(({ section }) => section)).toContain('bytes')
    expect(JSON.stringify(report)).not.toContain(databases.dir)
  }))

const changed = (domain: Domain, name: string, change: (model: CatalogModel) => CatalogModel): Catalog =>
  allModels.map((model) => (model.domain === domain && model.name === name ? change(model) : model))
const column = (name: string, more: object) => (model: CatalogModel) => ({
  ...model,
  columns: model.columns.map((one) => (one.name === name ? { ...one, ...more } : one)),
})
const link = (name: string, to: CatalogModel['links'][number]['to']) => (model: CatalogModel) => ({
  ...model,
  links: model.links.map((one) => (one.column === name ? { ...one, to } : one)),
})

it.each([
  {
    name: 'a class of personal information outside identity.db',
    catalog: changed('billing', 'Subscription', column('tier', { class: 'pii', pii: 'name' })),
    found: ['high billing.db Subscription.tier schema.pii-outside'],
  },
  {
    name: 'a column without a class',
    catalog: changed('admin', 'Voucher', column('type', { class: undefined })),
    found: ['high admin.db Voucher.type schema.unclassed'],
  },
  {
    name: 'a link to an email',
    catalog: changed('billing', 'Subscription', link('userId', { domain: 'identity', model: 'User', column: 'email' })),
    found: ['high billing.db Subscription.userId schema.link'],
  },
  {
    name: 'a link to a code that is worth something',
    catalog: changed('billing', 'Subscription', link('userId', { domain: 'admin', model: 'Voucher', column: 'code' })),
    found: ['high billing.db Subscription.userId schema.link'],
  },
  {
    name: 'a link to nothing',
    catalog: changed('admin', 'Voucher', link('userId', { domain: 'identity', model: 'Person', column: 'id' })),
    found: ['high admin.db Voucher.userId schema.link'],
  },
])('finds $name in the catalog', ({ catalog, found }) => {
  expect(shortly(auditCatalog(catalog))).toEqual(found)
})
