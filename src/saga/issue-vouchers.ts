// What administrators do with vouchers. All of it happens in admin.db, the log of it in the same transaction; only text
// that names people leaves something in identity.db first.
import { type AdminAction, writeAdminLog } from '../admin/admin-log.ts'
import { createVouchers, type NewVoucher } from '../admin/new-vouchers.ts'
import type { VoucherType } from '../admin/voucher-types.ts'
import { removeVoucher, requireVoucher, voidVoucher } from '../admin/vouchers.ts'
import type { Tx } from '../database/rows.ts'
import { type Actor, acting } from './actors.ts'
import type { Answer, Begin } from './changes.ts'
import { detached } from './free-text.ts'
import { postParentDeleted } from './parent-deleted.ts'
import type { Asked } from './requests.ts'
import type { Sagas } from './sagas.ts'

export interface IssueOrder {
  readonly type: VoucherType
  /** One voucher without a batch where it is left out. */
  readonly count?: number | undefined
  readonly expiresAt: Date
  /** What the batch is for. */
  readonly name?: string | undefined
}

export interface Issued {
  readonly batchId: string | null
  readonly type: VoucherType
  readonly expiresAt: string
  readonly vouchers: readonly NewVoucher[]
}

export function issueVouchers(
  sagas: Sagas,
  actor: Actor,
  { type, count, expiresAt, name }: IssueOrder,
  asked: Asked,
): Promise<Answer<Issued>> {
  const batchId = count === undefined ? null : sagas.newId()
  const action = batchId === null ? 'voucher_created' : 'vouchers_created'
  return acting(sagas, actor, (logId) =>
    sagas.changes.begin('admin', asked, {
      prepare: async () =>
        name === undefined ? {} : { name: await detached(sagas, name, 'admin.AdminLog.meta', logId) },
      write(tx, begin, named) {
        const order = { count: count ?? 1, type, expiresAt, createdBy: actor.userId, batchId: batchId ?? undefined }
        const vouchers = createVouchers(tx, order, begin)
        const targetId = batchId ?? vouchers[0]?.id ?? null
        writeLog(tx, logId, actor, { action, targetId, meta: { type, count: vouchers.length, ...named } }, begin)
        return { status: 201, data: { batchId, type, expiresAt: expiresAt.toISOString(), vouchers } }
      },
    }),
  )
}

export interface Voided {
  readonly id: string
  readonly voidedAt: string
  readonly reason: string
}

/** Throws NotFoundError, ConflictError where it is redeemed or voided already. */
export function voidIssued(
  sagas: Sagas,
  actor: Actor,
  { voucherId, reason }: { readonly voucherId: string; readonly reason: string },
  asked: Asked,
): Promise<Answer<Voided>> {
  return acting(sagas, actor, (logId) =>
    sagas.changes.begin('admin', asked, {
      async prepare() {
        const { voided, redeemed } = requireVoucher(sagas.files.admin.rows, voucherId)
        // What is going to be refused leaves nothing of its reason.
        if (voided || redeemed) return ''
        return await detached(sagas, reason, 'admin.Voucher.voidReason', voucherId)
      },
      write(tx, begin, clean) {
        voidVoucher(tx, { voucherId, actor: actor.userId, reason: clean }, begin)
        writeLog(tx, logId, actor, { action: 'voucher_voided', targetId: voucherId, meta: { reason: clean } }, begin)
        return { data: { id: voucherId, voidedAt: begin.now().toISOString(), reason: clean } }
      },
    }),
  )
}

/** Throws NotFoundError, ConflictError where it is redeemed. */
export function removeIssued(
  sagas: Sagas,
  actor: Actor,
  voucherId: string,
  asked: Asked,
): Promise<Answer<{ id: string; deleted: true }>> {
  return acting(sagas, actor, (logId) =>
    sagas.changes.begin('admin', asked, {
      write(tx, begin) {
        const { type } = removeVoucher(tx, { voucherId, actor: actor.userId }, begin)
        postParentDeleted(tx as unknown as Tx, { model: 'Voucher', ids: [voucherId] }, begin)
        writeLog(tx, logId, actor, { action: 'voucher_deleted', targetId: voucherId, meta: { type } }, begin)
        return { data: { id: voucherId, deleted: true as const } }
      },
    }),
  )
}

interface Entry {
  readonly action: AdminAction
  readonly targetId: string | null
  readonly meta: Readonly<Record<string, string | number>>
}

function writeLog(tx: Tx<'admin'>, id: string, { userId }: Actor, entry: Entry, begin: Begin): void {
  writeAdminLog(tx, { id, adminId: userId, ...entry }, begin)
}
