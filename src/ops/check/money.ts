// Rows about money, which no repair touches: what was paid, tried or promised must be answered for by a person, also
// where nobody is left whom it belonged to.
import type { CatalogModel } from '../../database/catalog.ts'

const REASONS: Readonly<Record<string, string>> = {
  'billing.ProcessedPayment': 'the record of money that came in',
  'billing.CreditPurchase': 'what was paid for, and how much of it is left',
  'billing.RecurringSchedule': 'a standing permission to take money, with the token to do it',
  'billing.ChargeAttempt': 'a charge whose outcome may still be open',
  'billing.SubscriptionEvent': 'the history that explains each payment',
}

export const isMoney = (model: Pick<CatalogModel, 'domain' | 'name'>): boolean =>
  Object.hasOwn(REASONS, `${model.domain}.${model.name}`)

/** Tables of which only some rows are about money: a condition on a row. */
const ROWS: Readonly<Record<string, string>> = {
  // A plan that is paid for, credits that are left, a permission to take money.
  'billing.Subscription': `("tier" <> 'FREE' or "credits" <> 0 or "payfastToken" is not null)`,
}

/** SQL that is true for rows about money; undefined where `isMoney` answers for all of them. */
export const moneyRows = (model: Pick<CatalogModel, 'domain' | 'name'>): string | undefined =>
  ROWS[`${model.domain}.${model.name}`]
