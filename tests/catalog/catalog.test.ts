import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { buildCatalog, DOMAINS } from '../../prisma/catalog/build.ts'
import { parseSchema } from '../../prisma/catalog/parse.ts'
import { printCatalog } from '../../prisma/catalog/print.ts'
import { modelOfResource, relationsOf } from '../../src/database/catalog.ts'
import { models } from '../../src/generated/catalog.ts'

type Domain = (typeof DOMAINS)[number]
type Edit = readonly [domain: Domain, from: string, to: string]

const FOLDER = join(import.meta.dirname, '../../prisma')

/** The project's own schemas, with one of them edited as a person would. */
function schemas(edit?: Edit) {
  return DOMAINS.map((domain) => {
    const source = readFileSync(join(FOLDER, `${domain}.prisma`), 'utf8')
    const [target, from, to] = edit ?? []
    if (domain === target && !source.includes(from ?? '')) throw new Error(`${domain}.prisma has no "${from}"`)
    const text = domain === target ? source.replace(from ?? '', to ?? '') : source
    return { domain, models: parseSchema(text, `prisma/${domain}.prisma`), text }
  })
}

const lineOf = (domain: Domain, edit: Edit, text: string): number => {
  const source = schemas(edit).find((schema) => schema.domain === domain)?.text ?? ''
  return source.slice(0, source.indexOf(text)).split('\n').length
}

describe('the catalog', () => {
  it('classes every column of the three schemas', () => {
    const { models: built, problems } = buildCatalog(schemas())
    expect(problems).toEqual([])
    const fields = schemas().flatMap((schema) => schema.models.flatMap((model) => model.fields))
    expect(built.flatMap(({ columns }) => columns)).toHaveLength(fields.length)
  })

  it('is what the generator wrote', () => {
    const types = readFileSync(join(FOLDER, 'catalog/types.ts'), 'utf8')
    const printed = printCatalog(buildCatalog(schemas()).models, types)
    expect(readFileSync(join(FOLDER, '../src/generated/catalog.ts'), 'utf8')).toBe(printed)
  })

  it('holds all eleven tables of the unified database', () => {
    const tables = models.flatMap(({ legacy }) => (legacy && !legacy.moved ? [legacy.table] : []))
    expect(tables.sort()).toEqual(
      'AdminLog AuthLog CreditPurchase LoginToken ProcessedPayment RecurringSchedule Subscription SubscriptionEvent User Voucher VoucherLog'.split(
        ' ',
      ),
    )
  })

  it('keeps personal information in identity alone', () => {
    const outside = models.filter(({ domain }) => domain !== 'identity')
    expect(outside.flatMap(({ columns }) => columns).filter((column) => column.class === 'pii')).toEqual([])
  })

  it('tells in a sentence what tables and columns hold, where the schema does', () => {
    const log = models.find(({ name }) => name === 'DetachedValue')
    expect(log?.about).toMatch(/^Personal information that was taken out of free text .* in its place\.$/)
    const about = log?.columns.map((column) => [column.name, column.about])
    expect(about).toContainEqual(['raw', 'The exact characters that were taken out, escapes included.'])
    expect(about).toContainEqual(['id', undefined])
  })

  it('gives links in both directions, one where the column is unique', () => {
    const relations = relationsOf(modelOfResource('users'))
    expect(relations.find(({ name }) => name === 'subscription')).toMatchObject({ many: false, forward: false })
    expect(relations.find(({ name }) => name === 'payments')).toMatchObject({ many: true, forward: false })
    expect(relationsOf(modelOfResource('vouchers')).find(({ name }) => name === 'user')).toMatchObject({
      forward: true,
    })
  })
})

const refused: readonly { name: string; edit: Edit; at: string; says: string }[] = [
  {
    name: 'an owner whom no linked row names',
    edit: ['identity', 'of=admin.AdminLog.adminId', 'of=admin.AdminLog.action'],
    at: '  ip         String',
    says: 'identity.AdminLogOrigin.ip has of=admin.AdminLog.action: expected a column that names a person',
  },
  {
    name: 'a column without a class',
    edit: ['billing', '  /// @plain\n  chargeCount', '  chargeCount'],
    at: '  chargeCount',
    says: 'billing.RecurringSchedule.chargeCount has no class',
  },
  {
    name: 'a column with two classes',
    edit: ['admin', '  /// @key bearer\n  code', '  /// @key bearer\n  /// @secret\n  code'],
    at: '  code ',
    says: 'has 2 classes (@key, @secret)',
  },
  {
    name: 'a kind of key that there is not',
    edit: ['admin', '  /// @key bearer\n  code', '  /// @key bearers\n  code'],
    at: '  /// @key bearers',
    says: 'admin.Voucher.code is @key bearers: expected @key or @key bearer',
  },
  {
    name: 'a link to a model that is not there',
    edit: [
      'billing',
      '@link identity.User.id onErase=delete name=user inverse=subscription',
      '@link identity.Person.id onErase=delete name=user inverse=subscription',
    ],
    at: '  userId          String    @unique',
    says: 'links to identity.Person.id, which is in none of the three schemas',
  },
  {
    name: 'a link to a column that is not there',
    edit: ['admin', '@link admin.Voucher.id', '@link admin.Voucher.uuid'],
    at: '  voucherId String',
    says: 'links to admin.Voucher.uuid',
  },
  {
    name: 'a link to a column that is not unique',
    edit: ['admin', '@link admin.Voucher.id', '@link admin.Voucher.type'],
    at: '  voucherId String',
    says: 'not unique',
  },
  {
    name: 'a PII class outside identity',
    edit: ['billing', '  /// @freetext\n  meta', '  /// @pii freetext\n  meta'],
    at: '  /// @pii freetext',
    says: 'personal information lives in identity.prisma alone',
  },
  {
    name: 'a kind of PII that there is not',
    edit: [
      'identity',
      '/// @pii email\n  email          String   @unique',
      '/// @pii mail\n  email          String   @unique',
    ],
    at: '  /// @pii mail',
    says: '@pii mail: expected one of email, phone, ip, name, freetext',
  },
  {
    name: 'an annotation that there is not',
    edit: ['admin', '  /// @key bearer\n  code', '  /// @key\n  /// @index\n  code'],
    at: '  /// @index',
    says: '@index, which is no annotation of a column',
  },
  {
    name: 'an onErase that there is not',
    edit: ['admin', 'onErase=null', 'onErase=drop'],
    at: '  /// @link identity.User.id onErase=drop',
    says: 'onErase is "drop", expected keep, delete, null',
  },
  {
    name: 'onErase=null on a column that cannot be null',
    edit: [
      'billing',
      '@link identity.User.id onErase=delete name=user inverse=subscription',
      '@link identity.User.id onErase=null name=user inverse=subscription',
    ],
    at: '  /// @link identity.User.id onErase=null',
    says: 'onErase=null needs a nullable column',
  },
  {
    name: 'two links of one name',
    edit: ['admin', 'name=voider inverse=voidedVouchers', 'name=creator inverse=voidedVouchers'],
    at: '  createdBy ',
    says: 'name=creator is taken',
  },
  {
    name: 'a retention by a column that is not there',
    edit: ['admin', '@retain 5y createdAt', '@retain 5y written'],
    at: '/// @retain 5y written',
    says: '@retain expects a period such as 5y and a column of AdminLog',
  },
  {
    name: 'a retention after the erasure of a person that no column names',
    edit: ['billing', '@retain 7y processedAt erased=userId', '@retain 7y processedAt erased=person'],
    at: '/// @retain 7y processedAt erased=person',
    says: '@retain expects a period such as 5y and a column of ProcessedPayment',
  },
]

describe('the generator refuses, with the line,', () => {
  it.each(refused)('$name', ({ edit, at, says }) => {
    const { problems } = buildCatalog(schemas(edit))
    const line = lineOf(edit[0], edit, at)
    expect(problems.map((problem) => `${problem.file}:${problem.line}`)).toContain(`prisma/${edit[0]}.prisma:${line}`)
    expect(problems.map(({ message }) => message).join('\n')).toContain(says)
  })
})
