// A restriction or objection (POPIA sections 11(3) and 14(6)) begins in identity.db, which knows what the person said, and
// goes on to billing.db, which charges nothing by itself from then on.
import type { RestrictionKind } from '../identity/restrictions.ts'
import { addRestriction, liftRestrictions, openRestrictions } from '../identity/restrictions.ts'
import type { Answer } from './changes.ts'
import type { Asked } from './requests.ts'
import type { Sagas } from './sagas.ts'

export interface Restricted {
  readonly subjectId: string
  readonly kind: RestrictionKind
  readonly createdAt: string
}

/** Twice is once, and billing.db hears of it again: it may have been put back to an older state. Throws NotFoundError. */
export function restrictSubject(
  { changes }: Sagas,
  restriction: { readonly subjectId: string; readonly kind: RestrictionKind; readonly note?: string | undefined },
  asked: Asked,
): Promise<Answer<Restricted>> {
  const { subjectId, kind } = restriction
  return changes.begin('identity', asked, {
    write(tx, begin) {
      const isNew = !openRestrictions(tx, subjectId).some((open) => open.kind === kind)
      const { id, createdAt } = addRestriction(tx, restriction, begin)
      const what = isNew ? id : `${id}:${begin.changeId}`
      begin.post({ type: 'subject-restricted', what, subjectId, payload: { userId: subjectId } })
      return { status: 201, data: { subjectId, kind, createdAt: createdAt.toISOString() } }
    },
  })
}

export interface Lifted {
  readonly subjectId: string
  readonly lifted: readonly string[]
}

/** All that hold. The person is to be told first (section 14(8)). Throws NotFoundError, ConflictError where none holds. */
export function liftSubject({ changes }: Sagas, subjectId: string, asked: Asked): Promise<Answer<Lifted>> {
  return changes.begin('identity', asked, {
    write(tx, begin) {
      const lifted = liftRestrictions(tx, subjectId, begin)
      const what = lifted.map(({ id }) => id).join('+')
      begin.post({ type: 'restriction-lifted', what, subjectId, payload: { userId: subjectId } })
      return { data: { subjectId, lifted: lifted.map(({ kind }) => kind) } }
    },
  })
}
