import { expect, test } from 'vitest'
import { relationsOf, resources } from '../../src/database/catalog.ts'
import { DOMAINS, type Domain } from '../../src/database/domains.ts'
import { createJoin } from '../../src/join/join.ts'
import type { JoinOptions, NamedPageQuery } from '../../src/join/types.ts'
import { insertRows } from '../helpers/people.ts'
import { type Connections, withConnections } from './worlds.ts'

interface Statement {
  readonly domain: Domain
  readonly sql: string
}

/** Users u0000 … with a subscription and two payments each; every tenth is a JIGGA. */
function addUsers(writers: Connections, count: number): void {
  const ids = Array.from({ length: count }, (_, index) => `u${String(index).padStart(4, '0')}`)
  const tier = (index: number) => (index % 10 === 0 ? 'JIGGA' : 'FREE')
  insertRows(
    writers,
    'users',
    ids.map((id) => ({ id })),
  )
  insertRows(
    writers,
    'subscriptions',
    ids.map((id, index) => ({ id: `s-${id}`, userId: id, tier: tier(index), retryCount: index })),
  )
  insertRows(
    writers,
    'payments',
    ids.flatMap((id) => [1, 2].map((number) => ({ id: `p-${id}-${number}`, userId: id }))),
  )
}

/** What a query reads, after one request of the same shape has made the plan. */
function reads(readers: Connections, query: NamedPageQuery, options: JoinOptions = {}) {
  const statements: Statement[] = []
  const join = createJoin(readers, { ...options, before: (domain, sql) => statements.push({ domain, sql }) })
  const { data, page, meta } = join.pageByName({ ...query, sources: true })
  const rows = Object.fromEntries((meta.sources ?? []).map((source) => [source.domain, source.rows]))
  return { data, next: page.next, rows, statements, sources: meta.sources ?? [] }
}

test('a page is one snapshot of each file, whatever others write meanwhile', async () => {
  await withConnections(({ readers, writers }) => {
    addUsers(writers, 3)
    let left = true
    const before = (domain: Domain, sql: string) => {
      if (!left || domain !== 'billing' || !sql.includes('ProcessedPayment')) return
      left = false
      writers.billing.exec('delete from "ProcessedPayment"')
    }
    const ask = () =>
      createJoin(readers, { before }).page({ from: 'users', expand: ['subscription', 'payments'], limit: 2 }).data
    expect(ask().map(({ payments }) => payments.length)).toEqual([2, 2])
    expect(left).toBe(false)
    expect(ask().map(({ payments }) => payments.length)).toEqual([0, 0])
  })
})

test('batches of one request see one state of the file that drives', async () => {
  await withConnections(({ readers, writers }) => {
    addUsers(writers, 40)
    let statements = 0
    const before = () => {
      statements += 1
      if (statements === 3) writers.identity.exec('delete from "User"')
    }
    const filter = [{ field: 'subscription.tier', op: 'eq', value: 'JIGGA' }] as const
    const join = createJoin(readers, { before, strategy: 'scan', batch: 2 })
    expect(join.page({ from: 'users', filter }).data).toHaveLength(4)
    expect(statements).toBeGreaterThan(3)
  })
})

test('batches in the order of another file see one state of it', async () => {
  await withConnections(({ readers, writers }) => {
    addUsers(writers, 8)
    let statements = 0
    const before = () => {
      statements += 1
      if (statements === 3) writers.billing.exec('delete from "Subscription"')
    }
    const join = createJoin(readers, { before, batch: 2 })
    expect(join.page({ from: 'users', sort: ['subscription.tier'] }).data.at(-1)?.id).toBe('u0000')
    expect(statements).toBeGreaterThan(4)
  })
})

test('a snapshot is begun only for a file that is read twice, and always ended', async () => {
  await withConnections(({ readers, writers }) => {
    addUsers(writers, 3)
    const open = new Set<Domain>()
    let failing = ''
    const before = (_domain: Domain, sql: string) => {
      for (const domain of DOMAINS) if (readers[domain].inTransaction) open.add(domain)
      if (failing !== '' && sql.includes(failing)) throw new Error('broken')
    }
    const join = createJoin(readers, { before })
    join.page({ from: 'users', expand: ['subscription', 'vouchers'] })
    expect([...open]).toEqual([])
    join.page({ from: 'users', expand: ['subscription', 'payments', 'vouchers'] })
    expect([...open]).toEqual(['billing'])
    failing = 'ProcessedPayment'
    expect(() => join.page({ from: 'users', expand: ['subscription', 'payments'] })).toThrow('broken')
    expect(DOMAINS.map((domain) => readers[domain].inTransaction)).toEqual([false, false, false])
    failing = ''
    expect(join.page({ from: 'users', expand: ['subscription', 'payments'] }).data).toHaveLength(3)
  })
})

test('a shape is planned once; its statements outlive a change of the schema', async () => {
  await withConnections(({ readers, writers }) => {
    addUsers(writers, 3)
    let prepared = 0
    for (const reader of Object.values(readers)) {
      const prepare = reader.prepare.bind(reader)
      reader.prepare = ((sql: string) => {
        prepared += 1
        return prepare(sql)
      }) as typeof reader.prepare
    }
    const join = createJoin(readers)
    const ask = (value: string) =>
      join.page({ from: 'users', filter: [{ field: 'id', op: 'gte', value }], expand: ['subscription'] }).data
    const first = ask('u0001')
    const before = prepared
    expect(ask('u0002')).toEqual(first.slice(1))
    expect(prepared).toBe(before)
    writers.identity.exec(
      'alter table "User" add column "nickname" text default \'x\'; drop index "User_createdAt_id_idx"',
    )
    writers.billing.exec('alter table "Subscription" add column "note" text default \'x\'')
    expect(ask('u0001')).toEqual(first)
    expect(prepared).toBe(before)
  })
})

test('a page costs the same rows and statements in a small and in a large table', async () => {
  const standard: NamedPageQuery = { from: 'users', expand: ['subscription', 'payments', 'vouchers'] }
  const queries: NamedPageQuery[] = [
    standard,
    { ...standard, sort: ['-createdAt'] },
    { ...standard, sort: ['-subscription.createdAt'] },
    { ...standard, filter: [{ field: 'subscription.tier', op: 'eq', value: 'FREE' }] },
    { ...standard, filter: [{ field: 'subscription.retryCount', op: 'gte', value: 5 }] },
  ]
  const cost = (count: number) =>
    withConnections(({ readers, writers }) => {
      addUsers(writers, count)
      return queries.map((query) => {
        const { rows, statements, data } = reads(readers, query)
        expect(data).toHaveLength(50)
        return { rows, statements: statements.length }
      })
    })
  const [small, large] = [await cost(400), await cost(4_000)]
  expect(large).toEqual(small)
  expect(small[0]).toEqual({ rows: { identity: 51, billing: 150, admin: 0 }, statements: 4 })
})

test('a condition that few rows fulfil drives; one that many fulfil is checked along the way', async () => {
  await withConnections(({ readers, writers }) => {
    addUsers(writers, 2_000)
    const where = (field: string, op: string, value: string | number): NamedPageQuery => ({
      from: 'users',
      filter: [{ field, op, value }],
    })
    // Indexed and rare: the key comes from billing.db first, identity.db gives that row alone.
    const rare = reads(readers, where('payments.pfPaymentId', 'eq', 'pfPaymentId of p-u1990-1'))
    expect(rare.data).toMatchObject([{ id: 'u1990' }])
    expect(rare.rows).toEqual({ billing: 1, identity: 1 })
    // Not indexed and rare: some batches in vain, then the keys.
    const hidden = reads(readers, where('subscription.retryCount', 'eq', 1_999))
    expect(hidden.data).toMatchObject([{ id: 'u1999' }])
    expect(hidden.rows.identity).toBeLessThan(450)
    // Common: a scan that stops when the page is full.
    const common = reads(readers, where('subscription.tier', 'eq', 'FREE'))
    expect(common.data).toHaveLength(50)
    expect(common.rows.identity).toBeLessThan(150)
    // Two links deep: payments by the tier of their user's subscription, four of them.
    const deep = reads(readers, {
      ...where('user.subscription.id', 'in', 'x'),
      from: 'payments',
      filter: [{ field: 'user.subscription.id', op: 'in', value: ['s-u0100', 's-u1900'] }],
    })
    expect(deep.data).toHaveLength(4)
    expect(deep.rows).toEqual({ billing: 2 + 4 + 4, identity: 2 })
  })
})

test('the second page of a shape takes its first step from the first', async () => {
  await withConnections(({ readers, writers }) => {
    addUsers(writers, 4_000)
    const join = createJoin(readers)
    const statements = (value: string) => {
      const { meta } = join.page({
        from: 'users',
        filter: [{ field: 'subscription.tier', op: 'eq', value }],
        sources: true,
      })
      return (meta.sources ?? []).reduce((sum, source) => sum + source.statements, 0)
    }
    // Four hundred are found by their keys at last, and then at once.
    expect([statements('JIGGA'), statements('JIGGA')]).toEqual([7, 2])
    // Most of them: keys are tried in vain once, then the table is read in its order.
    expect([statements('FREE'), statements('FREE')]).toEqual([3, 2])
  })
})

const LISTS = resources.flatMap((model): NamedPageQuery[] => {
  const from = model.resource as string
  const byTime = model.indexes
    .filter((index) => index.length === 2 && index[1] === 'id')
    .map(([first]) => String(first))
  return [
    { from },
    ...byTime.flatMap((field) => [
      { from, sort: [field] },
      { from, sort: [`-${field}`] },
    ]),
  ]
})

test.each(LISTS)('the list %j walks an index, its next pages too', async (query) => {
  await withConnections(({ readers, writers }) => {
    const model = resources.find(({ resource }) => resource === query.from)
    const ids = ['a', 'b', 'c'].map((id) => ({ [model?.key[0] ?? '']: id }))
    insertRows(writers, query.from as 'users', ids)
    const first = reads(readers, { ...query, limit: 1 })
    const second = reads(readers, { ...query, limit: 1, after: String(first.next) })
    expect(first.statements).toHaveLength(1)
    expect(second.statements).toHaveLength(1)
    for (const statement of first.statements) expectIndexed(readers, statement, /^SCAN r USING (COVERING )?INDEX/)
    for (const statement of second.statements) expectIndexed(readers, statement, /^SEARCH r USING (COVERING )?INDEX/)
  })
})

test.each(['tier', 'status', 'credits', 'createdAt', '-createdAt'])(
  'users by %s of their subscription walk its index',
  async (field) => {
    await withConnections(({ readers, writers }) => {
      addUsers(writers, 3)
      const sort = [field.startsWith('-') ? `-subscription.${field.slice(1)}` : `subscription.${field}`]
      const first = reads(readers, { from: 'users', sort, limit: 1 })
      const second = reads(readers, { from: 'users', sort, limit: 1, after: String(first.next) })
      expectIndexed(readers, first.statements[0] as Statement, /^SCAN r USING (COVERING )?INDEX/)
      expectIndexed(readers, second.statements[0] as Statement, /^SEARCH r USING (COVERING )?INDEX/)
    })
  },
)

const LINKS = resources.flatMap((model) =>
  relationsOf(model).map(({ name }) => [model.resource as string, name] as const),
)

test.each(LINKS)('expanding %s by %s searches an index', async (from, name) => {
  await withConnections(({ readers, writers }) => {
    const model = resources.find(({ resource }) => resource === from)
    const relation = model && relationsOf(model).find((candidate) => candidate.name === name)
    insertRows(writers, from as 'users', [{ [model?.key[0] ?? '']: 'a', [relation?.fromColumn ?? '']: 'a' }])
    const { statements } = reads(readers, { from, expand: [name] })
    expect(statements).toHaveLength(2)
    for (const statement of statements.slice(1)) expectIndexed(readers, statement, /^SEARCH p USING (COVERING )?INDEX/)
  })
})

function expectIndexed(readers: Connections, { domain, sql }: Statement, step: RegExp): void {
  const plan = readers[domain].prepare<unknown[], { detail: string }>(`explain query plan ${sql}`)
  const steps = plan.all(Array.from(sql.matchAll(/\?/g), () => '[]')).map(({ detail }) => detail)
  const tables = steps.filter((detail) => !/VIRTUAL TABLE/.test(detail))
  expect(tables, sql).toHaveLength(1)
  expect(tables[0], sql).toMatch(step)
}
