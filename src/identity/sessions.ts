// Sessions of people: `gogga_session_<43 letters>`, 30 days. Verified at every request, so a revoked one stops at once.
import type { Connection } from '../database/connections.ts'
import type { Tx } from '../database/rows.ts'
import { writeAuthLog } from './auth-log.ts'
import { hashOf, hashOfSecret, newSecret } from './secrets.ts'
import type { Sources } from './sources.ts'

const PREFIX = 'gogga_session_'
const DAY_MS = 24 * 60 * 60 * 1000
export const SESSION_LIFE_MS = 30 * DAY_MS

export interface NewSession {
  readonly id: string
  /** In this answer and nowhere else. */
  readonly token: string
  readonly expiresAt: Date
}

export interface SessionCaller {
  readonly sessionId: string
  readonly userId: string
}

export function createSession(
  tx: Tx<'identity'>,
  { userId }: { readonly userId: string },
  { now, newId, randomBytes }: Sources,
): NewSession {
  const [id, token, createdAt] = [newId(), newSecret(PREFIX, randomBytes), now()]
  const expiresAt = new Date(createdAt.getTime() + SESSION_LIFE_MS)
  tx.insert('Session', { id, userId, tokenHash: hashOf(token), createdAt, expiresAt })
  return { id, token, expiresAt }
}

/**
 * A function from the presented token to its session; undefined when it is malformed, unknown, revoked or expired, or
 * its user is gone. One prepared statement and one SHA-256, so nothing is cached.
 */
export function sessionVerifier(reader: Connection): (presented: string, now: Date) => SessionCaller | undefined {
  const find = reader.prepare<[string], SessionCaller & { expiresAt: string }>(
    `select s.id as sessionId, s.userId, s.expiresAt from "Session" s join "User" u on u.id = s.userId
     where s.tokenHash = ? and s.revokedAt is null`,
  )
  return (presented, now) => {
    const hash = hashOfSecret(PREFIX, presented)
    const row = hash === undefined ? undefined : find.get(hash)
    if (!row || !(Date.parse(row.expiresAt) > now.getTime())) return undefined
    return { sessionId: row.sessionId, userId: row.userId }
  }
}

/** Whether it was still open: ending twice keeps the first time and leaves one row in the log. */
export function endSession(
  tx: Tx<'identity'>,
  { sessionId, ip }: { readonly sessionId: string; readonly ip?: string | null | undefined },
  sources: Pick<Sources, 'now' | 'newId'>,
): boolean {
  if (tx.update('Session', { id: sessionId, revokedAt: null }, { revokedAt: sources.now() }) === 0) return false
  const userId = tx.find('Session', { id: sessionId })?.userId
  const email = userId === undefined ? null : tx.find('User', { id: userId })?.email
  writeAuthLog(tx, { action: 'signed_out', email, ip, meta: { sessionId } }, sources)
  return true
}
