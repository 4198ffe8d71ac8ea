import type { Tx } from '../../src/database/rows.ts'
import type { User } from '../../src/identity/users.ts'
import { START } from '../helpers/one-file.ts'

/** A user as split may leave one: the email in any spelling. */
export function addUser(tx: Tx<'identity'>, id: string, email: string, roles: Partial<User> = {}): void {
  const times = { createdAt: START, updatedAt: START }
  tx.insert('User', { id, email, isAdmin: false, isServiceAdmin: false, ...times, ...roles })
}

export const addContact = (tx: Tx<'identity'>, id: string, email: string): void =>
  tx.insert('Contact', { id, email, emailKey: email.trim().toLowerCase(), createdAt: START })
