// Why rows that name an erased subject stay, and for how long: they name a number that leads to nobody any more.
import { modelNamed } from '../../database/catalog.ts'
import type { Domain } from '../../database/domains.ts'

export interface Reason {
  readonly because: string
  /** As in the schemas; null where the record has no end. */
  readonly period: string | null
}

const TAX: Reason = {
  because: 'records of money: Tax Administration Act 28 of 2011, sections 29 and 32, five years from the return',
  period: '5y',
}

const REASONS: Readonly<Record<string, Reason>> = {
  'billing.ProcessedPayment': TAX,
  'billing.CreditPurchase': TAX,
  'billing.ChargeAttempt': TAX,
  'billing.SubscriptionEvent': TAX,
  'admin.Voucher': { because: 'the record of what was granted for a code', period: '5y' },
  'admin.VoucherLog': { because: 'the record of what was granted for a code', period: '5y' },
}

export function reasonFor(domain: Domain, table: string): Reason {
  const known = REASONS[`${domain}.${table}`]
  if (known) return known
  const { retain } = modelNamed(domain, table)
  return { because: 'a pseudonymous record of what happened', period: retain?.period ?? null }
}
