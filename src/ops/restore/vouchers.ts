// A voucher is claimed in admin.db, granted or refused in billing.db, noted in identity.db. Whichever is restored, a grant is
// given once for each claim, and a claim stands for each grant.
import { writeVoucherLog } from '../../admin/voucher-log.ts'
import { releasesOf, releaseVoucher, type Voucher } from '../../admin/vouchers.ts'
import { isVoucherType } from '../../billing/voucher-grants.ts'
import type { Domain } from '../../database/domains.ts'
import type { Rows, Tx } from '../../database/rows.ts'
import {
  type Around,
  again,
  claimIn,
  counted,
  type Findings,
  isErased,
  isMarked,
  isNoted,
  type Mark,
  mark,
  whatOf,
} from './marks.ts'

const CLAIM = 'voucher-redeemed'

/** For billing.db: claims whose grant went with the old file are sent again. What splits brought along has no mark anywhere. */
export function sendRedemptions(around: Around, found: Findings): void {
  const { tx, old, admin, takenAt } = around
  for (const voucher of admin?.list('Voucher', { redeemed: true }) ?? []) {
    const what = `${voucher.id}:${releasesOf(admin as Rows<'admin'>, voucher.id)}`
    const id = `${CLAIM}:${what}`
    const isLost = isAfter(voucher, takenAt) || isMarked(old, id) || isNoted(around, voucher.id)
    if (!isMarked(tx, id) && isLost) sendAgain(around, found, admin as Rows<'admin'>, { type: CLAIM, what, voucher })
  }
}

/** For identity.db: notes of grants that went with the old file. */
export function noteVouchersAgain(around: Around, found: Findings): void {
  const { tx, old, admin, billing, takenAt } = around
  if (!admin || !billing) return
  for (const voucher of admin.list('Voucher', { redeemed: true })) {
    const id = `voucher-noted:${voucher.id}`
    const claim = `${CLAIM}:${voucher.id}:${releasesOf(admin, voucher.id)}`
    const isLost = isAfter(voucher, takenAt) || isMarked(old, id)
    if (isMarked(tx, id) || !isLost || !isMarked(billing as unknown as Rows<Domain>, claim)) continue
    sendAgain(around, found, billing, { type: 'voucher-noted', what: voucher.id, voucher })
  }
}

const isAfter = ({ redeemedAt }: Voucher, time: Date): boolean => redeemedAt !== null && redeemedAt >= time

interface Sent {
  readonly type: 'voucher-redeemed' | 'voucher-noted'
  readonly what: string
  readonly voucher: Voucher
}

function sendAgain(
  around: Around,
  found: Findings,
  origin: Rows<'admin'> | Rows<'billing'>,
  { type, what, voucher }: Sent,
): void {
  const { id: voucherId, type: voucherType, redeemedBy } = voucher
  const tell = (why: string) => found.unresolved.push({ file: 'admin', table: 'Voucher', id: voucherId, why })
  if (redeemedBy === null) return void tell('it is redeemed, and nobody knows by whom: its grant is lost')
  if (!isVoucherType(voucherType)) return void tell('its type buys nothing any more: its grant is lost')
  if (isErased(around, redeemedBy)) return
  const payload = { voucherId, userId: redeemedBy, voucherType }
  again(found, origin as unknown as Rows<Domain>, { type, what, subjectId: redeemedBy, payload })
}

/** For admin.db: claims that billing.db refused are given back, so that the next one has a name of its own. */
export function redoRefusals(around: Around, found: Findings): void {
  const admin = around.tx as unknown as Tx<'admin'>
  for (const { voucherId, nth, granted } of claimsIn(around)) {
    if (granted || releasesOf(admin, voucherId) !== nth) continue
    const voucher = admin.find('Voucher', { id: voucherId })
    if (!voucher) continue
    const claim = { voucherId, userId: voucher.redeemedBy ?? '', reason: 'refused' }
    const log = { voucherId, action: 'released', actor: 'system', meta: { reason: 'refused' } } as const
    if (!voucher.redeemed || !releaseVoucher(admin, claim, around.sources)) writeVoucherLog(admin, log, around.sources)
    mark(around, `voucher-refused:${voucherId}:${nth}`, 'voucher-refused')
    counted(found, 'refused claims given back')
  }
}

/** For admin.db: what billing.db granted is redeemed, whatever the backup says, and cannot be redeemed again. */
export function redeemAgain(around: Around, found: Findings): void {
  const admin = around.tx as unknown as Tx<'admin'>
  const before = around.old as unknown as Rows<'admin'> | undefined
  for (const { voucherId, nth, receivedAt, granted } of claimsIn(around)) {
    if (!granted || releasesOf(admin, voucherId) > nth) continue
    const tell = (why: string) => found.unresolved.push({ file: 'admin', table: 'Voucher', id: voucherId, why })
    const [voucher, last] = [admin.find('Voucher', { id: voucherId }), before?.find('Voucher', { id: voucherId })]
    if (voucher?.redeemed) continue
    if (!voucher) {
      if (last) admin.insert('Voucher', last)
      else tell('it was made and redeemed after the backup: its grant stands, its row is lost')
    } else {
      const redeemedBy = last?.redeemedBy ?? null
      const redeemedAt = last?.redeemedAt ?? receivedAt
      admin.update('Voucher', { id: voucherId }, { redeemed: true, redeemedAt, redeemedBy, userId: redeemedBy })
      if (redeemedBy === null) tell('it was redeemed after the backup, and is again; by whom is lost')
    }
    if (!voucher && !last) continue
    const actor = last?.redeemedBy ?? 'system'
    writeVoucherLog(admin, { voucherId, action: 'redeemed', actor, meta: { restored: true } }, around.sources)
    counted(found, 'vouchers redeemed again')
  }
}

interface Claim {
  readonly voucherId: string
  readonly nth: number
  readonly receivedAt: Date
  /** Else it was refused. */
  readonly granted: boolean
}

/** Claims that billing.db answered, of each voucher in their order. */
function claimsIn(around: Around): readonly Claim[] {
  const marks = (around.billing?.list('InboxMessage', { type: CLAIM }) ?? []) as readonly Mark[]
  const claims = marks.map((one) => ({ ...claimIn(whatOf(one)), receivedAt: one.receivedAt }))
  claims.sort((a, b) => a.nth - b.nth)
  const last = new Map(claims.map(({ voucherId, nth }) => [voucherId, nth]))
  return claims.map((claim) => ({
    ...claim,
    granted: isGranted(around, claim, last.get(claim.voucherId) === claim.nth),
  }))
}

/**
 * A grant leaves a note, in the outbox of billing.db where it waits, else in identity.db; of several claims the last one was
 * granted. Where identity.db cannot say so, only a refusal that is known speaks against it: a person whose voucher is gone
 * can ask, a second grant cannot be taken back.
 */
function isGranted(around: Around, { voucherId, nth }: Pick<Claim, 'voucherId' | 'nth'>, isLast: boolean): boolean {
  if (isNoted(around, voucherId)) return isLast
  const { tx, old, billing, identity } = around
  const refusal = `voucher-refused:${voucherId}:${nth}`
  const isRefused = isMarked(tx, refusal) || isMarked(old, refusal) || billing?.find('OutboxMessage', { id: refusal })
  return identity === undefined && isLast && !isRefused
}
