// Signing in: a token goes to the email, its holder gets a session. Asking says nothing of who has an account: the same
// statements run for every email. A refusal is returned, not thrown, since its row in the log must stay.
import { hash } from 'node:crypto'
import type { RowOf, Rows, Tx } from '../database/rows.ts'
import { writeAuthLog } from './auth-log.ts'
import { emailKey } from './emails.ts'
import { hashOf, hashOfSecret, newSecret } from './secrets.ts'
import { createSession, type NewSession } from './sessions.ts'
import type { Sources } from './sources.ts'
import { findUserByEmail, type User } from './users.ts'

const PREFIX = 'gogga_login_'
const ID_LENGTH = 32
export const LOGIN_TOKEN_LIFE_MS = 15 * 60 * 1000

export interface IssuedLoginToken {
  /** For the mail, and nowhere else. */
  readonly token: string
  readonly expiresAt: Date
}

export type Refusal = 'unknown' | 'used' | 'expired'

export type SignIn =
  | { readonly outcome: 'signed_in'; readonly user: User; readonly isNew: boolean; readonly session: NewSession }
  | { readonly outcome: 'refused'; readonly reason: Refusal }

type Ip = string | null | undefined

/** Works once, for 15 minutes. */
export function issueLoginToken(
  tx: Tx<'identity'>,
  { email, ip }: { readonly email: string; readonly ip?: Ip },
  sources: Sources,
): IssuedLoginToken {
  const [typed, token, createdAt] = [email.trim(), newSecret(PREFIX, sources.randomBytes), sources.now()]
  const expiresAt = new Date(createdAt.getTime() + LOGIN_TOKEN_LIFE_MS)
  const id = sources.newId()
  tx.insert('LoginToken', { id, token: hashOf(token), email: typed, expiresAt, used: false, createdAt })
  writeAuthLog(tx, { action: 'login_requested', email: typed, ip }, sources)
  return { token, expiresAt }
}

/** Whether the token is still there: whoever was erased meanwhile gets no mail with it. */
export const isLoginTokenKept = (rows: Rows<'identity'>, token: string): boolean =>
  rows.find('LoginToken', { token: hashOf(token) }) !== undefined

/** At the first sign-in the user is made: `isNew`, and the caller sees to what else a new user has. */
export function exchangeLoginToken(
  tx: Tx<'identity'>,
  { token, ip }: { readonly token: string; readonly ip?: Ip },
  sources: Sources,
): SignIn {
  const hash = hashOfSecret(PREFIX, token)
  const row = hash === undefined ? undefined : tx.find('LoginToken', { token: hash })
  const reason = refusalOf(row, sources.now())
  if (!row || reason) return refuse(tx, { reason: reason ?? 'unknown', email: row?.email, ip }, sources)
  if (tx.update('LoginToken', { id: row.id, used: false }, { used: true }) === 0)
    return refuse(tx, { reason: 'used', email: row.email, ip }, sources)
  const found = findUserByEmail(tx, row.email)
  const user = found ?? createUser(tx, row, sources)
  const session = createSession(tx, { userId: user.id }, sources)
  const isNew = found === undefined
  writeAuthLog(tx, { action: 'signed_in', email: user.email, ip, meta: { sessionId: session.id, isNew } }, sources)
  return { outcome: 'signed_in', user, isNew, session }
}

function refusalOf(row: RowOf<'identity', 'LoginToken'> | undefined, now: Date): Refusal | undefined {
  if (!row) return 'unknown'
  if (row.used) return 'used'
  return row.expiresAt > now ? undefined : 'expired'
}

function refuse(
  tx: Tx<'identity'>,
  { reason, email, ip }: { readonly reason: Refusal; readonly email: string | undefined; readonly ip: Ip },
  sources: Sources,
): SignIn {
  writeAuthLog(tx, { action: 'sign_in_refused', email, ip, meta: { reason } }, sources)
  return { outcome: 'refused', reason }
}

/**
 * A contact becomes the user, id and all: what other files say of the contact, they now say of the user. Anybody else's id
 * follows from the token's: identity.db may lose its last commits in a power cut, and then the same token, exchanged again,
 * makes the same user, whom other files may know already.
 */
function createUser(
  tx: Tx<'identity'>,
  token: { readonly id: string; readonly email: string },
  { now }: Sources,
): User {
  const key = emailKey(token.email)
  const contact = tx.find('Contact', { emailKey: key })
  if (contact) tx.remove('Contact', { id: contact.id })
  const time = now()
  const id = contact?.id ?? hash('sha256', `user of login token ${token.id}`, 'hex').slice(0, ID_LENGTH)
  const user = { id, email: key, isAdmin: false, isServiceAdmin: false, createdAt: time, updatedAt: time }
  tx.insert('User', user)
  return user
}
