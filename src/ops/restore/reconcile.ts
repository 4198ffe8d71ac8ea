// After a restore the files are of different moments. Ids of messages follow from what happened, so what took effect in the
// old file and not in the restored one can be told exactly, and so can what the other files hold of changes that the
// restored one forgot. What cannot be derived is told, row by row.

import { type CatalogModel, modelsOf, quote } from '../../database/catalog.ts'
import { keepLinks } from '../../database/chain-kept.ts'
import type { Domain } from '../../database/domains.ts'
import { timeText } from '../../database/row-codec.ts'
import type { Rows, Tx } from '../../database/rows.ts'
import { applyLinkPolicies } from '../../saga/link-policies.ts'
import { keepRevoked } from './credentials.ts'
import {
  type Around,
  again,
  counted,
  type Findings,
  isErased,
  isMarked,
  lostMarks,
  mark,
  type Reconciled,
  ROWS_DELETED,
  whatOf,
} from './marks.ts'
import { tellNewcomers } from './newcomers.ts'
import { keepRestricted, keepRights } from './rights.ts'
import { noteVouchersAgain, redeemAgain, redoRefusals, sendRedemptions } from './vouchers.ts'

/** Within one transaction on the successor. Idempotent: what was done leaves its mark. */
export function reconcile(around: Around): Reconciled {
  const found: Findings = { sends: new Map(), done: new Map(), unresolved: [] }
  followDeletions(around, found)
  BY_DOMAIN[around.tx.domain](around, found)
  return { sends: [...found.sends.values()], done: Object.fromEntries(found.done), unresolved: found.unresolved }
}

const BY_DOMAIN: Readonly<Record<Domain, (around: Around, found: Findings) => void>> = {
  identity(around, found) {
    keepRevoked(around, found)
    keepRights(around, found)
    noteVouchersAgain(around, found)
    tellNewcomers(around, found)
    tellLogged(around, found, ['roles_changed'])
  },
  billing(around, found) {
    keepRestricted(around, found)
    sendRedemptions(around, found)
    sendUsers(around, found)
    tellLogged(around, found, ['tier_override', 'credit_adjustment'])
  },
  admin(around, found) {
    redoRefusals(around, found)
    redeemAgain(around, found)
    takeLogs(around, found)
  },
}

/** Rows that were deleted since the backup go again, with what the policies of their links say. */
function followDeletions(around: Around, found: Findings): void {
  const { tx, identity, billing, admin } = around
  const own = `parent-deleted-${tx.domain}`
  for (const lost of lostMarks(around, own)) {
    if (applyDeletion(tx, whatOf(lost), found)) mark(around, lost.id, own)
    else
      found.unresolved.push({
        file: tx.domain,
        table: 'InboxMessage',
        id: lost.id,
        why: 'several rows were deleted: "gogga check --repair" follows the policies of what named them',
      })
  }
  const others = [identity, billing, admin].filter((rows) => rows !== undefined) as unknown as Rows<Domain>[]
  for (const other of others) {
    const type = `parent-deleted-${other.domain}`
    for (const { id } of other.list('InboxMessage', { type })) {
      const what = id.slice(type.length + 1)
      if (what.startsWith(`${tx.domain}.`)) applyDeletion(tx, what, found)
    }
  }
}

/** `identity.User:<id>`; false where it names no single row. The row itself goes as well where it is of this file. */
function applyDeletion(tx: Tx, what: string, found: Findings): boolean {
  const [, domain = '', name = '', id = ''] = /^(\w+)\.(\w+):(.+)$/s.exec(what) ?? []
  if (/^[0-9a-f]{32}$/.test(id)) return false
  const parents = { domain: domain as Domain, model: name, ids: [id] }
  const model = modelsOf(tx.domain).find((candidate) => candidate.name === name && domain === tx.domain)
  const [key] = model?.key ?? []
  const rows = applyLinkPolicies(tx, parents) + (model && key ? removeRow(tx, model, key, id) : 0)
  if (rows > 0) counted(found, ROWS_DELETED, rows)
  return true
}

/** A row of a log was removed by retention, and its link stays. */
function removeRow(tx: Tx, model: CatalogModel, key: string, id: string): number {
  const where = `from ${quote(model.name)} where ${quote(key)} = ?`
  if (model.chained)
    keepLinks(
      tx,
      model,
      tx.all<{ at: number }>(`select rowid as at ${where}`, id).map(({ at }) => at),
    )
  return tx.run(`delete ${where}`, id)
}

/** Users who came after the backup have no subscription in it. */
function sendUsers(around: Around, found: Findings): void {
  const { tx, identity, takenAt } = around
  if (!identity) return
  const lost = new Set(lostMarks(around, 'user-created').map(whatOf))
  const since = timeText(takenAt)
  const users = [
    ...identity.all<{ id: string }>('select id from "User" where createdAt >= ?', since).map(({ id }) => id),
    ...[...lost].filter((id) => identity.find('User', { id })),
  ]
  const billing = tx as unknown as Tx<'billing'>
  for (const userId of new Set(users)) {
    if (isMarked(tx, `user-created:${userId}`) || billing.find('Subscription', { userId })) continue
    if (isErased(around, userId)) continue
    const message = { type: 'user-created', what: userId, subjectId: userId, payload: { userId } } as const
    again(found, identity as unknown as Rows<Domain>, message)
  }
}

/** What administrators did in this file since the backup: the log says that they did, the rows do not know. */
function tellLogged({ tx, admin, takenAt }: Around, found: Findings, actions: readonly string[]): void {
  const since = timeText(takenAt)
  const logs = admin?.all<{ id: string; action: string }>(
    'select id, action from "AdminLog" where createdAt >= ? and action in (select value from json_each(?)) order by createdAt, id',
    since,
    JSON.stringify(actions),
  )
  // Where the log still waits to be sent, its change is in the backup: to do it again would be to do it twice.
  const isThere = (id: string) => tx.find('OutboxMessage', { id: `admin-acted:${id}` }) !== undefined
  for (const { id, action } of (logs ?? []).filter((log) => !isThere(log.id)))
    found.unresolved.push({
      file: 'admin',
      table: 'AdminLog',
      id,
      why: `${action} is logged, and lost in ${tx.domain}.db: do it again where it still holds`,
    })
}

/** Logs of what happened in other files: those changes stand, so their logs come with them. */
function takeLogs(around: Around, found: Findings): void {
  const { old, identity } = around
  const admin = around.tx as unknown as Tx<'admin'>
  const before = old as unknown as Rows<'admin'> | undefined
  for (const lost of lostMarks(around, 'admin-acted')) {
    const log = before?.find('AdminLog', { id: whatOf(lost) })
    if (!log) continue // Purged since.
    if (!admin.find('AdminLog', { id: log.id })) admin.insert('AdminLog', log)
    mark(around, lost.id, lost.type)
    counted(found, 'logs taken over')
  }
  if (old) return
  const origins = identity?.list('AdminLogOrigin', {}) ?? []
  for (const { adminLogId: id } of origins.filter((origin) => !admin.find('AdminLog', { id: origin.adminLogId })))
    found.unresolved.push({
      file: 'admin',
      table: 'AdminLog',
      id,
      why: 'this log is lost; identity.db knows that it was there',
    })
}
