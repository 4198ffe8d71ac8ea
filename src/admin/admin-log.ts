// The record of what administrators did, and to whom.
import type { Tx } from '../database/rows.ts'
import type { Sources } from './sources.ts'
import type { Meta } from './voucher-log.ts'

/** Rows of the unified database have words of their own beside these. */
export const ADMIN_ACTIONS = [
  'tier_override',
  'credit_adjustment',
  'roles_changed',
  'user_lookup',
  'voucher_created',
  'vouchers_created',
  'voucher_voided',
  'voucher_deleted',
  'message_dropped',
] as const

export type AdminAction = (typeof ADMIN_ACTIONS)[number]

export interface AdminEvent {
  /** Given by the change that it records: a message about the same change writes the same row. */
  readonly id: string
  /** Subject id of who acted. */
  readonly adminId: string
  readonly action: AdminAction
  /** Subject id of whom it concerns. */
  readonly targetUser?: string | null | undefined
  /** The row that was acted on. */
  readonly targetId?: string | null | undefined
  readonly meta?: Meta | undefined
}

export function writeAdminLog(
  tx: Tx<'admin'>,
  { id, adminId, action, targetUser, targetId, meta }: AdminEvent,
  { now }: Pick<Sources, 'now'>,
): void {
  tx.insert('AdminLog', {
    id,
    adminId,
    action,
    targetUser: targetUser ?? null,
    targetId: targetId ?? null,
    meta: meta ? JSON.stringify(meta) : null,
    createdAt: now(),
  })
}
