import { expect, test } from 'vitest'
import { UsageError } from '../../src/errors.ts'
import { MAX_ANSWERED } from '../../src/join/answered.ts'
import { createJoin } from '../../src/join/join.ts'
import { insertRows } from '../helpers/people.ts'
import { type Connections, withConnections } from './worlds.ts'

/** Vouchers that one admin made. */
function addVouchers(writers: Connections, count: number): void {
  insertRows(writers, 'users', [{ id: 'u1' }])
  const ids = Array.from({ length: count }, (_, index) => ({ id: `v${index}`, createdBy: 'u1', userId: 'u1' }))
  insertRows(writers, 'vouchers', ids)
}

/** Objects below the rows of an answer once it is JSON. */
function linkedRows(data: readonly unknown[]): number {
  let objects = 0
  JSON.stringify(data, (_key, value: unknown) => {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) objects += 1
    return value
  })
  return objects - data.length
}

test('an answer is refused by the rows that its JSON would hold, not by those read', async () => {
  await withConnections(({ readers, writers }) => {
    addVouchers(writers, 200)
    const join = createJoin(readers)
    const ask = (limit: number, path: string) => join.pageByName({ from: 'vouchers', limit, expand: [path] })
    // A voucher holds its creator, who holds the newest hundred: 101 linked rows each.
    const most = Math.floor(MAX_ANSWERED / 101)
    expect(linkedRows(ask(most, 'creator.createdVouchers').data)).toBe(most * 101)
    const refusal = () => ask(most + 1, 'creator.createdVouchers')
    expect(refusal).toThrow(UsageError)
    expect(refusal).toThrow(/at most 20000 linked rows.* "creator.createdVouchers" .* at least 20099/)
    // Each of them holds its creator again.
    expect(linkedRows(ask(99, 'creator.createdVouchers.creator').data)).toBe(99 * 201)
    expect(() => ask(100, 'creator.createdVouchers.creator')).toThrow(/at least 20100/)
    expect(ask(200, 'creator').data).toHaveLength(200)
  })
})

test('what is refused is not read on', async () => {
  await withConnections(({ readers, writers }) => {
    addVouchers(writers, 200)
    const read: string[] = []
    const join = createJoin(readers, { before: (domain) => read.push(domain) })
    const expand = ['creator.createdVouchers.user', 'creator.vouchers', 'user.vouchers']
    expect(() => join.pageByName({ from: 'vouchers', limit: 200, expand })).toThrow(UsageError)
    expect(new Set(read)).toEqual(new Set(['admin', 'identity']))
    expect(read.length).toBeLessThan(6)
  })
})

test('lists without a shared row above them count each row once; one row is bounded likewise', async () => {
  await withConnections(({ readers, writers }) => {
    addVouchers(writers, 250)
    insertRows(
      writers,
      'users',
      Array.from({ length: 199 }, (_, index) => ({ id: `x${index}` })),
    )
    const join = createJoin(readers)
    const expand = ['vouchers', 'createdVouchers', 'redeemedVouchers']
    const { data } = join.pageByName({ from: 'users', limit: 200, expand })
    expect(linkedRows(data)).toBe(200)
    const toAndFro = ['createdVouchers.creator.vouchers', 'vouchers.user.createdVouchers']
    expect(() => join.oneByName({ from: 'users', id: 'u1', expand: toAndFro })).toThrow(/at least 20400/)
  })
})
