import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { reportOf } from '../../../src/compliance/breach/report.ts'
import { type Period, reveal } from '../../../src/compliance/breach/reveal.ts'
import { powerOf, secretColumns } from '../../../src/compliance/breach/secrets.ts'
import { htmlOf, markdownOf } from '../../../src/compliance/breach/write.ts'
import { allModels } from '../../../src/database/catalog.ts'
import type { Files } from '../../../src/database/clients.ts'
import type { Domain } from '../../../src/database/domains.ts'
import { gogga } from '../../commands/gogga-child.ts'
import { START } from '../../helpers/one-file.ts'
import { plant } from '../../ops/check/planting.ts'
import { at, withPeople } from '../export/world.ts'

const EMAILS = ['thabo@mail.example', 'lerato@mail.example', 'boss@mail.example']

function breachOf({ identity, billing, admin }: Files, domain: Domain, period: Period = {}) {
  const readers = { identity: identity.reader, billing: billing.reader, admin: admin.reader }
  return reveal({ domain, readers, now: START, ...period })
}

describe('what a file reveals', () => {
  it('counts people, rows and categories of billing.db, and that nobody can be named', () =>
    withPeople(({ files }) => {
      const breach = breachOf(files, 'billing')
      expect(breach.people).toEqual({ count: 1, ids: ['thabo'], unknown: 1 }) // The word payfast.
      expect(breach.naming).toMatchObject({ canName: false, values: 0, knownValues: 0, findings: [] })
      expect(breach.naming.rowsLookedAt).toBeGreaterThanOrEqual(3)
      expect(breach.tables.find(({ table }) => table === 'ProcessedPayment')).toMatchObject({ rows: 1 })
      const ids = breach.categories.find(({ category }) => category.startsWith('subject ids'))
      expect(ids).toMatchObject({ values: 4 })
      expect(breach.secrets).toMatchObject([{ place: 'billing.Subscription.payfastToken', count: 1, live: 1 }])
    }))

  it('counts whatever names somebody there after all', () =>
    withPeople(({ files, databases }) => {
      plant(databases, 'billing', `update "SubscriptionEvent" set meta = '{"to":"lerato@mail.example"}'`)
      const breach = breachOf(files, 'billing')
      const { naming } = breach
      expect(markdownOf(reportOf(breach))).not.toContain('names nobody: whoever')
      expect(naming).toMatchObject({ canName: true, values: 1, knownValues: 1 })
      const told = breach.categories.filter(({ places }) => places.includes('SubscriptionEvent.meta'))
      expect(told).toMatchObject([{ category: expect.stringContaining('personal information was found') }])
      expect(JSON.stringify(breach.categories)).not.toContain('without personal information')
      expect(JSON.stringify(naming)).not.toContain('lerato@')
    }))

  it('says of admin.db who is in it, and which vouchers still have an effect', () =>
    withPeople(async ({ files }) => {
      await files.admin.change((tx) =>
        tx.insert('Voucher', {
          ...{ id: 'v3', code: 'GOGGA-CODE-3', type: 'R200', valueCents: 1, createdBy: 'boss', createdAt: START },
          ...{ expiresAt: at(3), voided: false, redeemed: false },
        }),
      )
      const breach = breachOf(files, 'admin')
      expect(breach.people.ids).toEqual(['boss', 'lerato', 'thabo'])
      expect(breach.naming.canName).toBe(false)
      expect(breach.secrets).toMatchObject([{ place: 'admin.Voucher.code', count: 2, live: 1 }])
    }))

  it('names everybody by identity.db', () =>
    withPeople(({ files }) => {
      const breach = breachOf(files, 'identity')
      expect(breach.naming.canName).toBe(true)
      expect(breach.people.ids).toEqual(['boss', 'lerato', 'thabo'])
      const emails = breach.categories.find(({ category }) => category === 'personal information: an email address')
      expect(emails).toMatchObject({ values: 7, places: ['User.email', 'LoginToken.email', 'AuthLog.email'] })
    }))

  it.each([
    ['before the rows were written', { to: at(0) }, 0],
    ['when they were', { from: at(0), to: at(1) }, 3],
    ['after', { from: at(1) }, 0],
  ] as const)('counts rows of a period: %s', (_name, period, rows) =>
    withPeople(({ files }) => {
      const breach = breachOf(files, 'billing', period)
      const timed = breach.tables.filter(({ isTimeless }) => !isTimeless)
      const names = ['Subscription', 'ProcessedPayment', 'SubscriptionEvent']
      expect(timed.map(({ table }) => table)).toEqual(expect.arrayContaining(names))
      const sum = timed.filter(({ table }) => names.includes(table)).reduce((total, one) => total + one.rows, 0)
      expect(sum).toBe(rows)
      expect(breach.people.ids).toEqual(rows > 0 ? ['thabo'] : [])
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
    withPeople(({ files }) => {
      for (const domain of ['identity', 'billing', 'admin'] as const) {
        const blocks = reportOf(breachOf(files, domain))
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
      expect(markdownOf(reportOf(breachOf(files, 'billing')))).toContain('No. All values of all')
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
      expect(silent).toMatchObject({ code: 0, out: '', err: '' })
      expect(statSync(page).mode & 0o777).toBe(0o600)
      expect(readFileSync(page, 'utf8')).not.toContain('thabo@')
      expect(readings()).toEqual([])
      const told = await gogga(dir, 'breach', '--file', 'billing', '--with-contacts', '--json')
      expect(JSON.parse(told.out)).toMatchObject({ contacts: [{ id: 'thabo', email: 'thabo@mail.example' }] })
      expect(readings()).toMatchObject([{ purpose: 'security-incident', subjects: '["thabo"]', route: 'gogga breach' }])
    }))

  it.each([[['--file', 'users']], [[]], [['--file', 'billing', '--from', 'yesterday']]])('refuses %j', (args) =>
    withPeople(async ({ databases: { dir } }) => {
      expect(await gogga(dir, 'breach', ...args)).toMatchObject({ code: 2, out: '' })
    }),
  )
})
