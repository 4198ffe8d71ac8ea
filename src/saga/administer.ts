// What administrators do to people. Each change begins in the file of what it changes and carries its AdminLog row to
// admin.db in its own outbox: no change without its log, no log without its change.
import type { AdminAction } from '../admin/admin-log.ts'
import { adjust } from '../billing/credits.ts'
import { override } from '../billing/tier-changes.ts'
import type { Tier } from '../billing/tiers.ts'
import type { Tx } from '../database/rows.ts'
import { NotFoundError } from '../errors.ts'
import { writeOrigin } from '../identity/admin-log-origins.ts'
import { findUserByEmail, type Roles, requireUser, setRoles } from '../identity/users.ts'
import { type Actor, acting } from './actors.ts'
import type { Answer, Begin } from './changes.ts'
import { detached } from './free-text.ts'
import type { Asked } from './requests.ts'
import type { Sagas } from './sagas.ts'

const PLACE = 'admin.AdminLog.meta'

/** Sets the tier at once, whatever the state. Throws NotFoundError. */
export function overrideTier(
  sagas: Sagas,
  actor: Actor,
  { userId, tier, reason }: { readonly userId: string; readonly tier: Tier; readonly reason: string },
  asked: Asked,
): Promise<Answer<{ userId: string; tier: string; status: string; nextBilling: string | null }>> {
  return acting(sagas, actor, (logId) =>
    sagas.changes.begin('billing', asked, {
      prepare: () => reasonFor(sagas, userId, reason, logId),
      write(tx, begin, clean) {
        const after = override(tx, { userId, tier, actor: actor.userId }, begin)
        const { status, nextBilling } = after
        postLog(begin, logId, actor, { action: 'tier_override', targetUser: userId, meta: { tier, reason: clean } })
        return { data: { userId, tier: after.tier, status, nextBilling: nextBilling?.toISOString() ?? null } }
      },
    }),
  )
}

/** Gives or takes credits. Throws NotFoundError, ConflictError where fewer than 0 or too many would be left. */
export function adjustCredits(
  sagas: Sagas,
  actor: Actor,
  { userId, credits, reason }: { readonly userId: string; readonly credits: number; readonly reason: string },
  asked: Asked,
): Promise<Answer<{ userId: string; credits: number }>> {
  return acting(sagas, actor, (logId) =>
    sagas.changes.begin('billing', asked, {
      prepare: () => reasonFor(sagas, userId, reason, logId),
      write(tx, begin, clean) {
        const after = adjust(tx, { userId, credits, actor: actor.userId }, begin)
        const meta = { credits, reason: clean }
        postLog(begin, logId, actor, { action: 'credit_adjustment', targetUser: userId, meta })
        return { data: { userId, credits: after.credits } }
      },
    }),
  )
}

/** Throws NotFoundError, ConflictError where nobody would be service administrator. */
export function changeRoles(
  { changes }: Sagas,
  actor: Actor,
  { userId, ...roles }: { readonly userId: string } & { readonly [K in keyof Roles]?: boolean | undefined },
  asked: Asked,
): Promise<Answer<{ userId: string } & Roles>> {
  return changes.begin('identity', asked, {
    write(tx, begin) {
      const { before, after } = setRoles(tx, { userId, ...roles }, begin)
      const was = { wasAdmin: before.isAdmin, wasServiceAdmin: before.isServiceAdmin }
      const logId = noteOrigin(tx, actor, begin)
      postLog(begin, logId, actor, { action: 'roles_changed', targetUser: userId, meta: { ...after, ...was } })
      return { data: { userId, ...after } }
    },
  })
}

/** Finds a user by email; that somebody looked is logged, whether or not there was anybody. Throws NotFoundError. */
export function lookUpUser(
  { changes }: Sagas,
  actor: Actor,
  email: string,
  asked: Asked,
): Promise<Answer<{ userId: string } & Roles>> {
  return changes.begin('identity', asked, {
    write(tx, begin) {
      const user = findUserByEmail(tx, email)
      const targetUser = user?.id ?? null
      const logId = noteOrigin(tx, actor, begin)
      postLog(begin, logId, actor, { action: 'user_lookup', targetUser, meta: { found: user !== undefined } })
      if (!user) return { refusal: new NotFoundError('No user has this email') }
      return { data: { userId: user.id, isAdmin: user.isAdmin, isServiceAdmin: user.isServiceAdmin } }
    },
  })
}

/**
 * In identity.db, where the address belongs, it needs no transaction of its own. The log's id follows from the change's: if a
 * power cut takes this transaction back after the log arrived, the same request makes the same log.
 */
function noteOrigin(tx: Tx<'identity'>, { ip }: Actor, { changeId }: Begin): string {
  const adminLogId = `log-${changeId.slice(0, 32)}`
  tx.remove('AdminLogOrigin', { adminLogId })
  writeOrigin(tx, { adminLogId, ip })
  return adminLogId
}

/** The reason as admin.db may hold it, for a user that there is. */
async function reasonFor(sagas: Sagas, userId: string, reason: string, logId: string): Promise<string> {
  requireUser(sagas.files.identity.rows, userId)
  return await detached(sagas, reason, PLACE, logId)
}

interface Entry {
  readonly action: Extract<AdminAction, 'tier_override' | 'credit_adjustment' | 'roles_changed' | 'user_lookup'>
  readonly targetUser: string | null
  readonly meta: Readonly<Record<string, string | number | boolean>>
}

function postLog(begin: Begin, logId: string, { userId }: Actor, { action, targetUser, meta }: Entry): void {
  begin.post({
    type: 'admin-acted',
    what: logId,
    subjectId: targetUser,
    payload: { logId, adminId: userId, action, targetUser, targetId: null, meta },
  })
}
