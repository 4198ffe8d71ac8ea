// A person's email put right wherever it lives (POPIA section 24(1)(a)): their row, and the log of what happened at the door,
// so that all that is theirs is found by the address that they have. What was wrong is noted with the correction, since it
// says whose older mentions of that address are. A correction that is disputed changes nothing and leaves a note (24(2)(d)).
import { modelNamed } from '../database/catalog.ts'
import type { RowOf, Rows, Tx } from '../database/rows.ts'
import { ConflictError, UsageError } from '../errors.ts'
import { findSubject } from './contacts.ts'
import { emailKey } from './emails.ts'
import { CORRECTED } from './former-addresses.ts'
import { requireSubject } from './restrictions.ts'
import type { Sources } from './sources.ts'
import { endOf, lookForTraces, noTraces } from './traces.ts'

export type Correction = RowOf<'identity', 'Correction'>
type CorrectionSources = Pick<Sources, 'now' | 'newId'>

export const correctionsOf = (rows: Rows<'identity'>, subjectId: string): readonly Correction[] =>
  rows.list('Correction', { subjectId }, 'createdAt, id')

export interface Corrected {
  readonly correction: Correction
  /** Rows of the log of the door that bear the new address now. */
  readonly logged: number
  /** Login tokens that were on their way to the old address and are void. */
  readonly revoked: number
}

/** Throws NotFoundError; ConflictError where somebody has the new address; UsageError where nothing would change. */
export function correctEmail(
  tx: Tx<'identity'>,
  { subjectId, email }: { readonly subjectId: string; readonly email: string },
  sources: CorrectionSources,
): Corrected {
  const { kind, email: before } = requireSubject(tx, subjectId)
  if (emailKey(before) === emailKey(email)) throw new UsageError('This is the address that stands there already')
  if (findSubject(tx, emailKey(email)) !== undefined)
    throw new ConflictError('Somebody else has this address', {
      hint: 'Where both are one person, erase or correct the other one first.',
    })
  const moved = moveToAddress(tx, { subjectId, email }, sources)
  const correction = note(tx, { subjectId, field: fieldOf(kind), outcome: CORRECTED, note: before }, sources)
  return { correction, ...moved }
}

/** The same without a note of it: a correction that is done again. Nobody else may have the new address. Throws NotFoundError. */
export function moveToAddress(
  tx: Tx<'identity'>,
  { subjectId, email }: { readonly subjectId: string; readonly email: string },
  { now }: Pick<Sources, 'now'>,
): Omit<Corrected, 'correction'> {
  const { kind, email: before } = requireSubject(tx, subjectId)
  const [was, is] = [emailKey(before), emailKey(email)]
  // An older look is not worth its price here: corrections are rare, and this one reads an index.
  const traces = noTraces([was])
  lookForTraces(tx, traces, { ...endOf(tx), AuthLog: 0 })
  const typed = JSON.stringify([...(traces.typed.get(was) ?? [])])
  const logged = tx.run('update "AuthLog" set email = ? where email in (select value from json_each(?))', is, typed)
  const revoked = tx.run('delete from "LoginToken" where lower(trim(email)) = ? or email = ?', was, before)
  if (kind === 'user') tx.update('User', { id: subjectId }, { email: is, updatedAt: now() })
  else tx.update('Contact', { id: subjectId }, { email: email.trim(), emailKey: is })
  forgetSpelling(tx, subjectId)
  return { logged, revoked }
}

/** What a dispute is filed under where nobody said what it is about. */
const NO_FIELD = ''

/** What the person says and we do not change. Throws NotFoundError. */
export function dispute(
  tx: Tx<'identity'>,
  {
    subjectId,
    field,
    note: text,
  }: { readonly subjectId: string; readonly field?: string | undefined; readonly note: string },
  sources: CorrectionSources,
): Correction {
  requireSubject(tx, subjectId)
  if (field !== undefined && !isField(field))
    throw new UsageError('The field is no column of the schemas: expected such as identity.User.email')
  return note(tx, { subjectId, field: field ?? NO_FIELD, outcome: 'disputed', note: text }, sources)
}

const fieldOf = (kind: 'user' | 'contact'): string =>
  kind === 'user' ? 'identity.User.email' : 'identity.Contact.email'

function isField(field: string): boolean {
  const [domain = '', model = '', column = ''] = field.split('.')
  try {
    return modelNamed(domain as 'identity', model).columns.some(({ name }) => name === column)
  } catch {
    return false
  }
}

function note(tx: Tx<'identity'>, row: Omit<Correction, 'id' | 'createdAt'>, sources: CorrectionSources): Correction {
  const correction = { id: sources.newId(), ...row, createdAt: sources.now() }
  tx.insert('Correction', correction)
  return correction
}

/** The odd spelling of the unified database was one of the wrong address. */
const forgetSpelling = (tx: Tx<'identity'>, subjectId: string): void =>
  void tx.remove('LegacyOriginal', { table: 'User', column: 'email', rowId: subjectId })
