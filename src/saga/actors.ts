// Who administers, and from where. The address is personal and stays in identity.db, beside the id of the log's row; it is
// written before the change, and taken back where that is refused.

import type { Rows } from '../database/rows.ts'
import { ForbiddenError } from '../errors.ts'
import { removeOrigin, writeOrigin } from '../identity/admin-log-origins.ts'
import type { Sagas } from './sagas.ts'

export interface Actor {
  /** Subject id. */
  readonly userId: string
  readonly ip: string
}

/** Throws ForbiddenError unless the user is an administrator; `service` asks for a service administrator. */
export function requireAdministrator(rows: Rows<'identity'>, userId: string, role: 'any' | 'service' = 'any'): void {
  const user = rows.find('User', { id: userId })
  if (role === 'service' ? user?.isServiceAdmin : user?.isAdmin || user?.isServiceAdmin) return
  const needed = role === 'service' ? 'a service administrator' : 'an administrator'
  throw new ForbiddenError(`X-Gogga-Actor must be the id of ${needed}`, {
    errors: [{ at: 'x-gogga-actor', message: `is not ${needed}` }],
    hint: 'Send the user id of the person who acts.',
  })
}

/** Runs `work` with the id of the log's row that it is to write, and of what is detached for it. A repeat of an answered request leaves no trace here. */
export async function acting<T extends { readonly repeated: boolean }>(
  { files, newId }: Sagas,
  { ip }: Actor,
  work: (logId: string) => Promise<T>,
): Promise<T> {
  const adminLogId = newId()
  await files.identity.change((tx) => writeOrigin(tx, { adminLogId, ip }))
  const takeBack = () =>
    files.identity.change((tx) => {
      removeOrigin(tx, adminLogId)
      tx.remove('DetachedValue', { rowId: adminLogId })
    })
  try {
    const answer = await work(adminLogId)
    if (answer.repeated) await takeBack()
    return answer
  } catch (error) {
    if (!isUncertain(error)) await takeBack()
    throw error
  }
}

/** Whether the change may be on disk nonetheless. */
const isUncertain = (error: unknown): boolean =>
  !(error instanceof Error && 'status' in error && typeof error.status === 'number' && error.status < 500)
