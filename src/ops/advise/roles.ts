// The second question: do different people work on different parts? A file cannot say who should see what. It says who has
// a role, and who has acted in the tables of administration; two kinds of them are two kinds of rights.
import { quote } from '../../database/catalog.ts'
import { columnNamed, countRows, tableNamed, type Unified } from './unified-file.ts'

export interface Roles {
  readonly users: number
  readonly administrators: number
  readonly serviceAdministrators: number
  /** Different names in the columns that say who acted, in any case. */
  readonly actors: number
  readonly adminRows: number
  readonly billingRows: number
}

const ADMIN = ['Voucher', 'VoucherLog', 'AdminLog']
const BILLING = ['Subscription', 'CreditPurchase', 'ProcessedPayment', 'RecurringSchedule', 'SubscriptionEvent']
const ACTED = [
  ['AdminLog', 'adminEmail'],
  ['Voucher', 'createdBy'],
  ['Voucher', 'voidedBy'],
] as const

export function rolesIn(unified: Unified): Roles {
  const flagged = (flag: string) => {
    const table = tableNamed(unified, 'User')
    const column = table && columnNamed(table, flag)
    if (!table || !column) return 0
    const sql = `select count(*) from ${quote(table.name)} where ${quote(column)}`
    return unified.connection.prepare(sql).pluck().get() as number
  }
  const rowsOf = (names: readonly string[]) =>
    names.reduce((sum, name) => {
      const table = tableNamed(unified, name)
      return sum + (table ? countRows(unified, table) : 0)
    }, 0)
  return {
    users: rowsOf(['User']),
    administrators: flagged('isAdmin'),
    serviceAdministrators: flagged('isServiceAdmin'),
    actors: actorsIn(unified),
    adminRows: rowsOf(ADMIN),
    billingRows: rowsOf(BILLING),
  }
}

/** Administrators are few: their names fit into a set. Words such as `system` are nobody. */
function actorsIn(unified: Unified): number {
  const actors = new Set<string>()
  for (const [name, columnName] of ACTED) {
    const table = tableNamed(unified, name)
    const column = table && columnNamed(table, columnName)
    if (!table || !column) continue
    const sql = `select distinct lower(${quote(column)}) from ${quote(table.name)} where ${quote(column)} like '%@%'`
    for (const actor of unified.connection.prepare<[], string>(sql).pluck().all()) actors.add(actor)
  }
  return actors.size
}
