import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { Finding } from '../../../src/compliance/audit/finding.ts'
import { auditValues, findingsInValues } from '../../../src/compliance/audit/values.ts'
import { type Connection, openReader, openWriter } from '../../../src/database/connections.ts'
import { DOMAINS, type Domain } from '../../../src/database/domains.ts'
import { seededRandom } from '../../../src/ops/makers.ts'
import { seed } from '../../../src/ops/seed.ts'
import type { PiiKind } from '../../../src/pii/kinds.ts'
import { type Databases, withDatabases } from '../../helpers/databases.ts'
import { A_TIME, insertRows } from '../../helpers/people.ts'
import { encodings } from '../../pii/encoded.ts'
import { valuesOf } from '../../pii/values.ts'

type Writers = Readonly<Record<Domain, Connection>>

/** The findings about what `plant` wrote, the ones of scope apart. */
async function found(plant: (writers: Writers, databases: Databases) => void): Promise<Finding[]> {
  return withDatabases((databases) => {
    const open = (how: typeof openReader) =>
      Object.fromEntries(DOMAINS.map((domain) => [domain, how(domain, databases.paths[domain])])) as Writers
    const writers = open(openWriter)
    plant(writers, databases)
    for (const domain of DOMAINS) writers[domain].close()
    const readers = open(openReader)
    try {
      return findingsInValues(readers).filter(({ severity }) => severity !== 'info')
    } finally {
      for (const domain of DOMAINS) readers[domain].close()
    }
  })
}

const brief = (findings: readonly Finding[]) =>
  findings.map(({ code, place, count }) => [code, ...Object.values(place), count].join(' ')).sort()

const kinds = Object.keys(valuesOf) as PiiKind[]
const event = (id: string, meta: string) => ({ id, subscriptionId: 's1', userId: 'u1', meta })

describe('every encoding of every kind is found in free text, and named', () => {
  test.each(Object.keys(encodings))('%s', async (name) => {
    const encode = encodings[name] ?? String
    const rows = kinds.map((kind) => event(kind, `for ${encode(valuesOf[kind][0] ?? '')}`))
    const findings = await found((writers) => insertRows(writers, 'subscription-events', rows))
    expect(new Set(findings.map(({ code }) => code))).toEqual(new Set(kinds.map((kind) => `values.${kind}`)))
    for (const { place, message } of findings) {
      expect(place).toMatchObject({ file: 'billing.db', table: 'SubscriptionEvent', column: 'meta' })
      for (const kind of kinds) expect(JSON.stringify({ place, message })).not.toContain(valuesOf[kind][0])
    }
  })
})

test('JSON paths, with lists as [*], grouped and counted', async () => {
  const meta = (email: string) => JSON.stringify({ buyer: { contacts: [{ note: `mail ${email}` }, { note: 'none' }] } })
  const findings = await found((writers) =>
    insertRows(
      writers,
      'subscription-events',
      ['a@example.com', 'b@example.com'].map((email, n) => event(`e${n}`, meta(email))),
    ),
  )
  expect(brief(findings)).toEqual(['values.email billing.db SubscriptionEvent meta $.buyer.contacts[*].note 2'])
})

test('JSON in a string of JSON, a number, and a key that is an email', async () => {
  const id = valuesOf.idNumber[0] ?? ''
  const findings = await found((writers) =>
    insertRows(writers, 'subscription-events', [
      event('e1', JSON.stringify({ body: JSON.stringify({ to: 'a@example.com' }) })),
      event('e2', `{"id_number":${id}}`),
      event('e3', JSON.stringify({ 'a@example.com': true })),
    ]),
  )
  expect(brief(findings)).toEqual([
    'values.email billing.db SubscriptionEvent meta $.* (key) 1',
    'values.email billing.db SubscriptionEvent meta $.body(json).to 1',
    'values.idNumber billing.db SubscriptionEvent meta $.id_number 1',
  ])
})

test('a table, a column, a blob and a view that the catalog does not know', async () => {
  const findings = await found(({ billing, admin }) => {
    billing.exec('create table Notes (id integer primary key, body text, raw blob) strict')
    billing.prepare('insert into Notes values (1, ?, ?)').run('call 082 123 4567', Buffer.from('x@example.com'))
    admin.exec('alter table Voucher add column remark text')
    admin.exec(
      `insert into Voucher (id, code, type, createdBy, expiresAt, remark) values ('v1', 'C1', 'R200', 'u1', '${A_TIME}', 'for x@example.com')`,
    )
    admin.exec('create table Keyed (k text primary key, v any) without rowid')
    admin.exec(`insert into Keyed values ('a', '196.25.1.7'), ('b', 8001015009087)`)
    admin.exec(`create view Old as select 1 as 'one' where 'x@example.com' is not null`)
  })
  expect(brief(findings)).toEqual([
    'values.email admin.db Voucher remark 1',
    'values.email admin.db sqlite_schema sql 1',
    'values.email billing.db Notes raw 1',
    'values.idNumber admin.db Keyed v 1',
    'values.ip admin.db Keyed v 1',
    'values.phone billing.db Notes body 1',
  ])
  expect(findings.find(({ place }) => place.column === 'remark')?.next).toContain('prisma/admin.prisma')
})

const payment = (id: string, pfPaymentId: string) => ({ id, pfPaymentId, userId: 'u1', type: 'subscription' })

describe('columns of ids and codes', () => {
  test('digits that look like a number are let be', async () => {
    const findings = await found((writers) => {
      insertRows(writers, 'payments', [payment('4111111111111111', '0821234567')])
      insertRows(writers, 'subscription-events', [
        event('e1', JSON.stringify({ pf_payment_id: '0821234567', batchId: '4111111111111111' })),
      ])
    })
    expect(findings).toEqual([])
  })

  test('what no id looks like is found', async () => {
    const findings = await found((writers) => {
      insertRows(writers, 'payments', [payment('p1', '082 123 4567')])
      insertRows(writers, 'subscription-events', [event('e1', JSON.stringify({ batchId: '196.25.1.7' }))])
      writers.billing.exec('analyze')
    })
    expect(brief(findings)).toEqual([
      'values.ip billing.db SubscriptionEvent meta $.batchId 1',
      'values.phone billing.db ProcessedPayment pfPaymentId 1',
    ])
  })

  test('emails, and what identity.db knows, are not', async () => {
    const findings = await found((writers) => {
      insertRows(writers, 'users', [{ id: 'u1', email: 'Thabo.M@example.com' }])
      writers.identity
        .prepare(
          `insert into DetachedValue (id, kind, raw, value, place, rowId) values ('d1', 'phone', '+27 82 123 4567', '+27 82 123 4567', 'x', 'r')`,
        )
        .run()
      insertRows(writers, 'payments', [
        payment('p1', '0821234567'),
        payment(Buffer.from('thabo.m@example.com').toString('base64'), 'b'),
        payment('PROMO-thabo.m@EXAMPLE.com', 'c'),
        payment('p4', 'other@example.com'),
      ])
    })
    expect(brief(findings)).toEqual([
      'values.email billing.db ProcessedPayment id (base64) 1',
      'values.email billing.db ProcessedPayment id 1',
      'values.email billing.db ProcessedPayment pfPaymentId 1',
      'values.phone billing.db ProcessedPayment pfPaymentId 1',
    ])
    expect(findings.filter(({ message }) => message.includes('identity.db knows whose'))).toHaveLength(3)
  })
})

test('keys of JSON that only end like an id', async () => {
  const keys = 'said paid kids void grid postcode monkey passcode reference nationalId rsaId id_number'.split(' ')
  const findings = await found((writers) =>
    insertRows(writers, 'subscription-events', [
      ...keys.map((key) => event(key, JSON.stringify({ [key]: `T. 8001015009087` }))),
      event('list', JSON.stringify({ notes: { kids: ['082 555 9999'] } })),
      event('bare', JSON.stringify({ postcode: '0825559999', rsaId: '8001015009087', userId: '8001015009087' })),
    ]),
  )
  // Those that are no words of fields are not repeated: paid, kids, grid, monkey, passcode.
  expect(brief(findings)).toEqual(
    [
      'values.idNumber billing.db SubscriptionEvent meta $.* 5',
      ...['said', 'void', 'postcode', 'reference', 'nationalId', 'rsaId', 'id_number'].map(
        (key) => `values.idNumber billing.db SubscriptionEvent meta $.${key} ${key === 'rsaId' ? 2 : 1}`,
      ),
      'values.phone billing.db SubscriptionEvent meta $.notes.*[*] 1',
      'values.phone billing.db SubscriptionEvent meta $.postcode 1',
    ].sort(),
  )
})

test('a name of somebody as a key of JSON, or of a column, is not repeated', async () => {
  const findings = await found((writers) => {
    insertRows(writers, 'contacts', [{ id: 'c1', email: 'Thabo Mokoena', emailKey: 'thabo mokoena' }])
    insertRows(writers, 'subscription-events', [event('e1', '{"Thabo_Mokoena":"082 555 9999"}')])
    writers.billing.exec('create table Notes (id integer primary key, Lerato_Dlamini text)')
    writers.billing.exec(`insert into Notes values (1, 'x@example.com')`)
  })
  expect(JSON.stringify(findings)).not.toMatch(/Thabo|Lerato/)
  expect(brief(findings)).toEqual([
    'values.email billing.db Notes * 1',
    'values.known billing.db SubscriptionEvent meta $.* (key) 1',
    'values.phone billing.db SubscriptionEvent meta $.* 1',
  ])
})

test('a word that stands in the place of an address or a name is nobody’s', async () => {
  const findings = await found((writers) => {
    insertRows(writers, 'auth-logs', [{ id: 'l1', action: 'login', ip: 'unknown', email: 'unknown' }])
    insertRows(writers, 'contacts', [{ id: 'c1', email: 'System', emailKey: 'system' }])
    insertRows(writers, 'payments', [{ ...payment('p1', 'a'), userId: 'unknown' }])
    insertRows(writers, 'subscription-events', [
      { ...event('e1', 'reason unknown'), userId: 'unknown', actor: 'system' },
    ])
  })
  expect(findings).toEqual([])
})

test('names and numbers of people that no detector sees', async () => {
  const findings = await found((writers) => {
    insertRows(writers, 'contacts', [{ id: 'c1', email: 'Thabo van der Merwe', emailKey: 'thabo van der merwe' }])
    writers.identity
      .prepare(
        `insert into DetachedValue (id, kind, raw, value, place, rowId) values ('d1', 'phone', '0821234567', '0821234567', 'x', 'r')`,
      )
      .run()
    insertRows(writers, 'subscription-events', [
      event('e1', 'asked by THABO van-der-Merwe himself'),
      event('e2', 'number 82 123 4567, without its zero'),
      event('e3', 'asked by Thabo van Wyk, 82 123 4568'),
    ])
  })
  expect(brief(findings)).toEqual(['values.known billing.db SubscriptionEvent meta 2'])
})

test('bytes that are no text are searched for emails of people', async () => {
  const findings = await found(({ identity, billing }) => {
    identity.exec(`insert into User (id, email, updatedAt) values ('u1', 'thabo@example.com', '${A_TIME}')`)
    billing.exec('create table Dump (id integer primary key, bytes blob)')
    const add = billing.prepare('insert into Dump (bytes) values (?)')
    add.run(Buffer.concat([Buffer.from([0, 255, 1]), Buffer.from('thabo@example.com'), Buffer.from([0, 2])]))
    for (let n = 0; n < 300; n++) add.run(createHash('sha256').update(String(n)).digest())
  })
  expect(brief(findings)).toEqual(['values.email billing.db Dump bytes 1'])
})

test('a time is no finding, what stands in its place is', async () => {
  const findings = await found((writers) => {
    insertRows(writers, 'subscriptions', [
      { id: 's1', userId: 'u1' },
      { id: 's2', userId: 'u2', nextBilling: 'ask a@example.com' },
    ])
  })
  expect(brief(findings)).toEqual(['values.email billing.db Subscription nextBilling 1'])
})

test('a table name that is an email is not repeated', async () => {
  const findings = await found(({ billing }) => {
    billing.exec('create table "a@example.com" (note text)')
    billing.exec(`insert into "a@example.com" values ('x@example.com')`)
  })
  expect(JSON.stringify(findings)).not.toContain('@example.com')
  expect(brief(findings)).toContain('values.email billing.db * note 1')
})

test('nothing in files that the product filled, and the scope of the look is said', () =>
  withDatabases(async ({ paths }) => {
    seed(paths, { people: 60, now: Date.UTC(2026, 10, 22), random: seededRandom(7) })
    const tables = new Set<string>()
    const findings = await auditValues(paths, { onProgress: ({ table }) => tables.add(table) })
    expect(brief(findings.filter(({ severity }) => severity !== 'info'))).toEqual([])
    expect(findings.map(({ code, place }) => `${code} ${place.file}`)).toEqual([
      'values.scope billing.db',
      'values.scope admin.db',
    ])
    expect(findings.every(({ count }) => count > 60)).toBe(true)
    expect([...tables]).toContain('Subscription')
  }))

test('the audit on a thread of its own ends when it is called off', () =>
  withDatabases(async ({ paths }) => {
    await expect(auditValues(paths, { signal: AbortSignal.abort(new Error('called off')) })).rejects.toThrow(
      'called off',
    )
    const calling = new AbortController()
    const onProgress = () => calling.abort(new Error('called off on the way'))
    await expect(auditValues(paths, { signal: calling.signal, onProgress })).rejects.toThrow('called off on the way')
    await expect(auditValues({ ...paths, admin: `${paths.admin}.missing` })).rejects.toThrow('admin.db is missing')
  }))
