// Corrections and disputes (POPIA section 24). Other files know people by subject id alone, so identity.db is all there is
// to correct. The answers that are kept say nothing of the address.
import { correctEmail, dispute } from '../identity/corrections.ts'
import type { Answer } from './changes.ts'
import type { Asked } from './requests.ts'
import type { Sagas } from './sagas.ts'

export interface CorrectionMade {
  readonly id: string
  readonly subjectId: string
  readonly field: string
  readonly outcome: string
}

/** Throws NotFoundError, ConflictError where somebody has the address, UsageError where it stands there already. */
export const correctSubject = (
  { changes }: Sagas,
  correction: { readonly subjectId: string; readonly email: string },
  asked: Asked,
): Promise<Answer<CorrectionMade & { logged: number; revoked: number }>> =>
  changes.begin('identity', asked, {
    write(tx, begin) {
      const { correction: made, logged, revoked } = correctEmail(tx, correction, begin)
      return { status: 201, data: { ...shown(made), logged, revoked } }
    },
  })

/** Throws NotFoundError, UsageError for a field that there is not. */
export const disputeSubject = (
  { changes }: Sagas,
  wish: { readonly subjectId: string; readonly field?: string | undefined; readonly note: string },
  asked: Asked,
): Promise<Answer<CorrectionMade>> =>
  changes.begin('identity', asked, {
    write: (tx, begin) => ({ status: 201, data: shown(dispute(tx, wish, begin)) }),
  })

const shown = ({ id, subjectId, field, outcome }: CorrectionMade): CorrectionMade => ({ id, subjectId, field, outcome })
