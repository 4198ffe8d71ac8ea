// identity.db: who signed in is there, once, with the sessions that were handed out.
import { type Checking, sameTally, tally } from './checker.ts'
import { sha256 } from './seed.ts'

export function checkIdentity(checking: Checking): void {
  checkUsers(checking)
  checkSessions(checking)
  checkAuthLog(checking)
  checkOrigins(checking)
}

function checkUsers(checking: Checking): void {
  const { told, rows, same } = checking
  const users = rows<{ id: string; email: string; isAdmin: number; isServiceAdmin: number }>(
    'identity',
    'select * from "User"',
  )
  const byId = new Map(users.map((user) => [user.id, user]))
  for (const { userId, email } of told.ledger.signIns) same(`users: ${userId}`, byId.get(userId)?.email, email)
  const made = told.ledger.signIns.filter(({ isNew }) => isNew).map(({ userId }) => userId)
  const seeded = users.filter(({ id }) => id.startsWith('payer-') || id.startsWith('chaos-')).map(({ id }) => id)
  const ids = users.map(({ id }) => id)
  sameTally(checking, 'users', tally(ids, String), tally([...seeded, ...made], String))
  const roles = new Map(told.ledger.roles.map((given) => [given.userId, given]))
  for (const [userId, { isAdmin, isServiceAdmin }] of roles) {
    const user = byId.get(userId)
    const found = user && { isAdmin: user.isAdmin === 1, isServiceAdmin: user.isServiceAdmin === 1 }
    same(`roles: ${userId}`, found, { isAdmin, isServiceAdmin })
  }
}

function checkSessions(checking: Checking): void {
  const { told, rows } = checking
  const sessions = rows<{ tokenHash: string; userId: string; revokedAt: string | null }>(
    'identity',
    'select * from "Session"',
  )
  const { signIns, signOuts } = told.ledger
  const found = tally(sessions, ({ tokenHash, userId }) => `${tokenHash} ${userId}`)
  sameTally(
    checking,
    'sessions',
    found,
    tally(signIns, ({ token, userId }) => `${sha256(token)} ${userId}`),
  )
  const revoked = sessions.filter(({ revokedAt }) => revokedAt !== null)
  sameTally(
    checking,
    'signed out',
    tally(revoked, ({ tokenHash }) => tokenHash),
    tally(signOuts, ({ token }) => sha256(token)),
  )
}

function checkAuthLog(checking: Checking): void {
  const { told, rows, same } = checking
  const sql = `select action, email, meta ->> 'sessionId' as sessionId, meta ->> 'voucherType' as type from "AuthLog"`
  const log = rows<{ action: string; email: string; sessionId: string | null; type: string | null }>('identity', sql)
  const of = (action: string) => log.filter((row) => row.action === action)
  const { signIns, signOuts, redemptions } = told.ledger
  const emails = new Map(
    rows<{ id: string; email: string }>('identity', 'select id, email from "User"').map(({ id, email }) => [id, email]),
  )
  sameTally(
    checking,
    'redemptions noted',
    tally(of('voucher_redeemed'), ({ email, type }) => `${email} ${type}`),
    tally(redemptions, ({ userId, type }) => `${emails.get(userId)} ${type}`),
  )
  sameTally(
    checking,
    'sign-ins noted',
    tally(of('signed_in'), ({ email }) => email),
    tally(signIns, ({ email }) => email),
  )
  same('sign-ins noted: one each', new Set(of('signed_in').map(({ sessionId }) => sessionId)).size, signIns.length)
  same('sign-outs noted: all', of('signed_out').length, signOuts.length)
}

/** Each row of the admin log has the address from which it came. One without a log is left by a kill, and harms nobody. */
function checkOrigins({ rows, holds }: Checking): void {
  const origins = new Set(
    rows<{ id: string }>('identity', 'select adminLogId as id from "AdminLogOrigin"').map(({ id }) => id),
  )
  for (const { id } of rows<{ id: string }>('admin', 'select id from "AdminLog"')) {
    holds(`origins: ${id}`, origins.has(id), 'has no address')
  }
}
