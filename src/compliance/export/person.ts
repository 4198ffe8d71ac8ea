// Who asks (POPIA section 23): by subject id, or by an address that is or was theirs. A contact with the address of an account
// is the same person. Where an address passed from one person to another, the caller says which of them is meant.
import { timeText } from '../../database/row-codec.ts'
import type { Rows } from '../../database/rows.ts'
import { ConflictError, NotFoundError } from '../../errors.ts'
import { findSubject } from '../../identity/contacts.ts'
import { emailKey } from '../../identity/emails.ts'
import { type Address, addressesOf, contactsWith, formerOwnersOf, isOfThem } from '../../identity/former-addresses.ts'

export interface Person {
  /** The one that was asked for comes first. */
  readonly ids: readonly string[]
  readonly kind: 'user' | 'contact' | 'erased'
  readonly isAdministrator: boolean
  /** As they have it now; null after an erasure. */
  readonly email: string | null
  /** Email keys, former ones included, and when they were theirs. */
  readonly addresses: readonly Address[]
}

/** Throws NotFoundError; ConflictError, which lists them in `errors`, where several people had the address. */
export function findPerson(rows: Rows<'identity'>, idOrEmail: string): Person {
  return personOf(rows, idOrEmail.includes('@') ? idOfEmail(rows, idOrEmail) : idOrEmail)
}

function personOf(rows: Rows<'identity'>, id: string): Person {
  const user = rows.find('User', { id })
  const contact = user ? undefined : rows.find('Contact', { id })
  const email = user?.email ?? contact?.email ?? null
  if (email === null) return erased(rows, id)
  const same = rows.all<{ id: string }>(
    `select id from "Contact" where emailKey = ? union select id from "User" where lower(trim(email)) = ?`,
    emailKey(email),
    emailKey(email),
  )
  const contacts = contactsWith(rows, addressesOf(rows, [id]))
  const ids = [...new Set([id, ...same.map((one) => one.id), ...contacts])]
  const users = ids.flatMap((each) => rows.find('User', { id: each }) ?? [])
  const isAdministrator = users.some((one) => one.isAdmin || one.isServiceAdmin)
  const kind = users.length > 0 ? 'user' : 'contact'
  return { ids, kind, isAdministrator, email, addresses: addressesOf(rows, ids) }
}

/** What is kept as a record names them by subject id alone, but it is still held. */
function erased(rows: Rows<'identity'>, id: string): Person {
  if (rows.find('Tombstone', { subjectId: id }))
    return { ids: [id], kind: 'erased', isAdministrator: false, email: null, addresses: [] }
  throw new NotFoundError('No person has this id', { hint: 'A subject id is that of a user or of a contact.' })
}

interface Owner {
  readonly id: string
  readonly until: string | null
}

function idOfEmail(rows: Rows<'identity'>, email: string): string {
  const key = emailKey(email)
  const owners = ownersOf(rows, email, key)
  const [first, ...others] = owners
  if (!first)
    throw new NotFoundError('No person has or had this address', {
      hint: 'Compare the spelling, or give the subject id.',
    })
  if (others.length === 0) return first.id
  throw new ConflictError(`${owners.length} people have or had this address at different times`, {
    hint: `Name one of them by subject id: ${owners.map(shown).join('; ')}.`,
    errors: owners.map((owner) => ({ at: owner.id, message: owner.until ? `until ${owner.until}` : 'has it now' })),
  })
}

const shown = ({ id, until }: Owner): string => `${id} (${until ? `until ${until}` : 'now'})`

function ownersOf(rows: Rows<'identity'>, email: string, key: string): readonly Owner[] {
  const now = findSubject(rows, email)
  const accounts = rows.all<{ id: string }>(`select id from "User" where lower(trim(email)) = ? order by id`, key)
  const present = accounts.length > 0 ? accounts.map(({ id }) => id) : now === undefined ? [] : [now]
  return [
    ...present.map((id) => ({ id, until: null })),
    ...formerOwnersOf(rows, email).filter(({ id }) => !present.includes(id)),
  ]
}

/** Whether an address in a row that was written then is the person's; without a time, whether it is theirs now. */
export function isTheirs({ addresses }: Person, email: string, at: string | undefined): boolean {
  const key = emailKey(email)
  if (at !== undefined) return isOfThem(addresses, key, at)
  return addresses.some((one) => one.key === key && one.until === null)
}

export const timeIn = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : typeof value === 'number' ? timeText(new Date(value)) : undefined
