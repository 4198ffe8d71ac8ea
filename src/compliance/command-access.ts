// A command that shows personal information leaves a row in the access log as every key does; its own key opens nothing.
import { randomBytes } from 'node:crypto'
import type { Tx } from '../database/rows.ts'
import type { PurposeId } from '../identity/purposes.ts'

export const COMMAND_KEY = 'command'

export interface CommandAccess {
  /** `gogga subject export` */
  readonly command: string
  readonly fields: readonly string[]
  readonly subjects: readonly string[]
  readonly purpose: PurposeId
  /** Who ran it: see os-user.ts. */
  readonly osUser: string | null
}

/** To be on disk before anything is shown. */
export function noteCommandAccess(
  tx: Tx<'identity'>,
  { command, fields, subjects, purpose, osUser }: CommandAccess,
  { now, newId }: { readonly now: () => Date; readonly newId: () => string },
): void {
  const createdAt = now()
  if (!tx.find('ApiKey', { id: COMMAND_KEY }))
    tx.insert('ApiKey', {
      ...{ id: COMMAND_KEY, name: 'the command gogga on the machine itself', scopes: '', purposes: '' },
      hash: randomBytes(32).toString('hex'), // No key has it.
      ...{ createdAt, revokedAt: createdAt },
    })
  tx.insert('AccessLog', {
    ...{ id: newId(), apiKeyId: COMMAND_KEY, route: command, fields: fields.join(' ') },
    ...{ subjects: JSON.stringify(subjects), requestId: newId(), purpose, osUser, createdAt },
  })
}
