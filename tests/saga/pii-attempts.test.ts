// The guard before billing.db and admin.db, at work: what people write is detached and on record, and what some code would
// write all the same is refused and on record.
import { expect, test } from 'vitest'
import type { Context } from '../../src/context.ts'
import { detached } from '../../src/saga/free-text.ts'
import { failureOf, until, withWorld } from './world.ts'

const TEXT = 'thabo@example.co.za rang from 082 123 4567'
const STEP = { id: 'l1', voucherId: 'v1', action: 'voided', actor: 'system', createdAt: new Date(0) }

const attempts = ({ files }: Context) =>
  files.identity.rows.list('PiiAttempt', {}, 'place, kind').map(({ place, kind, outcome }) => [place, kind, outcome])

const counted = ({ piiAttempts }: Context) => piiAttempts.figures.filter(({ count }) => count > 0)

const REFUSED = [['admin.VoucherLog.meta', 'email', 'refused']]

test('every value that is detached is an attempt, and clean text is none', () =>
  withWorld(async ({ context }) => {
    expect(await detached(context.sagas, 'sent twice', 'admin.Voucher.voidReason', 'v1')).toBe('sent twice')
    expect(attempts(context)).toEqual([])
    const clean = await detached(context.sagas, TEXT, 'admin.Voucher.voidReason', 'v1')
    expect(clean).toMatch(/^pii:[0-9a-f]{32} rang from pii:[0-9a-f]{32}$/)
    expect(attempts(context)).toEqual([
      ['admin.Voucher.voidReason', 'email', 'detached'],
      ['admin.Voucher.voidReason', 'phone', 'detached'],
    ])
    expect(counted(context)).toEqual([
      { domain: 'admin', kind: 'email', outcome: 'detached', count: 1 },
      { domain: 'admin', kind: 'phone', outcome: 'detached', count: 1 },
    ])
  }))

/** Ways past the detaching, such as code of tomorrow might take. */
const WAYS: Readonly<Record<string, (context: Context) => Promise<unknown>>> = {
  'an insert': ({ files }) => files.admin.change((tx) => tx.insert('VoucherLog', { ...STEP, meta: TEXT })),
  'an update': ({ files }) => files.admin.change((tx) => tx.update('VoucherLog', { id: 'l0' }, { meta: TEXT })),
  "Prisma's create": ({ files }) => files.admin.client.voucherLog.create({ data: { ...STEP, meta: TEXT } }),
  "Prisma's createMany": ({ files }) =>
    files.admin.client.voucherLog.createMany({ data: [STEP, { ...STEP, id: 'l2', meta: TEXT }] }),
  "Prisma's update": ({ files }) =>
    files.admin.client.voucherLog.update({ where: { id: 'l0' }, data: { meta: { set: TEXT } } }),
  "Prisma's upsert": ({ files }) =>
    files.admin.client.voucherLog.upsert({ where: { id: 'l0' }, create: STEP, update: { meta: TEXT } }),
  "Prisma's transaction": ({ files }) =>
    files.admin.client.$transaction(async (tx) => {
      await tx.voucherLog.create({ data: { ...STEP, id: 'l3' } })
      await tx.voucherLog.create({ data: { ...STEP, meta: TEXT } })
    }),
}

test.each(Object.entries(WAYS))(
  '%s with personal information is refused, changes nothing and is on record',
  (_, write) =>
    withWorld(async ({ context }) => {
      await context.files.admin.change((tx) => {
        tx.insert('Voucher', {
          ...{ id: 'v1', code: 'GOGGA-1', type: 'R200', valueCents: 20_000, createdBy: 'system' },
          ...{ voided: false, redeemed: false, createdAt: new Date(0), expiresAt: new Date(1) },
        })
        tx.insert('VoucherLog', { ...STEP, id: 'l0' })
      })
      const before = context.files.admin.rows.list('VoucherLog', {})
      const failure = await failureOf(write(context))
      expect(failure).toMatchObject({ place: 'admin.VoucherLog.meta', kind: 'email', code: 'internal' })
      expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).not.toContain('thabo')
      expect(context.files.admin.rows.list('VoucherLog', {})).toEqual(before)
      await until(() => attempts(context).length > 0)
      expect(attempts(context)).toEqual(REFUSED)
      expect(counted(context)).toEqual([{ domain: 'admin', kind: 'email', outcome: 'refused', count: 1 }])
    }),
)

test('what is refused as the process ends is on record as well', () =>
  withWorld(async ({ context, again }) => {
    {
      await using other = await again()
      void failureOf(other.files.billing.change((tx) => tx.update('Change', { id: 'x' }, { answer: TEXT })))
    }
    expect(attempts(context)).toEqual([['billing.Change.answer', 'email', 'refused']])
  }))

test('identity.db may hold it', () =>
  withWorld(async ({ context }) => {
    await context.files.identity.client.authLog.create({ data: { id: 'a1', action: 'refused', meta: TEXT } })
    expect(attempts(context)).toEqual([])
  }))
