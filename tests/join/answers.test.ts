import { expect, test } from 'vitest'
import { FileError, UsageError } from '../../src/errors.ts'
import { createJoin } from '../../src/join/join.ts'
import { A_TIME, insertRows } from '../helpers/people.ts'
import { CLEAR, type Connections, withConnections } from './worlds.ts'

const ways = (readers: Connections) =>
  [{}, { strategy: 'scan' } as const, { strategy: 'keys' } as const].map((way) => createJoin(readers, way))

/** Two people, one of them with history. */
function addPeople(writers: Connections): void {
  insertRows(writers, 'users', [
    { id: 'u1', email: 'thabo@example.co.za', isAdmin: 1 },
    { id: 'u2', email: 'lerato@example.co.za' },
  ])
  insertRows(writers, 'subscriptions', [
    { id: 's1', userId: 'u1', tier: 'JIVE', status: 'active', payfastToken: 'secret' },
  ])
  insertRows(writers, 'payments', [
    { id: 'p1', userId: 'u1' },
    { id: 'p2', userId: 'u1' },
    { id: 'p3', userId: 'gone' },
  ])
  insertRows(writers, 'vouchers', [{ id: 'v1', userId: 'u2', createdBy: 'system', redeemedBy: 'u2' }])
  insertRows(writers, 'admin-logs', [{ id: 'l1', adminId: 'u1' }])
  insertRows(writers, 'admin-log-origins', [{ adminLogId: 'l1', ip: '196.25.1.7' }])
  insertRows(writers, 'auth-logs', [{ id: 'a1', email: null, ip: '196.25.1.7', meta: 'call +27 82 123 4567' }])
}

test('rows come with types of JSON, times as they are, secrets never', async () => {
  await withConnections(({ readers, writers }) => {
    addPeople(writers)
    const found = createJoin(readers).one({ from: 'users', id: 'u1', expand: ['subscription', 'payments', 'vouchers'] })
    expect(found?.data).toMatchObject({
      id: 'u1',
      isAdmin: true,
      isServiceAdmin: false,
      createdAt: A_TIME,
      vouchers: [],
    })
    expect(found?.data.subscription).toMatchObject({ id: 's1', tier: 'JIVE', credits: 0, nextBilling: null })
    expect(found?.data.payments.map(({ id }) => id)).toEqual(['p2', 'p1'])
    expect(JSON.stringify(found)).not.toContain('secret')
    expect(createJoin(readers).one({ from: 'users', id: 'nobody' })).toBeUndefined()
  })
})

test('personal information is masked unless it is asked for in clear, and then accounted for', async () => {
  await withConnections(({ readers, writers }) => {
    addPeople(writers)
    const join = createJoin(readers)
    const masked = join.page({ from: 'admin-logs', expand: ['origin', 'admin'] })
    expect(masked.data[0]).toMatchObject({ origin: { ip: '196.25.*.*' }, admin: { email: 't***@e***' } })
    expect(masked.meta).toEqual({ orphans: 0 })
    const [log] = join.page({ from: 'auth-logs' }).data
    expect(log).toMatchObject({ email: null, ip: '196.25.*.*', meta: '***' })

    const clear = join.page({ from: 'admin-logs', expand: ['origin', 'admin'], pii: CLEAR })
    expect(clear.data[0]).toMatchObject({ origin: { ip: '196.25.1.7' }, admin: { email: 'thabo@example.co.za' } })
    const fields = ['admin-log-origins.ip', 'users.email']
    expect(clear.meta.pii).toEqual({ ...CLEAR, fields, subjects: ['admin-log-origins:l1', 'u1'] })
    const fieldsOfLogs = ['auth-logs.email', 'auth-logs.ip', 'auth-logs.meta']
    const logs = join.page({ from: 'auth-logs', pii: CLEAR }).meta.pii
    expect(logs).toEqual({ ...CLEAR, fields: fieldsOfLogs, subjects: ['auth-logs:a1'] })
  })
})

test('a filter or sort by personal information counts as reading it', async () => {
  await withConnections(({ readers, writers }) => {
    addPeople(writers)
    const join = createJoin(readers)
    const condition = { field: 'user.email', op: 'startsWith', value: 't' } as const
    const filtered = join.page({ from: 'payments', filter: [condition], pii: CLEAR })
    expect(filtered.data.map(({ id }) => id)).toEqual(['p1', 'p2'])
    expect(filtered.data[0]).not.toHaveProperty('user')
    expect(filtered.meta.pii).toEqual({ ...CLEAR, fields: ['users.email'], subjects: ['u1'] })
    const sorted = join.page({ from: 'subscriptions', sort: ['user.email'], pii: CLEAR })
    expect(sorted.meta.pii).toEqual({ ...CLEAR, fields: ['users.email'], subjects: ['u1'] })
    const none = join.page({ from: 'payments', pii: CLEAR, filter: [{ ...condition, value: 'x' }] })
    expect(none.meta.pii).toEqual({ ...CLEAR, fields: ['users.email'], subjects: [] })
    expect(join.page({ from: 'payments', pii: CLEAR }).meta.pii).toEqual({ ...CLEAR, fields: [], subjects: [] })
  })
})

test('of a long list, a filter by personal information accounts for the rows that fit and no others', async () => {
  await withConnections(({ readers, writers }) => {
    insertRows(writers, 'users', [{ id: 'u1' }, { id: 'u2' }])
    const logs = Array.from({ length: 300 }, (_, index) => ({ id: `l${index}`, adminId: index < 250 ? 'u1' : 'u2' }))
    insertRows(writers, 'admin-logs', logs)
    const origins = logs.map(({ id }, index) => ({ adminLogId: id, ip: `10.0.${index % 2}.${Math.floor(index / 2)}` }))
    insertRows(writers, 'admin-log-origins', origins)
    const subjects = (from: string, field: string, op: string, value: string, more = {}) =>
      ways(readers).map((join) => {
        const { meta } = join.pageByName({ from, filter: [{ field, op, value }], pii: CLEAR, ...more })
        return [...(meta.pii?.subjects ?? [])].sort()
      })
    const field = 'adminLogs.origin.ip'
    // The oldest of 250.
    const oldest = ['admin-log-origins:l0', 'u1']
    expect(subjects('users', field, 'eq', '10.0.0.0')).toEqual([oldest, oldest, oldest])
    const even = logs.filter((_, index) => index % 2 === 0).map(({ id }) => `admin-log-origins:${id}`)
    for (const found of subjects('users', field, 'startsWith', '10.0.0.'))
      expect(found).toEqual([...even, 'u1', 'u2'].sort())
    // Only behind the rows of this page.
    const first = even.filter((_, index) => index < 125)
    for (const found of subjects('users', field, 'startsWith', '10.0.0.', { limit: 1 }))
      expect(found).toEqual([...first, 'u1'].sort())
    expect(subjects('users', field, 'eq', 'x')).toEqual([[], [], []])
  })
})

test('a filter that fits more people than an account holds is refused', async () => {
  await withConnections(({ readers, writers }) => {
    const person = (index: number) => ({ id: `u${index}`, email: `u${index}@example.co.za` })
    insertRows(
      writers,
      'users',
      Array.from({ length: 20_001 }, (_, index) => person(index)),
    )
    const logs = Array.from({ length: 20_001 }, (_, index) => ({
      id: `l${index}`,
      adminId: 'u0',
      targetUser: `u${index}`,
    }))
    insertRows(writers, 'admin-logs', logs)
    const ask = (value: string) =>
      createJoin(readers).page({
        from: 'users',
        filter: [
          { field: 'id', op: 'eq', value: 'u0' },
          { field: 'adminLogs.target.email', op: 'startsWith', value },
        ],
        pii: CLEAR,
      })
    expect(() => ask('u')).toThrow(UsageError)
    expect(() => ask('u')).toThrow(/at most 20000 rows/)
    expect(ask('u1').meta.pii?.subjects).toHaveLength(11_112)
  })
})

test('a broken link gives null and counts; one that may hold a word does not', async () => {
  await withConnections(({ readers, writers }) => {
    addPeople(writers)
    const join = createJoin(readers)
    const payments = join.page({ from: 'payments', expand: ['user'] })
    expect(payments.data.map(({ user }) => user?.id ?? null)).toEqual(['u1', 'u1', null])
    expect(payments.meta.orphans).toBe(1)
    const vouchers = join.page({ from: 'vouchers', expand: ['creator', 'redeemer', 'voider'] })
    expect(vouchers.data[0]).toMatchObject({ creator: null, redeemer: { id: 'u2' }, voider: null })
    expect(vouchers.meta.orphans).toBe(0)
  })
})

test('a subject link is broken where it names no user, no contact and is no word', async () => {
  await withConnections(({ readers, writers }) => {
    addPeople(writers)
    insertRows(writers, 'contacts', [{ id: 'c1' }])
    insertRows(writers, 'voucher-logs', [
      { id: 'x1', actor: 'c1' },
      { id: 'x2', actor: 'payfast' },
      { id: 'x3', actor: 'gone-1' },
      { id: 'x4', actor: 'gone-1' },
      { id: 'x5', actor: 'u1' },
    ])
    const statements: string[] = []
    const join = createJoin(readers, { before: (_domain, sql) => statements.push(sql) })
    const ask = (of: string[]) =>
      join.page({
        from: 'voucher-logs',
        expand: ['actorUser'],
        filter: [{ field: 'id', op: 'in', value: of }],
      })
    const all = ask(['x1', 'x2', 'x3', 'x4', 'x5'])
    expect(all.data.map(({ actorUser }) => actorUser?.id ?? null)).toEqual([null, null, null, null, 'u1'])
    expect(all.meta.orphans).toBe(2)
    expect(statements.splice(0)).toHaveLength(3)
    expect(ask(['x1']).meta.orphans).toBe(0)
    expect(statements.splice(0)).toHaveLength(3)
    // Nothing more is asked for those that are found or are words.
    expect(ask(['x2', 'x5']).meta.orphans).toBe(0)
    expect(statements).toHaveLength(2)
  })
})

test('an integer beyond 2^53 is an error that names the row, and can be found by its digits', async () => {
  await withConnections(({ readers, writers }) => {
    insertRows(writers, 'subscriptions', [
      { id: 's1', userId: 'u1', credits: 2n ** 53n + 1n },
      { id: 's2', userId: 'u2', credits: 2n ** 53n - 1n },
    ])
    const join = createJoin(readers)
    const by = (op: string, value: string | string[]) =>
      join.pageByName({ from: 'subscriptions', filter: [{ field: 'credits', op, value }] }).data
    expect(() => by('eq', '9007199254740993')).toThrow(FileError)
    expect(() => by('in', ['9007199254740993'])).toThrow(/credits beyond 2\^53 in the row "s1" of subscriptions/)
    expect(by('eq', '9007199254740992')).toEqual([])
    expect(by('lt', '9007199254740993')).toMatchObject([{ credits: Number.MAX_SAFE_INTEGER }])
    insertRows(writers, 'users', [{ id: 'u1' }, { id: 'u2' }])
    expect(() => join.page({ from: 'users', sort: ['subscription.credits'] })).toThrow(FileError)
  })
})

test('times are compared as instants whatever their offset, text by bytes and case', async () => {
  await withConnections(({ readers, writers }) => {
    const time = (minute: number) => `2026-01-01T00:0${minute}:00.000+00:00`
    const tiers = ['ab', 'aB', 'b', 'a%', 'a_b', 'é', 'a\u{10ffff}z']
    insertRows(
      writers,
      'subscriptions',
      tiers.map((tier, i) => ({ id: tier, userId: tier, tier, createdAt: time(i) })),
    )
    const join = createJoin(readers)
    const by = (field: string, op: string, value: string) =>
      join
        .pageByName({ from: 'subscriptions', sort: ['createdAt'], filter: [{ field, op, value }] })
        .data.map(({ id }) => id)
    expect(by('createdAt', 'lt', '2026-01-01T02:02:00+02:00')).toEqual(['ab', 'aB'])
    expect(by('createdAt', 'eq', '2025-12-31t23:01:00.000000-01:00')).toEqual(['aB'])
    expect(by('tier', 'contains', 'B')).toEqual(['aB'])
    expect(by('tier', 'contains', '%')).toEqual(['a%'])
    expect(by('tier', 'startsWith', 'a')).toEqual(['ab', 'aB', 'a%', 'a_b', 'a\u{10ffff}z'])
    expect(by('tier', 'startsWith', 'a\u{10ffff}')).toEqual(['a\u{10ffff}z'])
    expect(by('tier', 'startsWith', '')).toHaveLength(tiers.length)
    expect(by('tier', 'gt', 'b')).toEqual(['é'])
  })
})

test('a list of a hundred rows is cut to its newest, and the answer says so', async () => {
  await withConnections(({ readers, writers }) => {
    insertRows(writers, 'users', [{ id: 'u1' }, { id: 'u2' }, { id: 'u3' }])
    const payments = (userId: string, count: number) =>
      Array.from({ length: count }, (_, index) => ({ id: `${userId}-${String(999 - index)}`, userId }))
    insertRows(writers, 'payments', [...payments('u1', 101), ...payments('u2', 100), ...payments('u3', 3)])
    const join = createJoin(readers)
    const lengths = (of: string[]) =>
      join.page({ from: 'users', expand: ['payments'], filter: [{ field: 'id', op: 'in', value: of }] })
    const few = lengths(['u1', 'u2', 'u3'])
    expect(few.data.map((user) => user.payments.length)).toEqual([100, 100, 3])
    expect(few.data[0]?.payments.at(0)?.id).toBe('u1-899')
    expect(few.data[0]?.payments.at(-1)?.id).toBe('u1-998')
    expect(few.meta.truncated).toEqual([{ expand: 'payments', lists: 1, length: 100 }])
    expect(lengths(['u2', 'u3']).meta.truncated).toBeUndefined()

    insertRows(
      writers,
      'payments',
      payments('u1', 5_000).map(({ userId }, index) => ({ id: `more-${index}`, userId })),
    )
    const many = lengths(['u1', 'u2', 'u3'])
    expect(many.data.map((user) => user.payments.length)).toEqual([100, 100, 3])
    expect(many.data[0]?.payments[0]?.id).toBe('more-4999')
    const { meta } = join.page({ from: 'users', expand: ['payments.user'], sources: true })
    expect(meta.truncated).toEqual([{ expand: 'payments', lists: 1, length: 100 }])
    expect(meta.sources?.find(({ domain }) => domain === 'billing')?.rows).toBeLessThan(700)
    for (const { microseconds } of meta.sources ?? []) expect(microseconds).toSatisfy(Number.isInteger)
  })
})

test('a cursor holds no personal information and survives a change of the row, but not its end', async () => {
  await withConnections(({ readers, writers }) => {
    addPeople(writers)
    const join = createJoin(readers)
    for (const from of ['users', 'vouchers'] as const) {
      const sort = [from === 'users' ? 'email' : 'user.email']
      insertRows(writers, 'vouchers', [{ id: `v of ${from}`, userId: 'u1' }])
      const { page } = join.pageByName({ from, sort, limit: 1, pii: CLEAR })
      const cursor = Buffer.from(String(page.next), 'base64url').toString()
      expect(cursor).not.toContain('example')
      const next = () => join.pageByName({ from, sort, limit: 1, pii: CLEAR, after: String(page.next) })
      expect(next().data).toMatchObject([from === 'users' ? { email: 'thabo@example.co.za' } : { userId: 'u1' }])
      if (from === 'users') continue
      writers.identity.exec('delete from "User" where id = \'u2\'')
      expect(next).toThrow(UsageError)
      expect(next).toThrow(/a row that is gone/)
    }
  })
})

test('a cursor by other fields goes on where its row was, though it is gone', async () => {
  await withConnections(({ readers, writers }) => {
    insertRows(writers, 'users', [{ id: 'a' }, { id: 'b' }, { id: 'c' }])
    const join = createJoin(readers)
    const first = join.page({ from: 'users', sort: ['createdAt'], limit: 2 })
    writers.identity.exec('delete from "User" where id = \'b\'')
    const second = join.page({ from: 'users', sort: ['createdAt'], limit: 2, after: String(first.page.next) })
    expect(second.data.map(({ id }) => id)).toEqual(['c'])
    expect(second.page.next).toBeNull()
  })
})

test('isNull true and false are two questions, and ne finds no NULL', async () => {
  await withConnections(({ readers, writers }) => {
    addPeople(writers)
    const join = createJoin(readers)
    const ids = (field: string, op: 'isNull' | 'ne', value: boolean | string) =>
      join.page({ from: 'users', filter: [{ field, op, value }] }).data.map(({ id }) => id)
    expect(ids('subscription.nextBilling', 'isNull', true)).toEqual(['u1', 'u2'])
    expect(ids('subscription.nextBilling', 'isNull', false)).toEqual([])
    expect(ids('subscription.id', 'isNull', true)).toEqual(['u2'])
    expect(ids('subscription.id', 'isNull', false)).toEqual(['u1'])
    expect(ids('vouchers.batchId', 'isNull', true)).toEqual(['u2'])
    expect(ids('vouchers.batchId', 'ne', 'x')).toEqual([])
    expect(ids('subscription.tier', 'ne', 'FREE')).toEqual(['u1'])
  })
})

test('conditions behind a link to many speak of one and the same row', async () => {
  await withConnections(({ readers, writers }) => {
    insertRows(writers, 'users', [{ id: 'u1' }, { id: 'u2' }])
    insertRows(writers, 'payments', [
      { id: 'p1', userId: 'u1', type: 'a', amountCents: 1 },
      { id: 'p2', userId: 'u1', type: 'b', amountCents: 2 },
      { id: 'p3', userId: 'u2', type: 'a', amountCents: 2 },
    ])
    const filter = [
      { field: 'payments.type', op: 'eq', value: 'a' },
      { field: 'payments.amountCents', op: 'eq', value: 2 },
    ] as const
    for (const strategy of ['scan', 'keys'] as const) {
      const { data } = createJoin(readers, { strategy }).page({ from: 'users', filter })
      expect(data.map(({ id }) => id)).toEqual(['u2'])
    }
  })
})

test('many rows behind one sorted row come in pages without a gap', async () => {
  await withConnections(({ readers, writers }) => {
    insertRows(writers, 'users', [{ id: 'u1' }, { id: 'u2', isAdmin: 1 }])
    const ids = Array.from({ length: 40 }, (_, index) => `p${String(index).padStart(2, '0')}`)
    insertRows(
      writers,
      'payments',
      ids.map((id, index) => ({ id, userId: index % 4 === 0 ? 'u1' : 'u2' })),
    )
    const join = createJoin(readers, { strategy: 'sort', batch: 1 })
    const query = { from: 'payments', sort: ['-user.isAdmin'], limit: 12 } as const
    const found: string[] = []
    let after: string | null = ''
    while (after !== null) {
      const { data, page }: ReturnType<typeof join.pageByName> = join.pageByName(
        after === '' ? query : { ...query, after },
      )
      found.push(...data.map(({ id }) => String(id)))
      after = page.next
    }
    const of = (isFirst: boolean) => ids.filter((_, index) => (index % 4 !== 0) === isFirst).reverse()
    expect(found).toEqual([...of(true), ...of(false)])
  })
})

test('a cursor into rows of a sorted row that no longer fits finds none of them', async () => {
  await withConnections(({ readers, writers }) => {
    insertRows(writers, 'users', [{ id: 'u1' }, { id: 'u2' }])
    insertRows(
      writers,
      'payments',
      [1, 2, 3].map((number) => ({ id: `p${number}`, userId: 'u1' })),
    )
    const join = createJoin(readers, { strategy: 'sort' })
    const filter = [{ field: 'user.isAdmin', op: 'eq', value: false }] as const
    const query = { from: 'payments', filter, sort: ['user.createdAt'], limit: 1 } as const
    const { page } = join.page(query)
    writers.identity.exec('update "User" set "isAdmin" = 1')
    expect(join.page({ ...query, after: String(page.next) }).data).toEqual([])
  })
})
