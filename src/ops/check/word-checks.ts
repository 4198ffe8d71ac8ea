// Columns in which the application knows every word. A row with another one came from another tool or an older database, and
// whatever asks for its word passes it by. Words of logs are not compared: the unified database had some of its own.
import { VOUCHER_TYPES } from '../../admin/voucher-types.ts'
import { PACK_SIZES, TIER_NAMES } from '../../billing/tiers.ts'
import { EVENTS, STATUSES } from '../../billing/transitions.ts'
import { ATTEMPT_STATUSES, PAYMENT_TYPES, PURCHASE_STATUSES, SCHEDULE_STATUSES } from '../../billing/words.ts'
import { quote } from '../../database/catalog.ts'
import type { Domain } from '../../database/domains.ts'
import type { Finding } from './finding.ts'
import type { FileView } from './view.ts'

type Words = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>

const WORDS: Readonly<Record<Domain, Words>> = {
  identity: {},
  billing: {
    Subscription: { tier: TIER_NAMES, status: STATUSES, nextTier: TIER_NAMES },
    CreditPurchase: { packSize: PACK_SIZES, status: PURCHASE_STATUSES },
    ProcessedPayment: { type: PAYMENT_TYPES },
    RecurringSchedule: { tier: TIER_NAMES, status: SCHEDULE_STATUSES },
    SubscriptionEvent: { event: EVENTS },
    ChargeAttempt: { tier: TIER_NAMES, status: ATTEMPT_STATUSES },
  },
  admin: { Voucher: { type: Object.keys(VOUCHER_TYPES) } },
}

/** The words themselves are not told: what stands where a word should be may be anything, also a person's name. */
export function* checkWords({ domain, reader }: FileView): Generator<Finding> {
  for (const [table, columns] of Object.entries(WORDS[domain])) {
    for (const [column, words] of Object.entries(columns)) {
      const [from, name] = [quote(table), quote(column)]
      const sql = `select count(*) from ${from} where ${name} not in (select value from json_each(?))`
      const count = reader.prepare(sql).pluck().get(JSON.stringify(words)) as number
      if (count === 0) continue
      yield {
        check: 'words',
        severity: 'warning',
        place: { file: domain, table, column },
        count,
        message: `${count} row(s) have a word that the application does not know, expected ${words.join(', ')}`,
        next: `See which: select ${column}, count(*) from ${table} group by 1; then put them right in a migration.`,
      }
    }
  }
}
