// Packs of credits, and what is left of them. Subscription.credits is the balance beyond the monthly allowance: what packs
// have left, and adjustments. Packs that came from elsewhere know nothing of what was spent, so the balance leads.
import type { RowOf, Rows, Tx } from '../database/rows.ts'

export type Pack = RowOf<'billing', 'CreditPurchase'>

export const leftOf = ({ credits, creditsUsed }: Pack): number => Math.max(0, credits - creditsUsed)

/** Complete packs with something left, also such as have expired meanwhile; the earliest to expire first. */
export const openPacks = (rows: Rows<'billing'>, userId: string): readonly Pack[] =>
  rows
    .list('CreditPurchase', { userId, status: 'complete' }, 'expiresAt is null, expiresAt, id')
    .filter((pack) => leftOf(pack) > 0)

/** Takes so many credits from the packs, in their order, or all that they have. */
export function takeFrom(packs: readonly Pack[], credits: number): readonly Pack[] {
  let missing = credits
  return packs.map((pack) => {
    const taken = Math.min(missing, leftOf(pack))
    missing -= taken
    return taken === 0 ? pack : { ...pack, creditsUsed: pack.creditsUsed + taken }
  })
}

export const sumLeft = (packs: readonly Pack[]): number => packs.reduce((sum, pack) => sum + leftOf(pack), 0)

/** What packs have left beyond the balance counts as spent. */
export const heal = (packs: readonly Pack[], credits: number): readonly Pack[] =>
  takeFrom(packs, Math.max(0, sumLeft(packs) - Math.max(0, credits)))

/** Uses up what has expired. */
export function expirePacks(packs: readonly Pack[], now: Date): { packs: readonly Pack[]; lost: number } {
  let lost = 0
  const kept = packs.map((pack) => {
    if (!pack.expiresAt || pack.expiresAt > now) return pack
    lost += leftOf(pack)
    return { ...pack, creditsUsed: Math.max(pack.credits, pack.creditsUsed) }
  })
  return { packs: kept, lost }
}

/** Writes those that are another object than before. */
export function writePacks(tx: Tx<'billing'>, before: readonly Pack[], after: readonly Pack[]): void {
  after.forEach((pack, at) => {
    if (pack !== before[at]) tx.update('CreditPurchase', { id: pack.id }, { creditsUsed: pack.creditsUsed })
  })
}
