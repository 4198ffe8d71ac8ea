// A voucher's life: claimed, taken back, voided, removed. Each step fits one state only and is written with its log; the
// step's own statement asks for the state again, so that of two who come at once one goes away.
import type { RowOf, Rows, Tx } from '../database/rows.ts'
import { ConflictError, NotFoundError } from '../errors.ts'
import type { Sources } from './sources.ts'
import { normaliseCode } from './voucher-codes.ts'
import { writeVoucherLog } from './voucher-log.ts'

export type Voucher = RowOf<'admin', 'Voucher'>

export type VoucherState = 'open' | 'redeemed' | 'voided' | 'expired'

type LogSources = Pick<Sources, 'now' | 'newId'>

export function voucherState(voucher: Voucher, now: Date): VoucherState {
  if (voucher.voided) return 'voided'
  if (voucher.redeemed) return 'redeemed'
  return voucher.expiresAt > now ? 'open' : 'expired'
}

/** Throws NotFoundError. */
export function requireVoucher(rows: Rows<'admin'>, id: string): Voucher {
  const voucher = rows.find('Voucher', { id })
  if (voucher) return voucher
  throw new NotFoundError('No voucher has this id', { hint: 'Look for it in the list of vouchers.' })
}

/** By the code as it is kept, else as people type it. */
export const findVoucherByCode = (rows: Rows<'admin'>, code: string): Voucher | undefined =>
  rows.find('Voucher', { code }) ??
  rows.find('Voucher', { code: normaliseCode(code) }) ??
  rows.find('Voucher', { code: code.trim().toUpperCase() })

/**
 * The voucher is this user's and nobody else's from here on. Throws NotFoundError for an unknown code, ConflictError for
 * one that is redeemed, voided or expired.
 */
export function claimVoucher(
  tx: Tx<'admin'>,
  { code, userId }: { readonly code: string; readonly userId: string },
  sources: LogSources,
): Voucher {
  const voucher = findVoucherByCode(tx, code)
  if (!voucher) throw new NotFoundError('No voucher has this code', { hint: 'Check the code for typing errors.' })
  if (tx.find('Tombstone', { subjectId: userId }))
    throw new ConflictError('This person was erased: there is nobody to redeem a voucher')
  const now = sources.now()
  const state = voucherState(voucher, now)
  if (state !== 'open') throw notOpen(state)
  const claim = { redeemed: true, redeemedAt: now, redeemedBy: userId, userId }
  if (tx.update('Voucher', { id: voucher.id, redeemed: false, voided: false }, claim) === 0) throw notOpen('redeemed')
  writeVoucherLog(tx, { voucherId: voucher.id, action: 'redeemed', actor: userId }, sources)
  return { ...voucher, ...claim }
}

/** Takes back a claim whose grant could not be given; whether there was one of this user's. `reason` is clean text. */
export function releaseVoucher(
  tx: Tx<'admin'>,
  { voucherId, userId, reason }: { readonly voucherId: string; readonly userId: string; readonly reason: string },
  sources: LogSources,
): boolean {
  const open = { redeemed: false, redeemedAt: null, redeemedBy: null, userId: null }
  if (tx.update('Voucher', { id: voucherId, redeemed: true, redeemedBy: userId }, open) === 0) return false
  writeVoucherLog(tx, { voucherId, action: 'released', actor: userId, meta: { reason } }, sources)
  return true
}

/** How often claims of it were taken back: 0 at the first claim, so that each claim has a name of its own. */
export const releasesOf = (rows: Rows<'admin'>, voucherId: string): number =>
  rows.list('VoucherLog', { voucherId, action: 'released' }).length

/** `reason` is clean text. Throws NotFoundError; ConflictError where it is redeemed or voided already. */
export function voidVoucher(
  tx: Tx<'admin'>,
  { voucherId, actor, reason }: { readonly voucherId: string; readonly actor: string; readonly reason: string },
  sources: LogSources,
): Voucher {
  const voucher = requireVoucher(tx, voucherId)
  const change = { voided: true, voidedAt: sources.now(), voidedBy: actor, voidReason: reason }
  if (tx.update('Voucher', { id: voucherId, redeemed: false, voided: false }, change) === 0)
    throw new ConflictError(`This voucher is ${voucher.voided ? 'voided' : 'redeemed'} already`, {
      hint: 'Only a voucher that is neither redeemed nor voided can be voided.',
    })
  writeVoucherLog(tx, { voucherId, action: 'voided', actor }, sources)
  return { ...voucher, ...change }
}

/** The row goes, its log stays. Throws NotFoundError; ConflictError where it is redeemed. */
export function removeVoucher(
  tx: Tx<'admin'>,
  { voucherId, actor }: { readonly voucherId: string; readonly actor: string },
  sources: LogSources,
): Voucher {
  const voucher = requireVoucher(tx, voucherId)
  if (tx.remove('Voucher', { id: voucherId, redeemed: false }) === 0)
    throw new ConflictError('This voucher is redeemed: it stays, as the record of what was granted', {
      hint: 'Only a voucher that nobody has redeemed can be removed.',
    })
  const { type, valueCents } = voucher
  writeVoucherLog(tx, { voucherId, action: 'deleted', actor, meta: { type, valueCents } }, sources)
  return voucher
}

function notOpen(state: Exclude<VoucherState, 'open'>): ConflictError {
  const message = { redeemed: 'is redeemed already', voided: 'was voided', expired: 'has expired' }[state]
  return new ConflictError(`This voucher ${message}`, {
    hint: 'A voucher can be redeemed once, before it expires and unless it is voided.',
  })
}
