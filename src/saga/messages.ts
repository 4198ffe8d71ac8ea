// Every effect that a change in one file has in another: message type → target file → function. A payload holds ids, words
// and numbers, never personal information. A handler that throws a refusal (409, 404) took nothing with it; where the
// message names a compensation, that goes back instead.
import { z } from 'zod'
import { writeAdminLog } from '../admin/admin-log.ts'
import { releaseVoucher } from '../admin/vouchers.ts'
import { liftRestriction, restrict } from '../billing/restricted.ts'
import { isErased, openSubscription } from '../billing/subscriptions.ts'
import { grantVoucher } from '../billing/voucher-grants.ts'
import { DOMAINS, type Domain } from '../database/domains.ts'
import { postMessage } from '../database/outbox.ts'
import type { Tx } from '../database/rows.ts'
import { writeAuthLog } from '../identity/auth-log.ts'
import { eraseIn } from './erasing.ts'
import { applyLinkPolicies } from './link-policies.ts'
import { refuseChange } from './refusals.ts'
import type { SagaSources } from './sources.ts'

const Id = z.string().min(1).max(200)
const VoucherPayload = z.strictObject({
  voucherId: Id,
  userId: Id,
  voucherType: z.enum(['JIVE_1MONTH', 'JIGGA_1MONTH', 'R200', 'R500', 'R1000']),
  /** Why it was refused, in what goes back. */
  reason: z.string().optional(),
})
const LogPayload = z.strictObject({
  logId: Id,
  adminId: Id,
  action: z.enum(['tier_override', 'credit_adjustment', 'roles_changed', 'user_lookup', 'message_dropped']),
  targetUser: Id.nullable(),
  targetId: Id.nullable(),
  meta: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
})

const ParentPayload = z.strictObject({
  domain: z.enum(DOMAINS),
  model: Id,
  ids: z.array(Id).min(1).max(200),
})

const ErasedPayload = z.strictObject({
  /** Of one person: the user's, and that of a contact with the same address. */
  ids: z.array(Id).min(1).max(200),
  erasedAt: z.iso.datetime(),
})
const PersonPayload = z.strictObject({ userId: Id })

/** What is handled, for handlers that derive something from the message itself. */
export interface Handled extends SagaSources {
  readonly messageId: string
  /** The change that it carries on. */
  readonly changeId: string | null
  /** Goes on from here: the message is written with the effect, and its payload is checked like any other. */
  post(message: { type: string; what: string; subjectId: string | null; payload: unknown }): void
}

interface Handler<D extends Domain, P> {
  readonly target: D
  readonly payload: z.ZodType<P>
  readonly run: (tx: Tx<D>, payload: P, handled: Handled) => void
  /** The type of the message that goes back, with the same payload, when this one is refused. */
  readonly compensation?: string
  /** The types that `run` posts. A delivery waits for theirs, so that no two files may lead into each other. */
  readonly follows?: readonly string[]
  /** What it carries was promised with the change: nobody may give it up. */
  readonly mustArrive?: boolean
}

const handler = <D extends Domain, P>(
  target: D,
  payload: z.ZodType<P>,
  run: Handler<D, P>['run'],
  further: Pick<Handler<D, P>, 'compensation' | 'follows' | 'mustArrive'> = {},
): Handler<D, P> => ({ target, payload, run, ...further })

const subjectErased = <D extends Domain>(target: D) =>
  handler(
    target,
    ErasedPayload,
    (tx, { ids, erasedAt }) => void eraseIn(tx as unknown as Tx, ids, new Date(erasedAt)),
    { mustArrive: true },
  )

const parentDeleted = <D extends Domain>(target: D) =>
  handler(target, ParentPayload, (tx, parents) => void applyLinkPolicies(tx as unknown as Tx, parents), {
    mustArrive: true,
  })

export const MESSAGES = {
  // One that was held back until after its person's erasure opens nothing.
  'user-created': handler('billing', PersonPayload, (tx, { userId }, handled) => {
    if (!isErased(tx, userId)) openSubscription(tx, { userId }, handled)
  }),
  'voucher-redeemed': handler(
    'billing',
    VoucherPayload,
    (tx, voucher, handled) => {
      const { voucherId, userId, voucherType } = voucher
      grantVoucher(tx, { userId, voucherType, actor: userId }, handled)
      handled.post({ type: 'voucher-noted', what: voucherId, subjectId: userId, payload: voucher })
    },
    { compensation: 'voucher-refused', follows: ['voucher-noted'] },
  ),
  'voucher-refused': handler('admin', VoucherPayload, (tx, { voucherId, userId, reason = 'refused' }, handled) => {
    releaseVoucher(tx, { voucherId, userId, reason: 'refused' }, handled)
    refuseChange(tx, handled.changeId, reason)
  }),
  'voucher-noted': handler('identity', VoucherPayload, (tx, { userId, voucherType }, handled) => {
    if (tx.find('Tombstone', { subjectId: userId })) return
    const email = tx.find('User', { id: userId })?.email ?? null
    writeAuthLog(tx, { action: 'voucher_redeemed', email, meta: { voucherType } }, handled)
  }),
  'admin-acted': handler(
    'admin',
    LogPayload,
    (tx, { logId, ...entry }, handled) => writeAdminLog(tx, { id: logId, ...entry }, handled),
    { mustArrive: true },
  ),
  'subject-erased-billing': subjectErased('billing'),
  'subject-erased-admin': subjectErased('admin'),
  'subject-restricted': handler('billing', PersonPayload, (tx, { userId }, handled) => restrict(tx, userId, handled), {
    mustArrive: true,
  }),
  'restriction-lifted': handler('billing', PersonPayload, (tx, { userId }) => liftRestriction(tx, userId), {
    mustArrive: true,
  }),
  'parent-deleted-identity': parentDeleted('identity'),
  'parent-deleted-billing': parentDeleted('billing'),
  'parent-deleted-admin': parentDeleted('admin'),
} as const

export type MessageType = keyof typeof MESSAGES
export type PayloadOf<T extends MessageType> = z.infer<(typeof MESSAGES)[T]['payload']>

export const isMessageType = (text: string): text is MessageType => Object.hasOwn(MESSAGES, text)

export interface Post<T extends MessageType> {
  readonly type: T
  /** What happened, so that the same happening is the same message: `<voucherId>:0`. */
  readonly what: string
  readonly subjectId: string | null
  readonly payload: PayloadOf<T>
}

/** Writes a message into the outbox of the file that the transaction is on, and gives its id. */
export function post<T extends MessageType>(tx: Tx, message: Post<T>, changeId: string | null, now: Date): string {
  const { type, what, subjectId } = message
  const { target, payload } = MESSAGES[type]
  const text = JSON.stringify(payload.parse(message.payload))
  const id = `${type}:${what}`
  postMessage(tx, { id, type, target, subjectId, payload: text, changeId }, now)
  return id
}
