import { expect, expectTypeOf, test } from 'vitest'
import { ForbiddenError, UsageError } from '../../src/errors.ts'
import type { Rows } from '../../src/generated/catalog.ts'
import { createJoin } from '../../src/join/join.ts'
import type { NamedRow } from '../../src/join/types.ts'
import { withConnections } from './worlds.ts'

test('the types of an answer follow from what is asked', async () => {
  await withConnections(({ readers }) => {
    const join = createJoin(readers)

    const plain = join.page({ from: 'users' }).data
    expectTypeOf(plain).toEqualTypeOf<Rows['users'][]>()
    // @ts-expect-error: not expanded, so not there
    void plain[0]?.subscription

    const { data } = join.page({ from: 'users', expand: ['subscription', 'payments'] })
    type User = (typeof data)[number]
    expectTypeOf<User['email']>().toEqualTypeOf<string>()
    expectTypeOf<User['subscription']>().toEqualTypeOf<Rows['subscriptions'] | null>()
    expectTypeOf<User['payments']>().toEqualTypeOf<Rows['payments'][]>()

    const vouchers = join.page({ from: 'vouchers', expand: ['user.subscription.events', 'logs'], limit: 1 }).data
    type Voucher = (typeof vouchers)[number]
    type Subscription = NonNullable<NonNullable<Voucher['user']>['subscription']>
    expectTypeOf<Subscription['events']>().toEqualTypeOf<Rows['subscription-events'][]>()
    expectTypeOf<Voucher['logs'][number]>().toEqualTypeOf<Rows['voucher-logs']>()

    const one = join.one({ from: 'admin-logs', id: 'none', expand: ['origin'] })
    type Log = NonNullable<typeof one>['data']
    expectTypeOf<Log['origin']>().toEqualTypeOf<Rows['admin-log-origins'] | null>()

    expectTypeOf(join.pageByName({ from: 'users', expand: ['payments'] as string[] }).data).toEqualTypeOf<NamedRow[]>()
  })
})

test('what the types refuse is refused at run time too', async () => {
  await withConnections(({ readers }) => {
    const join = createJoin(readers)
    // @ts-expect-error: no such resource
    expect(() => join.page({ from: 'tokens' })).toThrow(UsageError)
    // @ts-expect-error: no such link
    expect(() => join.page({ from: 'users', expand: ['wallet'] })).toThrow(UsageError)
    // @ts-expect-error: deeper than three links
    expect(() => join.page({ from: 'users', expand: ['subscription.user.subscription.user'] })).toThrow(UsageError)
    // @ts-expect-error: no such operator
    expect(() => join.page({ from: 'users', filter: [{ field: 'id', op: 'like', value: '' }] })).toThrow(UsageError)
  })
})

test('personal information in clear without a purpose does not compile, and is refused at run time', async () => {
  await withConnections(({ readers }) => {
    const join = createJoin(readers)
    // @ts-expect-error: the word of former times
    expect(() => join.page({ from: 'users', pii: 'clear' })).toThrow(ForbiddenError)
    // @ts-expect-error: no purpose
    expect(() => join.page({ from: 'users', expand: ['subscription'], pii: {} })).toThrow(ForbiddenError)
    // @ts-expect-error: not in the register
    expect(() => join.page({ from: 'users', pii: { purpose: 'curiosity' } })).toThrow(ForbiddenError)
    // @ts-expect-error: nor here
    expect(() => join.one({ from: 'users', id: 'u1', pii: { purpose: 'toString' } })).toThrow(ForbiddenError)
    expect(join.page({ from: 'users', pii: { purpose: 'support' } }).meta.pii?.purpose).toBe('support')
  })
})

test('two purposes share a plan, and each answer says its own', async () => {
  await withConnections(({ readers }) => {
    const join = createJoin(readers)
    const before = join.statistics.identity.counts.prepared
    const purposes = (['support', 'fraud-prevention', 'support'] as const).map(
      (purpose) => join.page({ from: 'users', pii: { purpose } }).meta.pii?.purpose,
    )
    expect(purposes).toEqual(['support', 'fraud-prevention', 'support'])
    const prepared = join.statistics.identity.counts.prepared - before
    join.page({ from: 'users', pii: { purpose: 'legal-obligation' } })
    expect(join.statistics.identity.counts.prepared - before).toBe(prepared)
  })
})
