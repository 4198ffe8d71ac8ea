// Vouchers of the unified database whose code is somebody's email or number, or holds one: split left a token in its place, and people
// type what they always typed.
import { expect, test } from 'vitest'
import type { Context } from '../../src/context.ts'
import { detachText } from '../../src/identity/detached-values.ts'
import { redeemVoucher } from '../../src/saga/redeem-voucher.ts'
import { addPeople, failureOf, withWorld } from './world.ts'

const CODES = ['thabo@example.co.za', 'GIFT-thabo@example.co.za', 'anna@example.co.za', '+27 82 123 4567']

/** As split writes them: the place that it names is the column. */
async function addVouchers({ files, randomBytes }: Context): Promise<void> {
  for (const [nth, text] of CODES.entries()) {
    const id = `v${nth}`
    const place = { place: 'admin.Voucher.code', rowId: id }
    const code = await files.identity.change((tx) =>
      detachText(tx, { text, ...place }, { now: () => new Date(0), randomBytes }),
    )
    const made = { type: 'R200', valueCents: 20_000, createdBy: 'system', createdAt: new Date(0) }
    const state = { voided: false, redeemed: false, expiresAt: new Date('2030-01-01') }
    await files.admin.change((tx) => tx.insert('Voucher', { id, code, ...made, ...state }))
  }
}

const redeem = ({ sagas }: Context, code: string) =>
  redeemVoucher(sagas, { code, userId: 'u1' }, { route: 'POST /v1/me/redemptions', body: { code }, subjectId: 'u1' })

test.each([
  ['thabo@example.co.za', 'v0'],
  [' Thabo@Example.co.za ', 'v0'],
  ['GIFT-thabo@example.co.za', 'v1'],
  ['gift-thabo@example.co.za', 'v1'],
  ['anna@example.co.za', 'v2'],
  ['+27 82 123 4567', 'v3'],
])('%s redeems %s, and admin.db learns nothing of it', (typed, voucherId) =>
  withWorld(async ({ context }) => {
    await addPeople(context, 'u1')
    await addVouchers(context)
    expect((await redeem(context, typed)).data).toMatchObject({ voucherId, type: 'R200' })
    const [voucher] = context.files.admin.rows.list('Voucher', { redeemed: true })
    expect(voucher?.id).toBe(voucherId)
    expect(JSON.stringify(context.files.admin.rows.list('Change', {}))).not.toMatch(/example|123 4567/)
  }),
)

test.each(['nobody@example.co.za', 'GIFT-anna@example.co.za', 'thabo@example.co.za2'])('%s is no code', (typed) =>
  withWorld(async ({ context }) => {
    await addPeople(context, 'u1')
    await addVouchers(context)
    expect(await failureOf(redeem(context, typed))).toMatchObject({ code: 'not-found' })
    expect(context.files.admin.rows.list('Voucher', { redeemed: true })).toEqual([])
  }),
)
