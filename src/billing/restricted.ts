// People who restricted the use of their information, or objected to it (POPIA sections 11(3) and 14(6)): nothing is charged
// for them by itself. Why, identity.db knows. Their subscription ends with its paid period unless they lift it before.
import type { Rows, Tx } from '../database/rows.ts'

export const isRestricted = (rows: Rows<'billing'>, subjectId: string): boolean =>
  rows.find('RestrictedSubject', { subjectId }) !== undefined

/** Twice is once; nobody who was erased comes back by it. */
export function restrict(tx: Tx<'billing'>, subjectId: string, { now }: { readonly now: () => Date }): void {
  if (isRestricted(tx, subjectId) || tx.find('Tombstone', { subjectId })) return
  tx.insert('RestrictedSubject', { subjectId, createdAt: now() })
}

export const liftRestriction = (tx: Tx<'billing'>, subjectId: string): void =>
  void tx.remove('RestrictedSubject', { subjectId })
