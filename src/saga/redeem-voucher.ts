// A voucher is claimed in admin.db, granted in billing.db and noted in identity.db. Where billing refuses, the claim goes
// back, and the answer that was kept becomes the refusal.

import { isVoucherType, type VoucherType } from '../admin/voucher-types.ts'
import { claimVoucher, findVoucherByCode, releasesOf } from '../admin/vouchers.ts'
import { voucherFits } from '../billing/voucher-grants.ts'
import type { Files } from '../database/clients.ts'
import { ConflictError } from '../errors.ts'
import { attachText, rowsThatHeld } from '../identity/detached-values.ts'
import { findAllInId } from '../pii/find-all.ts'
import type { Answer } from './changes.ts'
import type { Asked } from './requests.ts'
import type { Sagas } from './sagas.ts'

export interface Redemption {
  readonly voucherId: string
  readonly type: VoucherType
  readonly redeemedAt: string
}

/** Throws NotFoundError for an unknown code, ConflictError where the voucher or the subscription does not allow it. */
export function redeemVoucher(
  { changes, files, now }: Sagas,
  { code: typed, userId }: { readonly code: string; readonly userId: string },
  asked: Asked,
): Promise<Answer<Redemption>> {
  const code = keptCode(files, typed)
  return changes.begin('admin', asked, {
    // Nothing hangs on this look: it only spares a claim that would have to be taken back.
    async prepare() {
      const voucher = findVoucherByCode(files.admin.rows, code)
      if (voucher && !voucher.redeemed) voucherFits(files.billing.rows, userId, typeOf(voucher), now())
    },
    write(tx, begin) {
      const voucher = claimVoucher(tx, { code, userId }, begin)
      const [voucherId, voucherType] = [voucher.id, typeOf(voucher)]
      begin.post({
        type: 'voucher-redeemed',
        what: `${voucherId}:${releasesOf(tx, voucherId)}`,
        subjectId: userId,
        payload: { voucherId, userId, voucherType },
      })
      return { status: 201, data: { voucherId, type: voucherType, redeemedAt: begin.now().toISOString() } }
    },
  })
}

const PLACE = 'admin.Voucher.code'

/** Codes of the unified database may be emails or numbers of people, or hold one, which now lies in identity.db: the code as admin.db has it. */
function keptCode({ identity, admin }: Files, typed: string): string {
  const [held] = findAllInId(typed)
  if (!held) return typed
  const codes = rowsThatHeld(identity.rows, PLACE, held.value).flatMap((id) => {
    const code = admin.rows.find('Voucher', { id })?.code
    return code === undefined ? [] : [{ code, written: attachText(identity.rows, code) }]
  })
  const exact = codes.find(({ written }) => written === typed)
  return (exact ?? codes.find(({ written }) => sameWords(written, typed)))?.code ?? typed
}

const sameWords = (one: string, other: string): boolean => one.trim().toLowerCase() === other.trim().toLowerCase()

/** Vouchers of the unified database may be of any type. */
function typeOf({ type }: { readonly type: string }): VoucherType {
  if (isVoucherType(type)) return type
  throw new ConflictError('This voucher is of a type that buys nothing any more', { hint: 'Ask for another voucher.' })
}
