// What a voucher gives: a month of a tier, or a pack.
import type { Rows, Tx } from '../database/rows.ts'
import { UsageError } from '../errors.ts'
import { grantPack, requireRoom } from './credits.ts'
import type { Cause, Sources, Subscription } from './events.ts'
import { activate } from './paid-months.ts'
import { activeSchedule } from './schedules.ts'
import { currentSubscription, findStanding } from './subscriptions.ts'
import { compareTiers, PACKS, type PackSize, type PaidTier, tierOf } from './tiers.ts'
import { refusal } from './transitions.ts'

type Grant = { readonly tier: PaidTier } | { readonly packSize: PackSize }

export const VOUCHER_GRANTS = {
  JIGGA_1MONTH: { tier: 'JIGGA' },
  JIVE_1MONTH: { tier: 'JIVE' },
  R200: { packSize: '200' },
  R500: { packSize: '500' },
  R1000: { packSize: '1000' },
} as const satisfies Record<string, Grant>

export type VoucherType = keyof typeof VOUCHER_GRANTS

export const isVoucherType = (text: string): text is VoucherType => Object.hasOwn(VOUCHER_GRANTS, text)

export interface VoucherGrant extends Cause {
  readonly userId: string
  readonly voucherType: VoucherType
}

/** Throws ConflictError where `voucherFits` does. */
export function grantVoucher(
  tx: Tx<'billing'>,
  { userId, voucherType, actor, meta }: VoucherGrant,
  sources: Sources,
): void {
  requireFit(tx, currentSubscription(tx, userId, sources), grantOf(voucherType))
  const grant = grantOf(voucherType)
  const cause = { actor, meta: { ...meta, voucherType } }
  if ('tier' in grant) activate(tx, { userId, tier: grant.tier, ...cause }, sources)
  else grantPack(tx, { userId, packSize: grant.packSize, ...cause }, sources)
}

/** Throws ConflictError when the grant would be refused now. Nothing is written. */
export function voucherFits(rows: Rows<'billing'>, userId: string, voucherType: VoucherType, now: Date): void {
  const grant = grantOf(voucherType)
  const standing = findStanding(rows, userId, now)
  if (standing) requireFit(rows, standing.subscription, grant)
}

function grantOf(voucherType: string): Grant {
  if (isVoucherType(voucherType)) return VOUCHER_GRANTS[voucherType]
  throw new UsageError(`This type of voucher is unknown: expected ${Object.keys(VOUCHER_GRANTS).join(', ')}`)
}

function requireFit(rows: Rows<'billing'>, subscription: Subscription, grant: Grant): void {
  if ('tier' in grant) requireFreePlace(rows, subscription, grant.tier)
  else requireRoom(subscription.credits + PACKS[grant.packSize].credits)
}

/** A month of another tier must not take the place of the one that is running. */
function requireFreePlace(rows: Rows<'billing'>, subscription: Subscription, asked: PaidTier): void {
  const tier = tierOf(subscription)
  const { status } = subscription
  if (tier === 'FREE' || tier === asked || status === 'pending') return
  if (status === 'cancelled' && compareTiers(asked, tier) > 0) return
  const until = subscription.nextBilling?.toISOString().slice(0, 10)
  const isScheduled = activeSchedule(rows, subscription.userId) !== undefined
  throw refusal(
    subscription,
    { isScheduled, refused: 'redeem' },
    `A month of ${asked} would take the place of the running ${tier}`,
    until ? `Redeem it after ${until}, when ${tier} has ended.` : `Redeem it when ${tier} has ended.`,
  )
}
