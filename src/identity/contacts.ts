// The subject id of an email, whether its person has an account or not.
import type { Rows, Tx } from '../database/rows.ts'
import { emailKey } from './emails.ts'
import type { Sources } from './sources.ts'
import { findUserByEmail } from './users.ts'

/** The id of the email's user, else of its contact; undefined where nobody has it. */
export const findSubject = (rows: Rows<'identity'>, email: string): string | undefined =>
  (findUserByEmail(rows, email) ?? rows.find('Contact', { emailKey: emailKey(email) }))?.id

/** The id of the email's user, else of its contact, which is made where there is none. */
export function subjectForEmail(
  tx: Tx<'identity'>,
  { email }: { readonly email: string },
  { now, newId }: Pick<Sources, 'now' | 'newId'>,
): string {
  const found = findSubject(tx, email)
  if (found !== undefined) return found
  const id = newId()
  tx.insert('Contact', { id, email: email.trim(), emailKey: emailKey(email), createdAt: now() })
  return id
}
