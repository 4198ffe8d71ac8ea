// A person asked that their information not be used for a while (POPIA section 14(6)), or objected to its use (11(3)).
// Nothing is done of ourselves then: no mail, no recurring charge. Storage goes on, and what the person asks for in person,
// since that is their consent (14(7)): a mail to sign in by, a payment that they make themselves.
import type { RowOf, Rows, Tx } from '../database/rows.ts'
import { ConflictError, NotFoundError } from '../errors.ts'
import { findSubject } from './contacts.ts'
import type { Sources } from './sources.ts'

export const RESTRICTIONS = ['restricted', 'objected'] as const
export type RestrictionKind = (typeof RESTRICTIONS)[number]
export type Restriction = RowOf<'identity', 'Restriction'>

/** The ones that hold, oldest first. */
export const openRestrictions = (rows: Rows<'identity'>, subjectId: string): readonly Restriction[] =>
  rows.list('Restriction', { subjectId, liftedAt: null }, 'createdAt, id')

/** Those that were lifted as well. */
export const allRestrictions = (rows: Rows<'identity'>, subjectId: string): readonly Restriction[] =>
  rows.list('Restriction', { subjectId }, 'createdAt, id')

export const isRestricted = (rows: Rows<'identity'>, subjectId: string): boolean =>
  rows.find('Restriction', { subjectId, liftedAt: null }) !== undefined

/** Whether a mail may go to this address: always where its owner asked for it just now, else unless they are restricted. */
export function mayBeMailed(
  rows: Rows<'identity'>,
  mail: { readonly to: string; readonly isAskedFor: boolean },
): boolean {
  if (mail.isAskedFor) return true
  const subjectId = findSubject(rows, mail.to)
  return subjectId === undefined || !isRestricted(rows, subjectId)
}

/** One of each kind holds at a time: a second one is the first. Throws NotFoundError. */
export function addRestriction(
  tx: Tx<'identity'>,
  {
    subjectId,
    kind,
    note,
  }: { readonly subjectId: string; readonly kind: RestrictionKind; readonly note?: string | undefined },
  { now, newId }: Pick<Sources, 'now' | 'newId'>,
): Restriction {
  requireSubject(tx, subjectId)
  const existing = tx.find('Restriction', { subjectId, kind, liftedAt: null })
  if (existing) return existing
  const restriction = { id: newId(), subjectId, kind, note: note ?? null, createdAt: now(), liftedAt: null }
  tx.insert('Restriction', restriction)
  return restriction
}

/** All that hold. Throws NotFoundError, ConflictError where none does. */
export function liftRestrictions(
  tx: Tx<'identity'>,
  subjectId: string,
  { now }: Pick<Sources, 'now'>,
): readonly Restriction[] {
  requireSubject(tx, subjectId)
  const open = openRestrictions(tx, subjectId)
  if (open.length === 0) throw new ConflictError('Nothing is restricted for this person')
  tx.update('Restriction', { subjectId, liftedAt: null }, { liftedAt: now() })
  return open
}

/** A user or a contact. Throws NotFoundError. */
export function requireSubject(
  rows: Rows<'identity'>,
  id: string,
): { readonly kind: 'user' | 'contact'; readonly email: string; readonly createdAt: Date } {
  const user = rows.find('User', { id })
  if (user) return { kind: 'user', email: user.email, createdAt: user.createdAt }
  const contact = rows.find('Contact', { id })
  if (contact) return { kind: 'contact', email: contact.email, createdAt: contact.createdAt }
  throw new NotFoundError('No person has this id', { hint: 'A subject id is that of a user or of a contact.' })
}
