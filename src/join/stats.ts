// Figures over the three files. One statement for each line of the answer; the widest read an index or a table once.

import type { Connection } from '../database/connections.ts'
import { DOMAINS, type Domain } from '../database/domains.ts'
import { knownError } from '../database/errors.ts'
import { timeText } from '../database/row-codec.ts'

type Readers = Readonly<Record<Domain, Connection>>

export interface TierStats {
  readonly tier: string
  /** A user has at most one subscription. */
  readonly userCount: number
  readonly totalCredits: number
}

export interface Overview {
  readonly users: { readonly total: number; readonly admins: number }
  readonly subscriptions: {
    readonly total: number
    readonly byStatus: Readonly<Record<string, number>>
    readonly byTier: Readonly<Record<string, number>>
  }
  /** Integer cents. */
  readonly payments: { readonly count: number; readonly sumCents: number }
  readonly creditPurchases: { readonly total: number; readonly byStatus: Readonly<Record<string, number>> }
  /** Each voucher counts once: redeemed before voided before expired. */
  readonly vouchers: {
    readonly total: number
    readonly redeemed: number
    readonly voided: number
    readonly expired: number
  }
}

/** Users and credits by tier, in the order of the tiers' names. A tier without subscriptions is left out. */
export function subscriptionStats({ billing }: Readers): readonly TierStats[] {
  return rows<TierStats>(
    'billing',
    billing,
    'select tier, count(*) as userCount, sum(credits) as totalCredits from "Subscription" group by tier order by tier',
  )
}

/** Figures at a glance, each file in one snapshot. `now` decides which vouchers have expired. */
export function overview(readers: Readers, now: Date = new Date()): Overview {
  return inSnapshots(readers, () => {
    const { identity, billing, admin } = readers
    const count = 'count(*) as count'
    const users = 'select count(*) as total, count(*) filter (where "isAdmin") as admins from "User"'
    const byStatus = grouped(billing, `select status as name, ${count} from "Subscription" group by status`)
    const byTier = grouped(billing, `select tier as name, ${count} from "Subscription" group by tier`)
    const payments = `select ${count}, coalesce(sum("amountCents"), 0) as sumCents from "ProcessedPayment"`
    const bought = grouped(billing, `select status as name, ${count} from "CreditPurchase" group by status`)
    return {
      users: one('identity', identity, users),
      subscriptions: { total: sum(byStatus), byStatus, byTier },
      payments: one('billing', billing, payments),
      creditPurchases: { total: sum(bought), byStatus: bought },
      vouchers: one('admin', admin, VOUCHERS, timeText(now)),
    }
  })
}

const VOUCHERS = `
  select count(*) as total,
    count(*) filter (where redeemed) as redeemed,
    count(*) filter (where voided and not redeemed) as voided,
    count(*) filter (where "expiresAt" <= ? and not redeemed and not voided) as expired
  from "Voucher"`

const grouped = (billing: Connection, sql: string): Record<string, number> =>
  Object.fromEntries(
    rows<{ name: string; count: number }>('billing', billing, sql).map(({ name, count }) => [name, count]),
  )

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0)

const one = <T>(domain: Domain, reader: Connection, sql: string, ...parameters: string[]): T =>
  rows<T>(domain, reader, sql, ...parameters)[0] as T

function rows<T>(domain: Domain, reader: Connection, sql: string, ...parameters: string[]): T[] {
  try {
    return reader.prepare<string[], T>(sql).all(...parameters)
  } catch (error) {
    throw knownError(error, domain) ?? error
  }
}

function inSnapshots<T>(readers: Readers, work: () => T): T {
  const begun: Connection[] = []
  try {
    for (const domain of DOMAINS) {
      readers[domain].exec('begin')
      begun.push(readers[domain])
    }
    return work()
  } finally {
    for (const reader of begun) reader.exec('commit')
  }
}
