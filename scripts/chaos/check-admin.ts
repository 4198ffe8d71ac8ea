// admin.db: vouchers in the state that was answered, a log row for each change and none without one.
import { type Checking, sameTally, tally } from './checker.ts'
import { ADMINISTRATOR } from './seed.ts'

interface Voucher {
  readonly id: string
  readonly code: string
  readonly type: string
  readonly batchId: string | null
  readonly voided: number
  readonly redeemed: number
  readonly redeemedBy: string | null
  readonly userId: string | null
}

export function checkAdmin(checking: Checking): void {
  checkVouchers(checking)
  checkVoucherLog(checking)
  checkAdminLog(checking)
}

function checkVouchers(checking: Checking): void {
  const { told, rows, same } = checking
  const { vouchers, deletions, redemptions, voids } = told.ledger
  const found = rows<Voucher>('admin', 'select * from "Voucher"')
  const gone = new Set(deletions.map(({ voucherId }) => voucherId))
  const left = vouchers.filter(({ id }) => !gone.has(id))
  const name = ({ id, code, type, batchId }: Pick<Voucher, 'id' | 'code' | 'type' | 'batchId'>) =>
    [id, code, type, batchId].join(' ')
  sameTally(checking, 'vouchers', tally(found, name), tally(left, name))
  const owners = new Map(redemptions.map(({ voucherId, userId }) => [voucherId, userId]))
  same('redemptions: each voucher once', owners.size, redemptions.length)
  const voided = new Set(voids.map(({ voucherId }) => voucherId))
  for (const voucher of found) {
    const owner = owners.get(voucher.id) ?? null
    const state = [voucher.redeemed === 1, voucher.redeemedBy, voucher.userId, voucher.voided === 1]
    same(`redemptions: ${voucher.id}`, state, [owner !== null, owner, owner, voided.has(voucher.id)])
  }
}

function checkVoucherLog(checking: Checking): void {
  const { told, rows } = checking
  const { vouchers, deletions, redemptions, voids } = told.ledger
  const log = rows<{ voucherId: string; action: string; actor: string }>('admin', 'select * from "VoucherLog"')
  const steps = [
    ...vouchers.map(({ id }) => `${id} created ${ADMINISTRATOR}`),
    ...voids.map(({ voucherId }) => `${voucherId} voided ${ADMINISTRATOR}`),
    ...deletions.map(({ voucherId }) => `${voucherId} deleted ${ADMINISTRATOR}`),
  ]
  const name = ({ voucherId, action, actor }: (typeof log)[number]) => `${voucherId} ${action} ${actor}`
  const isPlain = ({ action }: (typeof log)[number]) => action !== 'redeemed' && action !== 'released'
  sameTally(checking, 'voucher log', tally(log.filter(isPlain), name), tally(steps, String))
  // A claim that was given back is no redemption.
  const claims = new Map<string, number>()
  for (const { voucherId, action, actor } of log) {
    const step = action === 'redeemed' ? 1 : action === 'released' ? -1 : 0
    if (step !== 0) claims.set(`${voucherId} ${actor}`, (claims.get(`${voucherId} ${actor}`) ?? 0) + step)
  }
  sameTally(
    checking,
    'claims',
    claims,
    tally(redemptions, ({ voucherId, userId }) => `${voucherId} ${userId}`),
  )
}

function checkAdminLog(checking: Checking): void {
  const { told, rows, holds, same } = checking
  const { ledger } = told
  const sql = 'select action, adminId, targetUser, targetId, meta from "AdminLog"'
  const log = rows<{
    action: string
    adminId: string
    targetUser: string | null
    targetId: string | null
    meta: string
  }>('admin', sql)
  same('admin log: by whom', [...new Set(log.map(({ adminId }) => adminId))], log.length > 0 ? [ADMINISTRATOR] : [])
  const markerIn = (meta: string) => /\bcase[bcdfghjkmp]+/.exec(meta)?.[0] ?? 'no marker'
  const of = (action: string) => log.filter((row) => row.action === action)
  const marked = (action: string, acknowledged: readonly string[]) =>
    sameTally(
      checking,
      `admin log, ${action}`,
      tally(of(action), ({ targetUser, targetId, meta }) => `${targetUser ?? targetId} ${markerIn(meta)}`),
      tally(acknowledged, String),
    )
  marked(
    'tier_override',
    ledger.overrides.map(({ userId, marker }) => `${userId} ${marker}`),
  )
  marked(
    'credit_adjustment',
    ledger.adjustments.map(({ userId, marker }) => `${userId} ${marker}`),
  )
  marked(
    'voucher_voided',
    ledger.voids.map(({ voucherId, marker }) => `${voucherId} ${marker}`),
  )
  marked(
    'vouchers_created',
    ledger.batches.map(({ id, marker }) => `${id} ${marker}`),
  )
  const targets = (action: string, acknowledged: readonly string[]) => {
    const found = of(action).flatMap(({ targetUser, targetId }) => targetUser ?? targetId ?? [])
    sameTally(checking, `admin log, ${action}`, tally(found, String), tally(acknowledged, String))
  }
  targets(
    'voucher_created',
    ledger.vouchers.filter(({ batchId }) => batchId === null).map(({ id }) => id),
  )
  targets(
    'voucher_deleted',
    ledger.deletions.map(({ voucherId }) => voucherId),
  )
  targets(
    'roles_changed',
    ledger.roles.map(({ userId }) => userId),
  )
  targets(
    'user_lookup',
    ledger.lookUps.map(({ userId }) => userId),
  )
  const vain = of('user_lookup').filter(({ targetUser }) => targetUser === null).length
  const tries = ledger.vainLookUps.reduce((sum, one) => sum + one.tries, 0)
  const isBetween = vain >= ledger.vainLookUps.length && vain <= tries
  holds('admin log, user_lookup: of nobody', isBetween, `is ${vain}, expected ${ledger.vainLookUps.length} to ${tries}`)
}
