// Spending begins and ends in billing.db.
import { type Spent, spend } from '../billing/credits.ts'
import { requireUser } from '../identity/users.ts'
import type { Answer } from './changes.ts'
import type { Asked } from './requests.ts'
import type { Sagas } from './sagas.ts'

export interface Usage {
  readonly userId: string
  readonly credits: number
  readonly images: number
}

/** All or nothing. Throws NotFoundError for an unknown user, ConflictError where not enough is left. */
export function useCredits({ changes, files }: Sagas, usage: Usage, asked: Asked): Promise<Answer<Spent>> {
  const { userId } = usage
  // Anything may stand where a user's id should: billing.db keeps who was asked for only where that is somebody.
  const subjectId = files.identity.rows.find('User', { id: userId })?.id
  // The key is the spender's, whoever asks for them: a service that changes its API key between two tries spends once.
  return changes.begin(
    'billing',
    { ...asked, subjectId, scope: userId },
    {
      prepare: async () => requireUser(files.identity.rows, userId),
      write: (tx, begin) => ({ data: spend(tx, usage, begin) }),
    },
  )
}
