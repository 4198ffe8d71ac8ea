// Who a person is: found by id or by email, and what the person may do.
import type { RowOf, Rows, Tx } from '../database/rows.ts'
import { ConflictError, NotFoundError } from '../errors.ts'
import { emailKey } from './emails.ts'
import type { Sources } from './sources.ts'

export type User = RowOf<'identity', 'User'>

export interface Roles {
  readonly isAdmin: boolean
  readonly isServiceAdmin: boolean
}

/** The user of exactly this email, else of its key, else one whose stored spelling has the same key. */
export function findUserByEmail(rows: Rows<'identity'>, email: string): User | undefined {
  const key = emailKey(email)
  return rows.find('User', { email }) ?? rows.find('User', { email: key }) ?? findBySpelling(rows, key)
}

/** Throws NotFoundError. */
export function requireUser(rows: Rows<'identity'>, id: string): User {
  const user = rows.find('User', { id })
  if (user) return user
  throw new NotFoundError('No user has this id', { hint: 'Look the user up by email first, or check the id.' })
}

/** Throws NotFoundError. */
export function roles(rows: Rows<'identity'>, id: string): Roles {
  return rolesOf(requireUser(rows, id))
}

/** What is left out stays as it is. Throws NotFoundError; ConflictError where nobody would be service administrator. */
export function setRoles(
  tx: Tx<'identity'>,
  { userId, ...asked }: { readonly userId: string } & { readonly [K in keyof Roles]?: boolean | undefined },
  { now }: Pick<Sources, 'now'>,
): { readonly before: Roles; readonly after: Roles } {
  const before = roles(tx, userId)
  const after = {
    isAdmin: asked.isAdmin ?? before.isAdmin,
    isServiceAdmin: asked.isServiceAdmin ?? before.isServiceAdmin,
  }
  if (before.isServiceAdmin && !after.isServiceAdmin) requireAnotherServiceAdmin(tx, userId)
  const isChange = after.isAdmin !== before.isAdmin || after.isServiceAdmin !== before.isServiceAdmin
  if (isChange) tx.update('User', { id: userId }, { ...after, updatedAt: now() })
  return { before, after }
}

const rolesOf = ({ isAdmin, isServiceAdmin }: User): Roles => ({ isAdmin, isServiceAdmin })

/** Throws ConflictError where there is none. */
export function requireAnotherServiceAdmin(rows: Rows<'identity'>, userId: string): void {
  const others = rows.all('select 1 from "User" where isServiceAdmin = 1 and id <> ? limit 1', userId)
  if (others.length > 0) return
  throw new ConflictError('This user is the last service administrator, and there must be one', {
    hint: 'Make somebody else service administrator first.',
  })
}

interface Spellings {
  /** Email key → ids of users whose stored email is another spelling, in the order of the ids. */
  readonly ids: Map<string, string[]>
  /** Rows up to this one have been read. */
  upTo: number
}

/** What has been read of odd spellings, by where it was read: a table without an index for it is not read twice. */
const known = new WeakMap<Rows<'identity'>, Spellings>()

/**
 * Odd spellings come from the unified database alone: here emails are stored as their key. So only rows that are new
 * since the last look are read, and what was found is checked by id, as rows may be gone or changed.
 */
function findBySpelling(rows: Rows<'identity'>, key: string): User | undefined {
  const spellings = known.get(rows) ?? { ids: new Map(), upTo: 0 }
  known.set(rows, spellings)
  readSpellings(rows, spellings)
  for (const id of spellings.ids.get(key) ?? []) {
    const user = rows.find('User', { id })
    if (user && emailKey(user.email) === key) return user
  }
  return undefined
}

function readSpellings(rows: Rows<'identity'>, spellings: Spellings): void {
  const [last] = rows.all<{ upTo: number | null }>('select max(rowid) as upTo from "User"')
  if (!last?.upTo || last.upTo <= spellings.upTo) return
  // SQLite's lower() knows ASCII alone: whatever is beyond it is judged here.
  const odd = rows.all<{ id: string; email: string }>(
    `select id, email from "User" where rowid > ? and (email <> lower(trim(email)) or email glob '*[^ -~]*')`,
    spellings.upTo,
  )
  for (const { id, email } of odd) {
    const key = emailKey(email)
    if (key === email) continue
    spellings.ids.set(key, [...(spellings.ids.get(key) ?? []), id].sort())
  }
  spellings.upTo = last.upTo
}
