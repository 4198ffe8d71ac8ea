import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Period } from '../../../src/compliance/breach/period.ts'
import { reportOf } from '../../../src/compliance/breach/report.ts'
import { reveal } from '../../../src/compliance/breach/reveal.ts'
import { powerOf, secretColumns } from '../../../src/compliance/breach/secrets.ts'
import { htmlOf, markdownOf } from '../../../src/compliance/breach/write.ts'
import { allModels } from '../../../src/database/catalog.ts'
import type { Domain } from '../../../src/database/domains.ts'
import { gogga } from '../../commands/gogga-child.ts'
import { START } from '../../helpers/one-file.ts'
import { plant } from '../../ops/check/planting.ts'
import { at, type ExportWorld, withPeople } from '../export/world.ts'

const EMAILS = ['thabo@mail.example', 'lerato@mail.example', 'boss@mail.example']

const breachOf = (
  { files, databases: { paths } }: Pick<ExportWorld, 'files' | 'databases'>,
  domain: Domain,
  period: Period = {},
) => reveal({ domain, paths, reader: files[domain].reader, identity: files.identity.reader, now: START, ...period })

describe('what a file reveals', () => {
  it('counts people, rows and categories of billing.db, and that nobody can be named', () =>
    withPeople(async (world) => {
      const breach = await breachOf(world, 'billing')
      expect(breach.people).toMatchObject({ count: 1, ids: ['thabo'], unknown: 1 }) // The word payfast.
      expect(breach.naming).toMatchObject({ answer: 'no', values: 0, occurrences: 0, unclear: 0, findings: [] })
      const { rows, bytes, compared } = breach.naming.looked
      expect(rows).toBeGreaterThanOrEqual(3)
      expect(bytes).toBeGreaterThanOrEqual(statSync(world.databases.paths.billing).size)
      expect(compared).toBeGreaterThanOrEqual(EMAILS.length)
      expect(breach.tables.find(({ table }) => table === 'ProcessedPayment')).toMatchObject({ rows: 1 })
      const ids = breach.categories.find(({ category }) => category.startsWith('subject ids'))
      expect(ids).toMatchObject({ values: 4 })
      expect(breach.secrets).toMatchObject([{ place: 'billing.Subscription.payfastToken', count: 1, live: 1 }])
    }))

  it('counts whatever names somebody there after all', () =>
    withPeople(async (world) => {
      plant(world.databases, 'billing', `update "SubscriptionEvent" set meta = '{"to":"lerato@mail.example"}'`)
      const breach = await breachOf(world, 'billing')
      const text = markdownOf(reportOf(breach))
      expect(text).not.toContain('names nobody: whoever')
      expect(text).toContain('free text, in which personal information was found')
      expect(text).not.toContain('without personal information')
      expect(breach.naming).toMatchObject({ answer: 'yes', values: 1, knownValues: 1 })
      expect(JSON.stringify(breach.naming)).not.toContain('lerato@')
    }))

  it('finds what a dropped table left in free pages, which no row shows', () =>
    withPeople(async (world) => {
      const many = `with recursive n(x) as (select 1 union all select x + 1 from n where x < 500)
        insert into "Old" select 'lerato@mail.example and some more words of a row' from n`
      plant(world.databases, 'billing', 'create table "Old" (note text)', many, 'drop table "Old"')
      const { naming } = await breachOf(world, 'billing')
      expect(naming).toMatchObject({ answer: 'yes', values: 0 })
      expect(naming.occurrences).toBeGreaterThanOrEqual(500)
      expect(naming.findings.some(({ place: { path } }) => /^(free page|wal)/.test(path ?? ''))).toBe(true)
    }))

  it('does not say no of an ID number and a card number among ids and tokens', () =>
    withPeople(async (world) => {
      const [person, card] = ['8001015009087', '4111111111111111']
      plant(world.databases, 'billing', `update "ProcessedPayment" set pfPaymentId = '${person}'`)
      plant(world.databases, 'billing', `update "Subscription" set payfastToken = '${card}'`)
      const { naming } = await breachOf(world, 'billing')
      expect(naming).toMatchObject({ answer: 'perhaps', values: 0, unclear: 2 })
      expect(naming.findings.map(({ place: { column } }) => column).sort()).toEqual(['payfastToken', 'pfPaymentId'])
    }))

  it('says that nothing could be compared where identity.db is missing', () =>
    withPeople(async ({ files, databases: { paths } }) => {
      const asked = { domain: 'billing', paths, reader: files.billing.reader, identity: undefined, now: START } as const
      const breach = await reveal(asked)
      expect(breach.naming).toMatchObject({ answer: 'perhaps', unclear: 0, looked: { bytes: 0, compared: 0 } })
      expect(breach.people).toMatchObject({ areResolved: false, ids: ['payfast', 'thabo'] })
      expect(markdownOf(reportOf(breach))).toMatch(/CANNOT BE RULED OUT.*nothing could be compared/)
    }))

  it('says of admin.db who is in it, and which vouchers still have an effect', () =>
    withPeople(async (world) => {
      await world.files.admin.change((tx) =>
        tx.insert('Voucher', {
          ...{ id: 'v3', code: 'GOGGA-CODE-3', type: 'R200', valueCents: 1, createdBy: 'boss', createdAt: START },
          ...{ expiresAt: at(3), voided: false, redeemed: false },
        }),
      )
      const breach = await breachOf(world, 'admin')
      expect(breach.people.ids).toEqual(['boss', 'lerato', 'thabo'])
      expect(breach.naming.answer).toBe('no')
      expect(breach.secrets).toMatchObject([{ place: 'admin.Voucher.code', count: 2, live: 1 }])
    }))

  it('names everybody by identity.db', () =>
    withPeople(async (world) => {
      const breach = await breachOf(world, 'identity')
      expect(breach.naming.answer).toBe('yes')
      expect(breach.people.ids).toEqual(['boss', 'lerato', 'thabo'])
      const emails = breach.categories.find(({ category }) => category === 'personal information: an email address')
      expect(emails).toMatchObject({ values: 7, places: ['User.email', 'LoginToken.email', 'AuthLog.email'] })
    }))

  it.each([
    ['it ended before the rows were written', { to: at(0) }, 0, null],
    ['it began and ended when they were written', { from: at(0), to: at(1) }, 3, 3],
    ['it began long after: the file still held them', { from: at(20), to: at(30) }, 3, 0],
    ['it is not over', { from: at(20) }, 3, 0],
  ] as const)('counts all that was there at the end of a period: %s', (_name, period, rows, touched) =>
    withPeople(async (world) => {
      const breach = await breachOf(world, 'billing', period)
      const names = ['Subscription', 'ProcessedPayment', 'SubscriptionEvent']
      const timed = breach.tables.filter(({ table, isTimeless }) => !isTimeless && names.includes(table))
      expect(timed).toHaveLength(names.length)
      expect(timed.reduce((sum, one) => sum + one.rows, 0)).toBe(rows)
      expect(breach.touched === null).toBe(touched === null)
      expect(
        timed.reduce<number | null>((sum, one) => (one.touched === null ? null : (sum ?? 0) + one.touched), 0),
      ).toBe(touched)
      expect(breach.people).toMatchObject({
        ids: rows > 0 ? ['thabo'] : [],
        touched: touched === null ? null : Math.min(1, touched),
      })
      expect(breach.secrets).toHaveLength(rows > 0 ? 1 : 0)
      const text = markdownOf(reportOf(breach))
      for (const time of Object.values(period)) expect(text.split(time.toISOString()).length).toBeGreaterThan(3)
    }),
  )

  it('knows the power of every secret and code', () => {
    const columns = secretColumns(allModels)
    expect(columns.length).toBeGreaterThan(5)
    expect(
      columns.filter(([model, column]) => !powerOf(model, column)).map(([{ name }, column]) => `${name}.${column}`),
    ).toEqual([])
  })
})

describe('the pack', () => {
  it('drafts what section 22(5) asks for, with blanks, and holds no address and no secret', () =>
    withPeople(async (world) => {
      for (const domain of ['identity', 'billing', 'admin'] as const) {
        const blocks = reportOf(await breachOf(world, domain))
        const [markdown, page] = [markdownOf(blocks), htmlOf(blocks)]
        for (const words of [
          'Possible consequences',
          'What we did',
          'What you can do',
          'Who did it',
          'Information Regulator',
        ])
          expect(markdown).toContain(words)
        expect(markdown).toMatch(/\*\*\[FILL IN: date[^\]]*\]\*\*/)
        expect(page).toMatch(/<mark>\[FILL IN: date[^\]]*\]<\/mark>/)
        for (const value of [
          ...EMAILS,
          'GOGGA-CODE-1',
          'pf-token-thabo',
          'login-token-thabo',
          'hash-of-thabo',
          '196.25.',
        ]) {
          expect(markdown).not.toContain(value)
          expect(page).not.toContain(value)
        }
      }
      const text = markdownOf(reportOf(await breachOf(world, 'billing')))
      expect(text).toMatch(/No\. Nothing that names or reaches a person was found: 0 values of \d+ rows/)
      expect(text).not.toMatch(/What we did[^\n]*Nothing: /)
    }))

  it('escapes what is written to be markup', () => {
    const blocks = [{ kind: 'text', text: '<script>1</script> | *a* [b](c)' }] as const
    expect(htmlOf([{ kind: 'title', text: '<b>' }, ...blocks])).not.toMatch(/<script|<b>/)
    expect(markdownOf(blocks)).toBe('\\<script\\>1\\</script\\> \\| \\*a\\* \\[b](c)\n')
  })

  it('gives addresses only when asked to, and puts that on record', () =>
    withPeople(async ({ databases: { dir }, files }) => {
      const readings = () => files.identity.rows.list('AccessLog', { apiKeyId: 'command' })
      const page = join(dir, 'breach.html')
      const silent = await gogga(dir, 'breach', '--file', 'billing', '--html', page)
      expect(silent).toMatchObject({ code: 0, out: '', err: expect.stringMatching(/^bytes.*values.*rows/s) })
      expect(statSync(page).mode & 0o777).toBe(0o600)
      expect(readFileSync(page, 'utf8')).not.toContain('thabo@')
      expect(readings()).toEqual([])
      const told = await gogga(dir, 'breach', '--file', 'billing', '--with-contacts', '--json')
      expect(JSON.parse(told.out)).toMatchObject({ contacts: [{ id: 'thabo', email: 'thabo@mail.example' }] })
      expect(readings()).toMatchObject([{ purpose: 'security-incident', subjects: '["thabo"]', route: 'gogga breach' }])
    }))

  it.each([
    [['--file', 'users']],
    [[]],
    [['--file', 'billing', '--from', 'yesterday']],
    [['--file', 'billing', '--from', '2026-11-02', '--to', '2026-11-01']],
    [['--file', 'billing', '--from', '2999-01-01']],
  ])('refuses %j', (args) =>
    withPeople(async ({ databases: { dir } }) => {
      expect(await gogga(dir, 'breach', ...args)).toMatchObject({ code: 2, out: '' })
    }),
  )
})
