import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { exportPerson, personIn } from '../../../src/compliance/export/export.ts'
import { htmlOf } from '../../../src/compliance/export/html.ts'
import { pdfOf } from '../../../src/compliance/export/pdf.ts'
import { BEARER, OF_ANOTHER, SECRET } from '../../../src/compliance/export/shown.ts'
import { allModels, type CatalogModel, columnOf } from '../../../src/database/catalog.ts'
import { START } from '../../helpers/one-file.ts'
import { pagesOf } from '../../helpers/pdf-text.ts'
import { at, NEVER, rowsIn, withPeople } from './world.ts'

const idsIn = (rows: readonly Readonly<Record<string, unknown>>[]) => rows.map(({ id }) => id)

describe('what is held about a person', () => {
  it('comes out of all three files, by subject id or by an address in any case', () =>
    withPeople(({ json }) => {
      const exported = json('THABO@mail.example')
      expect(exported).toEqual(json('thabo'))
      expect(exported.subject).toMatchObject({ ids: ['thabo'], kind: 'user', isAdministrator: false })
      expect(rowsIn(exported, 'identity', 'User')).toMatchObject([{ email: 'thabo@mail.example', isAdmin: false }])
      expect(idsIn(rowsIn(exported, 'identity', 'LoginToken'))).toEqual(['lt1'])
      expect(rowsIn(exported, 'identity', 'AuthLog')).toMatchObject([{ id: 'al1', ip: '196.25.1.7' }])
      expect(rowsIn(exported, 'identity', 'Restriction')).toMatchObject([{ note: 'please stop' }])
      expect(rowsIn(exported, 'identity', 'LegacyOriginal')).toMatchObject([{ value: 'THABO@mail.example' }])
      expect(rowsIn(exported, 'billing', 'ProcessedPayment')).toMatchObject([{ amountCents: 9_900 }])
      expect(idsIn(rowsIn(exported, 'billing', 'SubscriptionEvent'))).toEqual(['e1'])
      expect(idsIn(rowsIn(exported, 'admin', 'Voucher'))).toEqual(['v1'])
      expect(exported.count).toBe(exported.tables.reduce((sum, { rows }) => sum + rows.length, 0))
    }))

  it('reaches over one more link, and leaves out rows of others there', () =>
    withPeople(({ json }) => {
      const exported = json('thabo')
      expect(idsIn(rowsIn(exported, 'admin', 'VoucherLog'))).toEqual(['vl1'])
      expect(rowsIn(exported, 'identity', 'AdminLogOrigin')).toEqual([{ adminLogId: 'log1', ip: OF_ANOTHER }])
    }))

  it('says who had access, for what, and of nobody else that they were in the same answer', () =>
    withPeople(({ json }) => {
      const [only, ...more] = rowsIn(json('thabo'), 'identity', 'AccessLog')
      expect(more).toEqual([])
      expect(only).toMatchObject({
        ...{ id: 'x1', reader: 'support desk', route: 'GET /v1/users', fields: 'users.email' },
        ...{ purpose: 'support', subjects: ['thabo'], createdAt: START.toISOString() },
      })
      expect(only?.purposeWords).toMatch(/^Helping a person/)
    }))

  it('puts back what was taken out of texts about them, addresses of others aside', () =>
    withPeople(({ json }) => {
      const exported = json('thabo')
      const [log] = rowsIn(exported, 'admin', 'AdminLog')
      expect(log?.meta).toBe(`called 082 123 4567, not pii:${'c'.repeat(32)}`)
      const values = rowsIn(exported, 'identity', 'DetachedValue').map(({ value }) => value)
      expect(values.sort()).toEqual(['082 123 4567', 'thabo@mail.example'])
    }))

  it('says that there are secrets and codes, and shows none', () =>
    withPeople(({ json }) => {
      const exported = json('thabo')
      expect(rowsIn(exported, 'identity', 'Session')).toMatchObject([{ tokenHash: SECRET }])
      expect(rowsIn(exported, 'billing', 'Subscription')).toMatchObject([{ payfastToken: SECRET }])
      expect(rowsIn(exported, 'admin', 'Voucher')).toMatchObject([{ code: BEARER }])
    }))

  it('holds no secret and nothing of anybody else, in JSON, HTML and PDF', () =>
    withPeople(async ({ files, text }) => {
      const readers = { identity: files.identity.reader, billing: files.billing.reader, admin: files.admin.reader }
      const events = () => exportPerson({ readers, person: personIn(readers, 'thabo'), now: START })
      const parts: Uint8Array[] = []
      for await (const part of pdfOf(events())) parts.push(part)
      const pdf = Buffer.concat(parts)
      expect(pdf.subarray(0, 5).toString()).toBe('%PDF-')
      expect(pdf.subarray(-6).toString()).toContain('%%EOF')
      const pages = pagesOf(pdf).join('\n')
      for (const { domain, name } of allModels)
        expect(pages).toMatch(new RegExp(`${domain}\\.db(: |, |, table )${name}\\b`))
      expect(pages).toContain('Tables that could hold something about you, and hold nothing')
      for (const document of [text('thabo'), [...htmlOf(events())].join(''), pages]) {
        expect(document).toContain('thabo@mail.example')
        expect(NEVER.filter((value) => document.includes(value))).toEqual([])
      }
    }))

  it('gives an administrator what they did and from where, and nothing of those to whom they did it', () =>
    withPeople(({ json, text }) => {
      const exported = json('boss')
      expect(exported.subject.isAdministrator).toBe(true)
      expect(idsIn(rowsIn(exported, 'admin', 'AdminLog'))).toEqual(['log1', 'log2'])
      expect(rowsIn(exported, 'identity', 'AdminLogOrigin')).toMatchObject([{ ip: '196.25.9.9' }, { ip: '196.25.9.9' }])
      expect(rowsIn(exported, 'admin', 'AdminLog').map(({ meta }) => meta)).not.toContain('082')
      for (const value of ['082 123 4567', '082 999 9999', 'thabo@mail.example', 'lerato@mail.example'])
        expect(text('boss')).not.toContain(value)
    }))

  it('escapes what is written to be markup', () =>
    withPeople(async ({ files }) => {
      const note = `</td><script>alert("1")</script><img src=x onerror='2'>\u0000`
      await files.identity.change((tx) => tx.update('Restriction', { id: 'r1' }, { note }))
      const readers = { identity: files.identity.reader, billing: files.billing.reader, admin: files.admin.reader }
      const page = [...htmlOf(exportPerson({ readers, person: personIn(readers, 'thabo'), now: START }))].join('')
      expect(page).toContain('&lt;script&gt;alert(&quot;1&quot;)')
      // A row of 18 columns is a card, one of six a row of a table.
      expect(page).toMatch(/<dl class="record"><div><dt>id<\/dt>.*<dt>monthlyCredits<\/dt>/)
      expect(page).toMatch(/<tr><th>id<\/th><th>pfPaymentId<\/th>/)
      for (const { domain, name } of allModels)
        expect(page).toMatch(new RegExp(`${domain}\\.db(, table |</td><td>)${name}<`))
      expect(page).not.toMatch(/<script|<img/)
      expect(page).not.toContain('\u0000')
    }))
})

describe('completeness by the catalog', () => {
  it('has every table, either among those that lead to people or among the others', () =>
    withPeople(({ json }) => {
      const { tables, tablesWithoutAnythingOfPeople: others } = json('thabo')
      expect(tables.length + others.length).toBe(allModels.length)
      expect(others.map(({ table }) => table)).not.toContain('ChargeAttempt')
      for (const { columns, file, table } of tables) {
        const model = allModels.find((one) => `${one.domain}.db` === file && one.name === table)
        expect(columns.map(({ name }) => name)).toEqual(
          expect.arrayContaining(model?.columns.map(({ name }) => name) ?? []),
        )
        expect(columns.filter(({ about }) => about === '')).toEqual([])
      }
    }))

  it('finds a column and a table that somebody adds', () =>
    withPeople(async ({ databases, json }) => {
      const plant = (domain: 'identity' | 'billing', sql: string) => {
        using file = {
          db: new Database(databases.paths[domain]),
          [Symbol.dispose]() {
            this.db.close()
          },
        }
        file.db.exec(sql)
      }
      plant(
        'identity',
        `alter table "User" add column nickname text; update "User" set nickname = 'Tee' where id = 'thabo'`,
      )
      plant(
        'billing',
        `create table "Refund" (id text primary key, paymentId text, personId text, words text);
         insert into "Refund" values ('f1', 'p1', null, 'by payment'), ('f2', 'none', 'thabo', 'by id'), ('f3', 'none', 'lerato', 'no')`,
      )
      const models = allModels.map((model) =>
        model.domain === 'identity' && model.name === 'User' ? withNickname(model) : model,
      )
      const exported = json('thabo', [...models, REFUND])
      expect(rowsIn(exported, 'identity', 'User')).toMatchObject([{ nickname: 'Tee' }])
      expect(idsIn(rowsIn(exported, 'billing', 'Refund'))).toEqual(['f2', 'f1'])
      expect(exported.tables.find(({ table }) => table === 'Refund')?.why).toMatch(/No purpose is written down/)
    }))
})

const plain = { type: 'text', nullable: true, unique: false } as const

const withNickname = (model: CatalogModel): CatalogModel => ({
  ...model,
  columns: [...model.columns, { ...plain, name: 'nickname', class: 'pii', pii: 'name', about: 'What friends say.' }],
})

const REFUND: CatalogModel = {
  domain: 'billing',
  name: 'Refund',
  key: ['id'],
  indexes: [],
  columns: [
    { ...plain, name: 'id', unique: true, class: 'key' },
    { ...plain, name: 'paymentId', class: 'link' },
    { ...plain, name: 'personId', class: 'subject' },
    { ...plain, name: 'words', class: 'freetext' },
  ],
  links: [
    {
      ...{ column: 'paymentId', to: { domain: 'billing', model: 'ProcessedPayment', column: 'id' }, onErase: 'keep' },
      ...{ name: 'payment', inverse: 'refunds', subject: false },
    },
    {
      ...{ column: 'personId', to: { domain: 'identity', model: 'User', column: 'id' }, onErase: 'keep' },
      ...{ name: 'person', inverse: 'refunds', subject: true },
    },
  ],
}

describe('whose an address is', () => {
  it('asks back where it passed from one person to another, and gives each their own', () =>
    withPeople(async ({ files, json }) => {
      const old = 'shared@mail.example'
      await files.identity.change((tx) => {
        const door = { action: 'sign_in', ip: null, meta: null, email: old }
        tx.insert('AuthLog', { id: 'early', ...door, createdAt: at(1) })
        tx.insert('Correction', {
          ...{ id: 'c1', subjectId: 'lerato', field: 'identity.User.email', outcome: 'corrected', note: old },
          createdAt: at(2),
        })
        tx.update('User', { id: 'thabo' }, { email: old })
        tx.insert('AuthLog', { id: 'late', ...door, createdAt: at(3) })
      })
      expect(() => json(old)).toThrow(/^2 people have or had this address/)
      try {
        json(old)
      } catch (error) {
        expect((error as { hint: string }).hint).toMatch(/thabo \(now\); lerato \(until 20/)
      }
      expect(idsIn(rowsIn(json('thabo'), 'identity', 'AuthLog'))).toContain('late')
      expect(idsIn(rowsIn(json('thabo'), 'identity', 'AuthLog'))).not.toContain('early')
      expect(idsIn(rowsIn(json('lerato'), 'identity', 'AuthLog'))).toEqual(expect.arrayContaining(['early', 'al2']))
      expect(idsIn(rowsIn(json('lerato'), 'identity', 'AuthLog'))).not.toContain('late')
    }))

  it('takes a contact with the address of an account for the same person', () =>
    withPeople(async ({ files, json }) => {
      await files.identity.change((tx) =>
        tx.insert('Contact', {
          ...{ id: 'contact', email: 'Thabo@Mail.example', emailKey: 'thabo@mail.example', createdAt: START },
        }),
      )
      expect(json('thabo').subject.ids).toEqual(['thabo', 'contact'])
      expect(json('contact').subject).toMatchObject({ ids: ['contact', 'thabo'], kind: 'user' })
    }))

  it('gives what is still held of somebody who was erased, by subject id', () =>
    withPeople(async ({ files, json }) => {
      await files.identity.change((tx) => {
        tx.insert('Tombstone', { subjectId: 'gone', erasedAt: START })
      })
      await files.billing.change((tx) =>
        tx.insert('ProcessedPayment', {
          ...{ id: 'p9', pfPaymentId: 'pf9', type: 'subscription', amountCents: 1, userId: 'gone', processedAt: START },
        }),
      )
      const exported = json('gone')
      expect(exported.subject.kind).toBe('erased')
      expect(idsIn(rowsIn(exported, 'billing', 'ProcessedPayment'))).toEqual(['p9'])
    }))

  it.each(['nobody', 'nobody@mail.example'])('knows nobody by %s', (who) =>
    withPeople(({ json }) => {
      expect(() => json(who)).toThrow(/^No person has/)
    }),
  )
})

it('knows the columns that its rules name', () => {
  const log = allModels.find(({ domain, name }) => domain === 'identity' && name === 'AccessLog')
  const values = allModels.find(({ domain, name }) => domain === 'identity' && name === 'DetachedValue')
  expect(log && columnOf(log, 'subjects')).toBeDefined()
  expect(['place', 'rowId', 'value', 'raw'].map((name) => values && columnOf(values, name)?.name)).not.toContain(
    undefined,
  )
})
