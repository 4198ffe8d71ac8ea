// What an erasure took out of this file, until mails and what was never assigned are rid of it: whoever is ended in between leaves
// enough for the next one to go on. It goes before the bytes are searched, so that nothing of it is found.
import type { Rows, Tx } from '../database/rows.ts'
import type { TakenValues } from './erasure.ts'

/** No text of a row: a place that no column has. */
export const TAKEN_PLACE = 'identity.Erasure.taken'

/** In the transaction that takes the values out. */
export function keepTaken(tx: Tx<'identity'>, erasureId: string, values: TakenValues, createdAt: Date): void {
  forgetTaken(tx, erasureId)
  let number = 0
  for (const [kind, texts] of Object.entries(values) as [string, readonly string[]][]) {
    for (const value of texts) {
      const id = `${erasureId}:${number++}`
      tx.insert('DetachedValue', {
        ...{ id, kind, raw: '', value, bare: false, place: TAKEN_PLACE, rowId: erasureId, createdAt },
      })
    }
  }
}

export const forgetTaken = (tx: Tx<'identity'>, erasureId: string): number =>
  tx.run('delete from "DetachedValue" where place = ? and rowId = ?', TAKEN_PLACE, erasureId)

/** Undefined where there is nothing. */
export function takenFor(rows: Rows<'identity'>, erasureId: string): TakenValues | undefined {
  const kept = rows.all<{ kind: string; value: string }>(
    'select kind, value from "DetachedValue" where place = ? and rowId = ?',
    TAKEN_PLACE,
    erasureId,
  )
  if (kept.length === 0) return undefined
  const byKind = Map.groupBy(kept, ({ kind }) => kind)
  const all = [...byKind].map(([kind, list]) => [kind, list.map(({ value }) => value)])
  return { emails: [], ips: [], texts: [], ...(Object.fromEntries(all) as Partial<TakenValues>) }
}
