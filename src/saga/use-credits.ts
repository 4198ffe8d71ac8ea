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
export const useCredits = ({ changes, files }: Sagas, usage: Usage, asked: Asked): Promise<Answer<Spent>> =>
  // The key is the spender's, whoever asks for them: a service that changes its API key between two tries spends once.
  changes.begin(
    'billing',
    { ...asked, scope: usage.userId },
    {
      prepare: async () => requireUser(files.identity.rows, usage.userId),
      write: (tx, begin) => ({ data: spend(tx, usage, begin) }),
    },
  )
