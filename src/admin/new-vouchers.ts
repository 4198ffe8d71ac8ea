// Making vouchers, up to ten thousand at once, in two statements however many.

import { timeText } from '../database/row-codec.ts'
import type { Tx } from '../database/rows.ts'
import { ConflictError, UsageError } from '../errors.ts'
import type { Sources } from './sources.ts'
import { newCode } from './voucher-codes.ts'
import { type Meta, writeVoucherLog } from './voucher-log.ts'
import { isVoucherType, VOUCHER_TYPES, type VoucherType } from './voucher-types.ts'

export const MAX_BATCH = 10_000
/** A code that exists is drawn again; 60 random bits meet another's about never. */
const DRAWS = 5

export interface VoucherOrder {
  /** 1 to MAX_BATCH. */
  readonly count: number
  readonly type: VoucherType
  readonly expiresAt: Date
  /** Subject id. */
  readonly createdBy: string
  readonly batchId?: string | undefined
  /** For each voucher's log. */
  readonly meta?: Meta | undefined
}

export interface NewVoucher {
  readonly id: string
  readonly code: string
}

/** Throws UsageError. */
export function createVouchers(tx: Tx<'admin'>, order: VoucherOrder, sources: Sources): readonly NewVoucher[] {
  const createdAt = sources.now()
  checkOrder(order, createdAt)
  const codes = newCodes(tx, order.count, sources)
  const vouchers = codes.map((code) => ({ id: sources.newId(), code }))
  const [first, ...others] = vouchers
  if (!first) return []
  // By the gateway, which refuses personal information: what the others share with the first has then been looked at.
  insertOne(tx, first, order, { ...sources, now: () => createdAt })
  insertMany(tx, others, order, { ...sources, now: () => createdAt })
  return vouchers
}

function checkOrder({ count, type, expiresAt }: VoucherOrder, now: Date): void {
  if (!Number.isInteger(count) || count < 1 || count > MAX_BATCH)
    throw new UsageError(`A batch has 1 to ${MAX_BATCH} vouchers, not ${count}`)
  if (!isVoucherType(type))
    throw new UsageError(`A voucher's type is one of ${Object.keys(VOUCHER_TYPES).join(', ')}, not "${type}"`)
  if (!(expiresAt > now)) throw new UsageError('A voucher must expire in the future')
}

function newCodes(tx: Tx<'admin'>, count: number, { randomBytes }: Pick<Sources, 'randomBytes'>): readonly string[] {
  const codes = new Set<string>()
  for (let draw = 0; draw < DRAWS; draw++) {
    for (let missing = count - codes.size; missing > 0; missing--) codes.add(newCode(randomBytes))
    const sql = 'select code from "Voucher" where code in (select value from json_each(?))'
    for (const { code } of tx.all<NewVoucher>(sql, JSON.stringify([...codes]))) codes.delete(code)
    if (codes.size === count) return [...codes]
  }
  throw new ConflictError('No unused voucher codes were found', { hint: 'Check that the source of randomness works.' })
}

function insertOne(
  tx: Tx<'admin'>,
  { id, code }: NewVoucher,
  { type, expiresAt, createdBy, batchId, meta }: VoucherOrder,
  sources: Sources,
): void {
  const { valueCents } = VOUCHER_TYPES[type]
  const state = { voided: false, redeemed: false, batchId: batchId ?? null }
  tx.insert('Voucher', { id, code, type, valueCents, createdBy, createdAt: sources.now(), expiresAt, ...state })
  writeVoucherLog(tx, { voucherId: id, action: 'created', actor: createdBy, meta }, sources)
}

function insertMany(tx: Tx<'admin'>, vouchers: readonly NewVoucher[], order: VoucherOrder, sources: Sources): void {
  if (vouchers.length === 0) return
  const { type, expiresAt, createdBy, batchId, meta } = order
  const createdAt = timeText(sources.now())
  tx.run(
    `insert into "Voucher" (id, code, type, valueCents, createdBy, createdAt, expiresAt, voided, redeemed, batchId)
     select value->>'id', value->>'code', ?, ?, ?, ?, ?, 0, 0, ? from json_each(?)`,
    ...[type, VOUCHER_TYPES[type].valueCents, createdBy, createdAt, timeText(expiresAt), batchId ?? null],
    JSON.stringify(vouchers),
  )
  tx.run(
    `insert into "VoucherLog" (id, voucherId, action, actor, meta, createdAt)
     select value->>0, value->>1, 'created', ?, ?, ? from json_each(?)`,
    ...[createdBy, meta ? JSON.stringify(meta) : null, createdAt],
    JSON.stringify(vouchers.map(({ id }) => [sources.newId(), id])),
  )
}
