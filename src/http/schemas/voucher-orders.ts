// What is asked for and answered where vouchers are made, voided and deleted.
import { z } from 'zod'
import { MAX_BATCH } from '../../admin/new-vouchers.ts'
import { VOUCHER_TYPES, type VoucherType } from '../../admin/voucher-types.ts'
import { addMonths } from '../../billing/months.ts'
import { prose, Reason } from './words.ts'

const DEFAULT_MONTHS = 12
const MAX_MONTHS = 60
const MAX_NAME = 200

const Type = z
  .enum(Object.keys(VOUCHER_TYPES) as [VoucherType, ...VoucherType[]])
  .meta({ description: 'What it buys: a month of a tier, or a pack of credits.', examples: ['JIGGA_1MONTH'] })

const Id = z.string().meta({ examples: ['5f2c8a0e-3b1d-4e7f-9a60-c1d2e3f40516'] })
const Code = z.string().meta({ examples: ['GOGGA-7K2M-9XQP-3D5R'] })
const Time = z.iso.datetime({ offset: true })

const ID = '5f2c8a0e-3b1d-4e7f-9a60-c1d2e3f40516'
const EXPIRES = '2027-03-14T00:00:00.000Z'
const VOUCHER = { id: ID, code: 'GOGGA-7K2M-9XQP-3D5R' }
const BATCH = '0d9b6f4a-2e11-4c1e-8f57-7f3c1d529a40'

/** A time to come, at most five years from now. */
const expiry = (now: () => Date) =>
  Time.refine((text) => {
    const time = new Date(text)
    return time > now() && time <= addMonths(now(), MAX_MONTHS)
  }, 'expected a time in the future, at most 5 years from now').meta({
    description: 'RFC 3339, in the future, at most 5 years from now; a year from now where it is left out.',
    examples: [EXPIRES],
  })

/** When a voucher expires that was ordered with this. */
export const expiresAtOf = ({ expiresAt }: { readonly expiresAt?: string | undefined }, now: Date): Date =>
  expiresAt === undefined ? addMonths(now, DEFAULT_MONTHS) : new Date(expiresAt)

export const voucherOrder = (now: () => Date) =>
  z
    .strictObject({ type: Type, expiresAt: expiry(now).optional() })
    .meta({ examples: [{ type: 'JIGGA_1MONTH', expiresAt: EXPIRES }] })

export const batchOrder = (now: () => Date) =>
  z
    .strictObject({
      type: Type,
      count: z
        .int()
        .min(1)
        .max(MAX_BATCH)
        .meta({ description: 'How many.', examples: [250] }),
      name: prose(MAX_NAME)
        .meta({ description: 'What the batch is for, for the admin log.', examples: ['Spring campaign'] })
        .optional(),
      expiresAt: expiry(now).optional(),
    })
    .meta({ examples: [{ type: 'R200', count: 250, name: 'Spring campaign', expiresAt: EXPIRES }] })

export const VoidOrder = z.strictObject({ reason: Reason }).meta({ examples: [{ reason: 'issued twice' }] })

export const VoucherParams = z.object({
  id: z.string().meta({ description: 'The id of the voucher, not its code.', examples: [ID] }),
})

export const IssuedVoucher = z
  .strictObject({ id: Id, code: Code, type: Type, expiresAt: Time })
  .meta({ examples: [{ ...VOUCHER, type: 'JIGGA_1MONTH', expiresAt: EXPIRES }] })

export const IssuedBatch = z
  .strictObject({ batchId: Id, type: Type, expiresAt: Time, vouchers: z.array(z.strictObject({ id: Id, code: Code })) })
  .meta({ examples: [{ batchId: BATCH, type: 'R200', expiresAt: EXPIRES, vouchers: [VOUCHER] }] })

export const VoidedVoucher = z
  .strictObject({ id: Id, voidedAt: Time, reason: z.string().describe('As admin.db holds it.') })
  .meta({ examples: [{ id: ID, voidedAt: '2026-03-14T09:26:53.589Z', reason: 'issued twice' }] })

export const DeletedVoucher = z
  .strictObject({ id: Id, deleted: z.literal(true) })
  .meta({ examples: [{ id: ID, deleted: true }] })
