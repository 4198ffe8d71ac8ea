// What a voucher buys, and what that costs: a month of a tier or a pack of credits.

export interface VoucherTypeFacts {
  readonly valueCents: number
}

export const VOUCHER_TYPES = {
  JIGGA_1MONTH: { valueCents: 29_900 },
  JIVE_1MONTH: { valueCents: 9_900 },
  R200: { valueCents: 20_000 },
  R500: { valueCents: 50_000 },
  R1000: { valueCents: 100_000 },
} as const satisfies Readonly<Record<string, VoucherTypeFacts>>

export type VoucherType = keyof typeof VOUCHER_TYPES

export const isVoucherType = (text: string): text is VoucherType => Object.hasOwn(VOUCHER_TYPES, text)
