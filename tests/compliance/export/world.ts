// A person with rows everywhere, another one whose information must not show, and an administrator.
import { exportPerson, personIn } from '../../../src/compliance/export/export.ts'
import { jsonOf } from '../../../src/compliance/export/json.ts'
import type { CatalogModel } from '../../../src/database/catalog.ts'
import { type Files, openFile } from '../../../src/database/clients.ts'
import { type Databases, withDatabases } from '../../helpers/databases.ts'
import { START } from '../../helpers/one-file.ts'

export const DAY = 86_400_000
export const at = (days: number): Date => new Date(START.getTime() + days * DAY)

/** Values that no export of Thabo's may hold. */
export const NEVER = [
  'lerato@mail.example',
  'Lerato@Mail.example',
  '196.25.9.9',
  '082 999 9999',
  'hash-of-thabo',
  'pf-token-thabo',
  'login-token-thabo',
  'GOGGA-CODE-1',
]
const TOKENS = { phone: 'a'.repeat(32), email: 'b'.repeat(32), other: 'c'.repeat(32), act: 'd'.repeat(32) }

export interface ExportWorld {
  readonly databases: Databases
  readonly files: Files
  text(who: string, models?: readonly CatalogModel[]): string
  json(who: string, models?: readonly CatalogModel[]): Exported
}

export interface Exported {
  readonly subject: { readonly ids: readonly string[]; readonly kind: string; readonly isAdministrator: boolean }
  readonly recipients: readonly { readonly who: string }[]
  readonly tables: readonly {
    readonly file: string
    readonly table: string
    readonly why: string
    readonly retention: string
    readonly columns: readonly { readonly name: string; readonly about: string }[]
    readonly rows: readonly Readonly<Record<string, unknown>>[]
    readonly count: number
  }[]
  readonly tablesWithoutAnythingOfPeople: readonly { readonly table: string }[]
  readonly count: number
}

export const rowsIn = ({ tables }: Exported, file: string, table: string) =>
  tables.find((one) => one.file === `${file}.db` && one.table === table)?.rows ?? []

export const withPeople = (work: (world: ExportWorld) => Promise<void> | void): Promise<void> =>
  withDatabases(async (databases) => {
    const options = { busyTimeoutMs: 2_000, cacheMb: 4 }
    await using identity = await openFile('identity', databases.paths.identity, options)
    await using billing = await openFile('billing', databases.paths.billing, options)
    await using admin = await openFile('admin', databases.paths.admin, options)
    const files: Files = { identity, billing, admin }
    await insert(files)
    const readers = { identity: identity.reader, billing: billing.reader, admin: admin.reader }
    const text = (who: string, models?: readonly CatalogModel[]) => {
      const person = personIn(readers, who)
      return [...jsonOf(exportPerson({ readers, person, now: START, ...(models && { models }) }))].join('')
    }
    await work({ databases, files, text, json: (who, models) => JSON.parse(text(who, models)) as Exported })
  })

async function insert(files: Files): Promise<void> {
  await files.identity.change((tx) => {
    const times = { createdAt: START, updatedAt: START }
    const role = { isServiceAdmin: false }
    tx.insert('User', { id: 'thabo', email: 'thabo@mail.example', isAdmin: false, ...role, ...times })
    tx.insert('User', { id: 'lerato', email: 'lerato@mail.example', isAdmin: false, ...role, ...times })
    tx.insert('User', { id: 'boss', email: 'boss@mail.example', isAdmin: true, ...role, ...times })
    tx.insert('LoginToken', {
      ...{ id: 'lt1', token: 'login-token-thabo', email: 'Thabo@Mail.example', expiresAt: at(1), used: true },
      createdAt: START,
    })
    tx.insert('LoginToken', {
      ...{ id: 'lt2', token: 'login-token-lerato', email: 'Lerato@Mail.example', expiresAt: at(1), used: true },
      createdAt: START,
    })
    const door = { action: 'sign_in', meta: null, createdAt: START }
    tx.insert('AuthLog', { id: 'al1', email: 'THABO@mail.example', ip: '196.25.1.7', ...door })
    tx.insert('AuthLog', { id: 'al2', email: 'lerato@mail.example', ip: '196.25.9.9', ...door })
    tx.insert('Session', {
      ...{
        id: 's1',
        userId: 'thabo',
        tokenHash: 'hash-of-thabo',
        createdAt: START,
        expiresAt: at(30),
        revokedAt: null,
      },
    })
    tx.insert('ApiKey', { id: 'k1', name: 'support desk', hash: 'h', scopes: '', purposes: '', createdAt: START })
    const read = { apiKeyId: 'k1', route: 'GET /v1/users', fields: 'users.email', requestId: 'r', createdAt: START }
    tx.insert('AccessLog', { id: 'x1', subjects: '["thabo","lerato"]', purpose: 'support', ...read })
    tx.insert('AccessLog', { id: 'x2', subjects: '["lerato"]', purpose: 'support', ...read })
    tx.insert('Restriction', {
      id: 'r1',
      subjectId: 'thabo',
      kind: 'restricted',
      note: 'please stop',
      createdAt: START,
    })
    tx.insert('LegacyOriginal', {
      ...{ table: 'Voucher', column: 'redeemedBy', rowId: 'v1', storage: 'text', replacement: 'thabo' },
      ...{ value: Buffer.from('THABO@mail.example'), subjectId: 'thabo' },
    })
    tx.insert('AdminLogOrigin', { adminLogId: 'log1', ip: '196.25.9.9' })
    tx.insert('AdminLogOrigin', { adminLogId: 'log2', ip: '196.25.9.9' })
    const value = (id: string, raw: string, kind: string, place: string, rowId: string) =>
      tx.insert('DetachedValue', { id, kind, raw, value: raw, bare: false, place, rowId, createdAt: START })
    value(TOKENS.phone, '082 123 4567', 'phone', 'admin.AdminLog.meta', 'log1')
    value(TOKENS.other, 'lerato@mail.example', 'email', 'admin.AdminLog.meta', 'log1')
    value(TOKENS.act, '082 999 9999', 'phone', 'admin.AdminLog.meta', 'log2')
    value(TOKENS.email, 'thabo@mail.example', 'email', 'billing.SubscriptionEvent.meta', 'elsewhere')
  })
  await files.billing.change((tx) => {
    const state = { tier: 'JIVE', status: 'active', credits: 1, creditsUsed: 0, imagesUsed: 0, retryCount: 0 }
    const times = { createdAt: START, updatedAt: START }
    tx.run(
      `insert into "Subscription" (id, userId, tier, status, payfastToken, createdAt, updatedAt)
         values ('sub1', 'thabo', ?, 'active', 'pf-token-thabo', ?, ?)`,
      ...[state.tier, START.toISOString(), times.updatedAt.toISOString()],
    )
    tx.insert('ProcessedPayment', {
      ...{
        id: 'p1',
        pfPaymentId: 'pf1',
        type: 'subscription',
        amountCents: 9_900,
        userId: 'thabo',
        processedAt: START,
      },
    })
    tx.insert('SubscriptionEvent', {
      ...{ id: 'e1', subscriptionId: 'sub1', userId: 'thabo', event: 'activated', actor: 'payfast', createdAt: START },
    })
  })
  await files.admin.change((tx) => {
    const voucher = { type: 'R200', valueCents: 20_000, createdBy: 'boss', createdAt: START, expiresAt: at(300) }
    tx.insert('Voucher', {
      ...{ id: 'v1', code: 'GOGGA-CODE-1', voided: false, redeemed: true, redeemedAt: START, redeemedBy: 'thabo' },
      ...{ ...voucher, userId: 'thabo' },
    })
    tx.insert('VoucherLog', { id: 'vl1', voucherId: 'v1', action: 'created', actor: 'boss', createdAt: START })
    tx.insert('VoucherLog', { id: 'vl2', voucherId: 'v2', action: 'created', actor: 'boss', createdAt: START })
    const log = { adminId: 'boss', action: 'user_lookup', createdAt: START }
    tx.insert('AdminLog', {
      ...{ id: 'log1', ...log, targetUser: 'thabo', targetId: 'thabo' },
      meta: `called pii:${TOKENS.phone}, not pii:${TOKENS.other}`,
    })
    tx.insert('AdminLog', { id: 'log2', ...log, targetUser: 'lerato', meta: `called pii:${TOKENS.act}` })
  })
}
