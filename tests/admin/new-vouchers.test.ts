import { randomBytes, randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { createVouchers, type VoucherOrder } from '../../src/admin/new-vouchers.ts'
import { VOUCHER_TYPES, type VoucherType } from '../../src/admin/voucher-types.ts'
import { ConflictError, UsageError } from '../../src/errors.ts'
import { START, withFile } from '../helpers/one-file.ts'

const EXPIRES = new Date(START.getTime() + 1_000)
const order = (changes: Partial<VoucherOrder> = {}): VoucherOrder => ({
  count: 1,
  type: 'R200',
  expiresAt: EXPIRES,
  createdBy: 'u1',
  ...changes,
})

const VALUES: Readonly<Record<VoucherType, number>> = {
  JIGGA_1MONTH: 29_900,
  JIVE_1MONTH: 9_900,
  R200: 20_000,
  R500: 50_000,
  R1000: 100_000,
}

test.each(Object.entries(VALUES))('%s vouchers are worth %d cents', async (name, valueCents) => {
  const type = name as VoucherType
  expect(VOUCHER_TYPES[type].valueCents).toBe(valueCents)
  await withFile('admin', async ({ file, sources }) => {
    await file.change((tx) => createVouchers(tx, order({ type, count: 2 }), sources))
    expect(file.rows.list('Voucher', {}).map((voucher) => voucher.valueCents)).toEqual([valueCents, valueCents])
  })
})

test.each([1, 2, 25])('%d vouchers are written whole, each with its log', async (count) => {
  await withFile('admin', async ({ file, sources }) => {
    const meta = { channel: 'spring', printed: true, sheet: 4 }
    const made = await file.change((tx) => createVouchers(tx, order({ count, batchId: 'b1', meta }), sources))
    expect(made).toHaveLength(count)
    const unused = { voided: false, voidedAt: null, voidedBy: null, voidReason: null, redeemed: false }
    const nobody = { redeemedAt: null, redeemedBy: null, userId: null, batchId: 'b1' }
    const facts = { type: 'R200', valueCents: 20_000, createdBy: 'u1', createdAt: START, expiresAt: EXPIRES }
    expect(file.rows.list('Voucher', {})).toEqual(made.map((one) => ({ ...one, ...facts, ...unused, ...nobody })))
    const log = { action: 'created', actor: 'u1', meta: JSON.stringify(meta), createdAt: START }
    expect(file.rows.list('VoucherLog', {})).toEqual(
      made.map(({ id }) => ({ id: expect.any(String), voucherId: id, ...log })),
    )
  })
})

test('the largest batch has ten thousand different codes and takes few statements', async () => {
  await withFile('admin', async ({ file }) => {
    const sources = { now: () => START, newId: () => randomUUID(), randomBytes }
    let statements = 0
    const made = await file.change((tx) => {
      const counted = new Proxy(tx, {
        get: (target, name, receiver) => {
          statements += 1
          return Reflect.get(target, name, receiver)
        },
      })
      return createVouchers(counted, order({ count: 10_000 }), sources)
    })
    expect(statements).toBeLessThan(10)
    expect(new Set(made.map(({ code }) => code)).size).toBe(10_000)
    const stored = file.rows.all<{ id: string; code: string }>('select id, code from "Voucher" order by rowid')
    expect(stored).toEqual(made)
    expect(file.rows.all('select distinct voucherId from "VoucherLog"')).toHaveLength(10_000)
  })
})

const ODD: Readonly<Record<string, Partial<Record<keyof VoucherOrder, unknown>>>> = {
  'none at all': { count: 0 },
  'fewer than none': { count: -1 },
  'too many': { count: 10_001 },
  'half a voucher': { count: 1.5 },
  'not a number': { count: Number.NaN },
  'another type': { type: 'R300' },
  'a name that every object has': { type: 'constructor' },
  'expiring now': { expiresAt: START },
  'expiring never': { expiresAt: new Date(Number.NaN) },
}

test.each(Object.entries(ODD))('an order is refused: %s', async (_name, changes) => {
  await withFile('admin', async ({ file, sources }) => {
    const odd = order(changes as Partial<VoucherOrder>)
    await expect(file.change((tx) => createVouchers(tx, odd, sources))).rejects.toThrow(UsageError)
    expect(file.rows.list('Voucher', {})).toEqual([])
  })
})

const PERSONAL: Readonly<Record<string, Partial<VoucherOrder>>> = {
  'as creator': { createdBy: 'thabo@example.co.za' },
  'as batch': { batchId: 'thabo@example.co.za' },
  'in meta': { meta: { for: 'thabo@example.co.za' } },
}

test.each(Object.entries(PERSONAL))(
  'personal information is refused for all of a batch: %s',
  async (_name, changes) => {
    await withFile('admin', async ({ file, sources }) => {
      const personal = order({ count: 3, ...changes })
      await expect(file.change((tx) => createVouchers(tx, personal, sources))).rejects.toThrow(/Personal information/)
      expect(file.rows.list('Voucher', {})).toEqual([])
    })
  },
)

test('a code that exists, or comes twice, is drawn again', async () => {
  await withFile('admin', async ({ file, sources }) => {
    const draws = [1, 1, 2, 2, 2, 3]
    const repeating = (size: number) => Buffer.alloc(size, draws.shift() ?? 31)
    const make = (count: number) =>
      file.change((tx) => createVouchers(tx, order({ count }), { ...sources, randomBytes: repeating }))
    const [first] = await make(1)
    const others = await make(2)
    expect(first?.code).toBe('GOGGA-1111-1111-1111')
    expect(others.map(({ code }) => code)).toEqual(['GOGGA-2222-2222-2222', 'GOGGA-3333-3333-3333'])
  })
})

test('randomness that gives one code only is an error, not an endless search', async () => {
  await withFile('admin', async ({ file, sources }) => {
    const stuck = { ...sources, randomBytes: (size: number) => Buffer.alloc(size) }
    await expect(file.change((tx) => createVouchers(tx, order({ count: 2 }), stuck))).rejects.toThrow(ConflictError)
    expect(file.rows.list('Voucher', {})).toEqual([])
  })
})
