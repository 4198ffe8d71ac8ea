// Why rows that name an erased subject stay, and for how long: they name a number that leads to nobody any more.
import { modelNamed } from '../../database/catalog.ts'
import type { Domain } from '../../database/domains.ts'

export interface Reason {
  readonly because: string
  /** As in the schemas; null where the record has no end. */
  readonly period: string | null
}

/** The return for a payment may come two years after it. */
const TAX = 'records of money: Tax Administration Act 28 of 2011, sections 29 and 32, five years from the return'
const GRANTED = 'the record of what was granted for a code'

const REASONS: Readonly<Record<string, string>> = {
  'billing.ProcessedPayment': TAX,
  'billing.CreditPurchase': TAX,
  'billing.ChargeAttempt': TAX,
  'billing.SubscriptionEvent': TAX,
  'admin.Voucher': GRANTED,
  'admin.VoucherLog': GRANTED,
}

export function reasonFor(domain: Domain, table: string): Reason {
  const because = REASONS[`${domain}.${table}`] ?? 'a pseudonymous record of what happened'
  return { because, period: modelNamed(domain, table).retain?.period ?? null }
}
