// An erased person stays erased: a restored file gets the tombstones of all files, and loses again what they stand for.
import type { Domain } from '../../database/domains.ts'
import type { Rows, Tx } from '../../database/rows.ts'
import { emailKey } from '../../identity/emails.ts'
import { applyLinkPolicies } from '../../saga/link-policies.ts'

export interface Erasures {
  /** Tombstones that the backup did not have. */
  readonly tombstones: number
  /** Rows removed, and rows in which a column was emptied. */
  readonly rows: number
}

const BATCH = 200

/** `others`: whatever files can be read, the old one included. */
export function replayErasures(tx: Tx, others: readonly Rows<Domain>[]): Erasures {
  let [tombstones, rows] = [0, 0]
  for (const { subjectId, erasedAt } of others.flatMap((other) => other.list('Tombstone', {}))) {
    if (tx.find('Tombstone', { subjectId })) continue
    tx.insert('Tombstone', { subjectId, erasedAt })
    tombstones += 1
  }
  const ids = tx.list('Tombstone', {}).map(({ subjectId }) => subjectId)
  for (let at = 0; at < ids.length; at += BATCH) rows += erase(tx, ids.slice(at, at + BATCH))
  return { tombstones, rows }
}

function erase(tx: Tx, ids: readonly string[]): number {
  const followed = applyLinkPolicies(tx, { domain: 'identity', model: 'User', ids })
  return followed + (tx.domain === 'identity' ? erasePersonal(tx, JSON.stringify(ids)) : 0)
}

/** What identity.db knows of them by their address, before the address itself goes. */
function erasePersonal(tx: Tx, ids: string): number {
  const chosen = 'select value from json_each(?)'
  const emails = tx.all<{ email: string }>(
    `select email from "User" where id in (${chosen}) union select email from "Contact" where id in (${chosen})`,
    ids,
    ids,
  )
  // Spellings that differ in case are one person's. SQLite's lower() knows ASCII alone: others are compared as written, too.
  const keys = JSON.stringify(emails.flatMap(({ email }) => [email, emailKey(email), email.trim()]))
  const isTheirs = (column: string) => `(${column} in (${chosen}) or lower(trim(${column})) in (${chosen}))`
  return (
    tx.run(`delete from "LoginToken" where ${isTheirs('email')}`, keys, keys) +
    tx.run(`update "AuthLog" set email = null, ip = null, meta = null where ${isTheirs('email')}`, keys, keys) +
    tx.run(`delete from "DetachedValue" where kind = 'email' and ${isTheirs('value')}`, keys, keys) +
    tx.run(`delete from "User" where id in (${chosen})`, ids) +
    tx.run(`delete from "Contact" where id in (${chosen})`, ids)
  )
}
