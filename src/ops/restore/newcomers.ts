// Who signed up after the backup of identity.db is in no file any more but by what is theirs: nothing can bring them back.
import type { Rows, Tx } from '../../database/rows.ts'
import { moneyRows } from '../check/money.ts'
import { type Around, type Findings, isErased } from './marks.ts'

const IS_PAID = moneyRows({ domain: 'billing', name: 'Subscription' })

/** For identity.db: named by their subscriptions, of which everybody has one. Who was gone before is left to the checks. */
export function tellNewcomers(around: Around, found: Findings): void {
  const tx = around.tx as unknown as Tx<'identity'>
  const old = around.old as unknown as Rows<'identity'> | undefined
  const isKnown = (rows: Rows<'identity'>, id: string) =>
    rows.find('User', { id }) !== undefined || rows.find('Contact', { id }) !== undefined
  const all = around.billing?.all<{ id: string; userId: string; isPaid: number }>(
    `select id, userId, ${IS_PAID} as isPaid from "Subscription" order by userId`,
  )
  for (const { id, userId, isPaid } of all ?? []) {
    if (isKnown(tx, userId) || isErased(around, userId) || (old && !isKnown(old, userId))) continue
    const rest = isPaid
      ? 'it is paid for, and stays: give it to them when they sign in anew, or give the money back'
      : 'nothing is paid for it; "gogga check --repair" removes it'
    found.unresolved.push({ file: 'billing', table: 'Subscription', id, why: `its user ${WENT} (${userId}): ${rest}` })
  }
}

const WENT = 'signed up after the backup, and is in identity.db no more'
