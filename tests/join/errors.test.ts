import { expect, test } from 'vitest'
import { ForbiddenError, GoggaError, UsageError } from '../../src/errors.ts'
import { createJoin } from '../../src/join/join.ts'
import type { NamedPageQuery } from '../../src/join/types.ts'
import { insertRows } from '../helpers/people.ts'
import { CLEAR, withConnections } from './worlds.ts'

const users = (query: Omit<NamedPageQuery, 'from'>): NamedPageQuery => ({ from: 'users', ...query })
const filter = (field: string, op: string, value: string | number | boolean | string[]) =>
  users({ filter: [{ field, op, value }] })

const WRONG: readonly (readonly [string, NamedPageQuery, string, RegExp])[] = [
  ['a resource', { from: 'tokens' }, 'from', /no resource "tokens".*allowed: users, .*admin-logs/],
  ['an expand-only column as a link', users({ expand: ['email'] }), 'expand', /no link of users "email".*subscription/],
  [
    'a link behind a link',
    users({ expand: ['subscription.wallet'] }),
    'expand',
    /of subscriptions "wallet" here \(in "subscription.wallet"\); allowed: user, events/,
  ],
  ['four links', users({ expand: ['payments.user.payments.user'] }), 'expand', /at most 3 links, this one 4/],
  ['21 paths', users({ expand: Array(21).fill('payments') }), 'expand', /at most 20 paths, got 21/],
  ['a field', filter('name', 'eq', 'x'), 'filter[name]', /no field of users "name".*allowed: id, email/],
  [
    'a field of a linked row',
    filter('subscription.price', 'eq', 1),
    'filter[subscription.price]',
    /"price" here \(in "subscription.price"\); allowed: id, userId/,
  ],
  ['a name of JavaScript', filter('__proto__', 'eq', 1), 'filter[__proto__]', /no field of users "__proto__"/],
  ['a secret', filter('subscription.payfastToken', 'isNull', true), 'filter[subscription.payfastToken]', /no field/],
  ['a secret to sort by', { from: 'recurring-schedules', sort: ['token'] }, 'sort', /no field of .* "token"/],
  [
    'a link as a field',
    filter('subscription', 'isNull', true),
    'filter[subscription]',
    /no field of users .*allowed: id, .* is a link; .*filter\[subscription\.tier\]$/,
  ],
  ['a link to sort by', { from: 'payments', sort: ['user.subscription'] }, 'sort', /sort=user\.subscription\.tier$/],
  [
    'a link of a filter',
    filter('wallet.tier', 'eq', 1),
    'filter[wallet.tier]',
    /no link of users "wallet" here \(in "wallet.tier"\); allowed: subscription/,
  ],
  ['a link of a sort', users({ sort: ['-wallet.tier'] }), 'sort', /no link of users "wallet" .*"wallet.tier".*allowed/],
  ['an operator', filter('id', 'like', 'x'), 'filter[id]', /no operator for text "like".*eq, ne, in, lt, .* isNull/],
  ['an operator of another type', filter('isAdmin', 'gt', true), 'filter[isAdmin]', /for boolean.*eq, ne, isNull/],
  ['a text for a boolean', filter('isAdmin', 'eq', 'yes'), 'filter[isAdmin]', /expected true or false/],
  ['a text for isNull', filter('id', 'isNull', 'maybe'), 'filter[id]', /isNull takes true or false/],
  ['a text for an integer', filter('subscription.credits', 'eq', '1.5'), 'filter[subscription.credits]', /an integer/],
  ['2^64', filter('subscription.credits', 'eq', '18446744073709551616'), 'filter[subscription.credits]', /an integer/],
  ['2^53 as a number', filter('subscription.credits', 'eq', 2 ** 53), 'filter[subscription.credits]', /an integer/],
  ['a number for a text', filter('id', 'eq', 5), 'filter[id]', /expected text, got a number/],
  ['one value for a list', filter('id', 'in', 'x'), 'filter[id]', /expected a list/],
  ['a list for one value', filter('id', 'eq', ['x']), 'filter[id]', /expected text, got a list/],
  [
    'a long list',
    filter('id', 'in', Array.from({ length: 1_001 }, String)),
    'filter[id]',
    /at most 1000 values, got 1001/,
  ],
  ['a date for a time', filter('createdAt', 'lt', '2026-11-22'), 'filter[createdAt]', /RFC 3339/],
  ['February 30th', filter('createdAt', 'lt', '2026-02-30T00:00:00Z'), 'filter[createdAt]', /RFC 3339/],
  ['microseconds', filter('createdAt', 'lt', '2026-02-03T00:00:00.000001Z'), 'filter[createdAt]', /millisecond/],
  ['a sort through many rows', users({ sort: ['payments.id'] }), 'sort', /many rows behind "payments"/],
  [
    'a sort by two tables',
    users({ sort: ['createdAt', '-subscription.tier'] }),
    'sort',
    /the same table; "createdAt" and "subscription.tier" are/,
  ],
  ['limit 0', users({ limit: 0 }), 'limit', /integer from 1 to 200/],
  ['limit 201', users({ limit: 201 }), 'limit', /integer from 1 to 200/],
  ['limit 1.5', users({ limit: 1.5 }), 'limit', /integer from 1 to 200/],
  ['no cursor', users({ after: 'nonsense' }), 'after', /no cursor of this API/],
  ['a cursor of other JSON', users({ after: Buffer.from('{"a":1}').toString('base64url') }), 'after', /no cursor/],
]

test.each(WRONG)(
  '%s that is not there or does not fit is named, with what is allowed',
  async (_name, query, at, message) => {
    await withConnections(({ readers }) => {
      const error = caught(() => createJoin(readers).pageByName(query))
      expect(error).toBeInstanceOf(UsageError)
      expect(error.errors.map((detail) => detail.at)).toEqual([at])
      expect(error.errors[0]?.message).toMatch(message)
    })
  },
)

test('everything wrong is said at once, and no value is repeated', async () => {
  await withConnections(({ readers }) => {
    const conditions = [
      { field: 'createdAt', op: 'eq', value: 'thabo@example.co.za' },
      { field: 'isAdmin', op: 'eq', value: 'thabo@example.co.za' },
    ]
    const values = caught(() => createJoin(readers).pageByName(users({ filter: conditions, limit: 0 })))
    expect(values.errors.map(({ at }) => at)).toEqual(['limit', 'filter[createdAt]', 'filter[isAdmin]'])
    const names = [{ field: 'thabo@example.co.za', op: 'eq', value: 1 }]
    const words = caught(() =>
      createJoin(readers).pageByName(users({ filter: names, sort: ['thabo@x'], expand: ['no'] })),
    )
    expect(words.errors.map(({ at }) => at)).toEqual(['filter', 'sort', 'expand'])
    expect(JSON.stringify([values, values.message, words, words.message])).not.toContain('thabo')
  })
})

test('every bad name is told, with the parameter that it stands in', async () => {
  await withConnections(({ readers }) => {
    const fields = ['wallet.tier', 'name', 'subscription'].map((field) => ({ field, op: 'eq', value: 'x' }))
    const query = users({ filter: fields, sort: ['wallet.x', 'nome'], expand: ['wallet', 'subscription.purse'] })
    const { errors, message } = caught(() => createJoin(readers).pageByName(query))
    const filters = ['filter[wallet.tier]', 'filter[name]', 'filter[subscription]']
    expect(errors.map(({ at }) => at)).toEqual([...filters, 'sort', 'sort', 'expand', 'expand'])
    for (const name of ['wallet', 'name', 'subscription', 'nome', 'purse']) expect(message).toContain(`"${name}"`)
  })
})

// An ID number, phone numbers, an address, a name with a space, and numbers behind a letter or a link.
const PERSONAL = [
  '8001015009087',
  '0821234567',
  '+27821234567',
  't@example.co.za',
  'Thabo M',
  'id8001015009087',
  '_8001015009087',
  '10.0.0.1',
]

test.each(PERSONAL)('%s where a name belongs is not repeated', async (text) => {
  await withConnections(({ readers }) => {
    const texts = [text, `subscription.${text}`, `${text}.tier`]
    const query = users({
      filter: [...texts.map((field) => ({ field, op: 'eq', value: 1 })), { field: 'id', op: text, value: 1 }],
      sort: texts,
      expand: texts,
    })
    const error = caught(() => createJoin(readers).pageByName(query))
    expect(error.errors).toHaveLength(10)
    expect(JSON.stringify([error.message, error.errors, error.hint])).not.toContain(text)
    expect(JSON.stringify(caught(() => createJoin(readers).pageByName({ from: text })).errors)).not.toContain(text)
  })
})

const FORBIDDEN: readonly (readonly [string, NamedPageQuery])[] = [
  ['filter', users({ filter: [{ field: 'email', op: 'eq', value: 'a@b.za' }] })],
  ['filter behind a link', { from: 'vouchers', filter: [{ field: 'user.email', op: 'isNull', value: true }] }],
  ['sort', users({ sort: ['-email'] })],
  ['sort behind a link', { from: 'payments', sort: ['user.email'], pii: 'masked' }],
]

test.each(FORBIDDEN)('a %s by personal information is forbidden without the right to read it', async (_name, query) => {
  await withConnections(({ readers }) => {
    expect(caught(() => createJoin(readers).pageByName(query))).toBeInstanceOf(ForbiddenError)
    expect(createJoin(readers).pageByName({ ...query, pii: CLEAR }).data).toEqual([])
  })
})

test('a cursor fits no other resource, filter or sort', async () => {
  await withConnections(({ readers, writers }) => {
    insertRows(writers, 'users', [{ id: 'a' }, { id: 'b' }])
    const join = createJoin(readers)
    const condition = { field: 'id', op: 'gte', value: 'a' }
    const first = users({ filter: [condition], sort: ['createdAt'], limit: 1 })
    const after = String(join.pageByName(first).page.next)
    expect(join.pageByName({ ...first, after }).data).toMatchObject([{ id: 'b' }])
    expect(join.pageByName({ ...first, after, limit: 2, expand: ['payments'] }).data).toHaveLength(1)
    const others: NamedPageQuery[] = [
      { ...first, from: 'subscriptions' },
      { ...first, sort: ['-createdAt'] },
      { ...first, sort: [] },
      { ...first, filter: [{ ...condition, value: 'b' }] },
      { ...first, filter: [] },
    ]
    for (const other of others) {
      expect(caught(() => join.pageByName({ ...other, after })).errors).toMatchObject([{ at: 'after' }])
    }
  })
})

test('a cursor made by hand is refused where its values fit no column, and never gives another page', async () => {
  await withConnections(({ readers, writers }) => {
    insertRows(writers, 'users', [{ id: 'a' }, { id: 'b' }])
    insertRows(writers, 'subscriptions', [
      { id: 's', userId: 'a', credits: 1, nextBilling: null },
      { id: 't', userId: 'b', credits: 2, nextBilling: null },
    ])
    const join = createJoin(readers)
    const made = (query: NamedPageQuery, change: (parts: unknown[]) => unknown[]) => {
      const after = String(join.pageByName({ ...query, limit: 1 }).page.next)
      const parts = JSON.parse(Buffer.from(after, 'base64url').toString()) as unknown[]
      const made = Buffer.from(JSON.stringify(change(parts))).toString('base64url')
      return () => join.pageByName({ ...query, after: made })
    }
    const values =
      (...values: unknown[]) =>
      (parts: unknown[]) => [...parts.slice(0, 4), ...values]
    const byTime = users({ sort: ['createdAt'] })
    const byNull: NamedPageQuery = { from: 'subscriptions', sort: ['nextBilling'] }
    const byNumber: NamedPageQuery = { from: 'subscriptions', sort: ['credits'] }
    const byLinked = users({ sort: ['subscription.credits'] })
    const refused = [
      made(byTime, values(5)),
      made(byTime, values(null)),
      made(byTime, values()),
      made(byTime, values('2026', '2026')),
      made(byTime, values(true)),
      made(byTime, values({})),
      made(byTime, ([of, , id, link]) => [of, 1, id, link]),
      made(byTime, ([of, phase, id, , ...rest]) => [of, phase, id, 'x', ...rest]),
      made(byNull, values(5)),
      made(byNumber, values('1')),
      made(byNumber, values(1.5)),
      made(byNumber, values(null)),
      made(byLinked, values('1', 's')),
      made(byLinked, values(1, 2)),
      made(byLinked, ([of, phase, id, , ...rest]) => [of, phase, id, null, ...rest]),
    ]
    for (const ask of refused) expect(caught(ask).errors).toMatchObject([{ at: 'after' }])
    const taken = [made(byTime, values('2026')), made(byNull, values(null)), made(byNumber, values(-7))]
    for (const ask of taken) expect(ask().data.length).toBeGreaterThan(0)
    expect(made(byLinked, (parts) => parts)().data).toMatchObject([{ id: 'b' }])
    expect(made(byLinked, ([of, , id]) => [of, 1, id, null])().data).toEqual([])
  })
})

function caught(work: () => unknown): GoggaError {
  try {
    work()
  } catch (error) {
    if (error instanceof GoggaError) return error
    throw error
  }
  throw new Error('Expected an error')
}
