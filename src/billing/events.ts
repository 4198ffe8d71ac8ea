// Every transition changes its subscription and writes its event in one transaction.
import type { RowOf, Tx } from '../database/rows.ts'
import { type Action, type EventName, requireAllowed, TRANSITIONS } from './transitions.ts'

export type Subscription = RowOf<'billing', 'Subscription'>

/** Where time and ids come from. */
export interface Sources {
  readonly now: () => Date
  readonly newId: () => string
}

/** Words and numbers about an event, nothing of a person. */
export type Meta = Readonly<Record<string, string | number | boolean>>

export interface Cause {
  /** A subject id, or a word such as `system` or `payfast`. */
  readonly actor: string
  readonly meta?: Meta | undefined
}

export type Changes = Partial<Omit<Subscription, 'id' | 'userId' | 'status' | 'createdAt' | 'updatedAt'>>

/** Throws ConflictError when the table doesn't allow it; returns the subscription as it is then. */
export function applyTransition(
  tx: Tx<'billing'>,
  subscription: Subscription,
  action: Action,
  changes: Changes,
  cause: Cause,
  sources: Sources,
): Subscription {
  requireAllowed(subscription, action)
  const { to, event } = TRANSITIONS[action]
  const status = to === 'same' ? subscription.status : to
  const written = { ...changes, status, updatedAt: sources.now() }
  tx.update('Subscription', { id: subscription.id }, written)
  const after = { ...subscription, ...written }
  if (event) writeEvent(tx, event, { before: subscription, after }, cause, sources)
  return after
}

/** Without `before` for a subscription that has just begun. */
export function writeEvent(
  tx: Tx<'billing'>,
  event: EventName,
  { before, after }: { readonly before?: Subscription; readonly after: Subscription },
  { actor, meta }: Cause,
  sources: Sources,
): void {
  tx.insert('SubscriptionEvent', {
    id: sources.newId(),
    subscriptionId: after.id,
    userId: after.userId,
    event,
    fromTier: before?.tier ?? null,
    toTier: after.tier,
    fromStatus: before?.status ?? null,
    toStatus: after.status,
    actor,
    meta: meta ? JSON.stringify(meta) : null,
    createdAt: sources.now(),
  })
}
