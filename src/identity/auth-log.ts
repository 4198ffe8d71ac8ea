// The record of what happened at the door, in the transaction of what it records.
import type { Tx } from '../database/rows.ts'
import type { Sources } from './sources.ts'

/** Rows of the unified database have words of their own beside these. */
export const AUTH_ACTIONS = [
  'login_requested',
  'signed_in',
  'sign_in_refused',
  'signed_out',
  'voucher_redeemed',
] as const

export type AuthAction = (typeof AUTH_ACTIONS)[number]

export interface AuthEvent {
  readonly action: AuthAction
  /** As it was typed, or as the user's row has it. */
  readonly email?: string | null | undefined
  readonly ip?: string | null | undefined
  readonly meta?: Readonly<Record<string, string | number | boolean | null>> | undefined
}

/** Returns the new row's id. */
export function writeAuthLog(
  tx: Tx<'identity'>,
  { action, email, ip, meta }: AuthEvent,
  { now, newId }: Pick<Sources, 'now' | 'newId'>,
): string {
  const id = newId()
  tx.insert('AuthLog', {
    id,
    email: email ?? null,
    action,
    ip: ip ?? null,
    meta: meta ? JSON.stringify(meta) : null,
    createdAt: now(),
  })
  return id
}
