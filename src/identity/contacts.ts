// The subject id of an email, whether its person has an account or not.
import type { Tx } from '../database/rows.ts'
import { emailKey } from './emails.ts'
import type { Sources } from './sources.ts'
import { findUserByEmail } from './users.ts'

/** The id of the email's user, else of its contact, which is made where there is none. */
export function subjectForEmail(
  tx: Tx<'identity'>,
  { email }: { readonly email: string },
  { now, newId }: Pick<Sources, 'now' | 'newId'>,
): string {
  const key = emailKey(email)
  const found = findUserByEmail(tx, email) ?? tx.find('Contact', { emailKey: key })
  if (found) return found.id
  const id = newId()
  tx.insert('Contact', { id, email: email.trim(), emailKey: key, createdAt: now() })
  return id
}
