// What people buy with: money, by way of PayFast, or a voucher.
import { z } from 'zod'
import { VOUCHER_TYPES, type VoucherType } from '../../admin/voucher-types.ts'
import { PACK_SIZES } from '../../billing/tiers.ts'
import { PaidTierName } from './subscription.ts'

const MAX_CODE = 100

const TierOrder = z.strictObject({ kind: z.literal('subscription'), tier: PaidTierName })
const PackOrder = z.strictObject({
  kind: z.literal('credit_pack'),
  pack: z.enum(PACK_SIZES).describe("The pack's price in rand."),
})

export const Order = z
  .discriminatedUnion('kind', [TierOrder, PackOrder], { error: 'expected subscription or credit_pack' })
  .meta({
    examples: [
      { kind: 'subscription', tier: 'JIVE' },
      { kind: 'credit_pack', pack: '200' },
    ],
  })

export const CheckoutForm = z
  .strictObject({
    id: z.string(),
    amountCents: z.int().describe('In cents of the South African rand.'),
    url: z.url().describe('Where a browser posts `fields`, in their order, as a form.'),
    fields: z.record(z.string(), z.string()).describe('Signed: changed by nothing, not even in their order.'),
  })
  .meta({
    examples: [
      {
        id: '0b6f3c1e-8f57-4c1e-9a40-7f3c1d529d6f',
        amountCents: 20_000,
        url: 'https://www.payfast.co.za/eng/process',
        fields: {
          merchant_id: '10000100',
          merchant_key: '46f0cd694581a',
          m_payment_id: '0b6f3c1e-8f57-4c1e-9a40-7f3c1d529d6f',
          amount: '200.00',
          item_name: 'GOGGA pack of 50000 credits',
          custom_str1: 'credit_pack',
          custom_str2: '200',
          custom_str3: 'cmb2x9k4d0001',
          signature: '0b4f5a2e11d41d8cd98f00b204e98009',
        },
      },
    ],
  })

export const Redemption = z
  .strictObject({ code: z.string().trim().min(1).max(MAX_CODE).describe('As printed, or as people type it.') })
  .meta({ examples: [{ code: 'GOGGA-7K2M-9XQP-4T8D' }] })

export const Redeemed = z
  .strictObject({
    voucherId: z.string(),
    type: z.enum(Object.keys(VOUCHER_TYPES) as VoucherType[]).describe('A month of a tier, or a pack of credits.'),
    redeemedAt: z.iso.datetime(),
  })
  .meta({ examples: [{ voucherId: 'cmb2x9k4d0009', type: 'R200', redeemedAt: '2026-03-14T09:26:53.589Z' }] })
