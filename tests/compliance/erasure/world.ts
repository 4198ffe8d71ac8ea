// People with something of theirs in every table that may hold it, and one of them erased. Texts are given as the program
// itself writes them, rows of the unified database as split does.

import { type Eraser, erasePerson, placesIn } from '../../../src/compliance/erasure/erase.ts'
import type { Receipt } from '../../../src/compliance/erasure/receipt.ts'
import type { Context } from '../../../src/context.ts'
import { DOMAINS, type Domain } from '../../../src/database/domains.ts'
import { detachText } from '../../../src/identity/detached-values.ts'
import { exchangeLoginToken, issueLoginToken } from '../../../src/identity/login-tokens.ts'
import type { Itn } from '../../../src/payfast/itn.ts'
import { changeRoles, overrideTier } from '../../../src/saga/administer.ts'
import { receiveNotification } from '../../../src/saga/payments.ts'
import { redeemVoucher } from '../../../src/saga/redeem-voucher.ts'
import { ADMIN, addPeople, addVouchers, asked, codeOf, NOW } from '../../saga/people.ts'

export const ERASER = (context: Context, more: Partial<Eraser> = {}): Eraser => ({
  sagas: context.sagas,
  ...placesIn(context.config),
  listBackups: async () => [],
  ...more,
})

export const erase = async (context: Context, subjectId: string, more: Partial<Eraser> = {}): Promise<Receipt> =>
  (await erasePerson(ERASER(context, more), { subjectId, askedBy: 'test' }, asked('POST /v1/erasure'))).data

export const emailOf = (id: string): string => `${id}@mail.example`
export const ipOf = (id: string): string => (id === 'ann' ? '41.13.2.5' : `41.13.2.50`)
const phoneOf = (id: string): string => (id === 'ann' ? '082 555 1234' : '083 555 9876')

export const payment = (userId: string, more: Partial<Itn> = {}): Itn =>
  ({
    ...{ paymentId: `pf-${userId}`, status: 'COMPLETE', userId, checkoutId: undefined, amountCents: 9_900 },
    ...{ merchantId: '10000100', token: `agreement-${userId}`, email: emailOf(userId), fields: [] },
    ...{ kind: 'subscription', what: 'JIVE' },
    ...more,
  }) as Itn

/** Through the application's own changes: sign-in, payment, voucher, an administrator's act with a telling reason. */
export async function live(context: Context, id: string): Promise<void> {
  const { files, sagas } = context
  await addPeople(context, id)
  await files.identity.change((tx) => {
    const { token } = issueLoginToken(tx, { email: emailOf(id).toUpperCase(), ip: ipOf(id) }, sagas)
    exchangeLoginToken(tx, { token, ip: ipOf(id) }, sagas)
    issueLoginToken(tx, { email: ` ${emailOf(id)} `, ip: ipOf(id) }, sagas)
    tx.insert('LegacyOriginal', original('User', 'email', id, emailOf(id).toUpperCase(), id))
    tx.insert('LegacyOriginal', original('SubscriptionEvent', 'actor', `ev-${id}`, `  ${emailOf(id)}`, null))
  })
  await receiveNotification(sagas, payment(id))
  await addVouchers(context, 'R200', `v-${id}`)
  await redeemVoucher(sagas, { code: codeOf(`v-${id}`), userId: id }, asked('POST /v1/redeem', {}, { subjectId: id }))
  const reason = `call ${emailOf(id)} or ${phoneOf(id)}, from ${ipOf(id)}`
  await overrideTier(sagas, ADMIN, { userId: id, tier: 'JIGGA', reason }, asked('POST /v1/tier'))
}

const original = (table: string, column: string, rowId: string, text: string, subjectId: string | null) => ({
  ...{ table, column, rowId, storage: 'text', value: new Uint8Array(Buffer.from(text)) },
  ...{ replacement: null, subjectId },
})

/** An email that somebody chose as the code of a voucher: split puts a token in its place. */
export async function addEmailCode({ files, sagas }: Context, email: string): Promise<void> {
  const code = await files.identity.change((tx) =>
    detachText(tx, { text: email, place: 'admin.Voucher.code', rowId: 'v-code' }, sagas),
  )
  await files.admin.change((tx) =>
    tx.insert('Voucher', {
      ...{ id: 'v-code', code, type: 'R500', valueCents: 50_000, createdBy: ADMIN.userId, createdAt: NOW },
      ...{ expiresAt: new Date(NOW.getTime() + 1e9), voided: false, redeemed: false },
    }),
  )
}

export const makeAdministrator = ({ sagas }: Context, userId: string) =>
  changeRoles(sagas, ADMIN, { userId, isAdmin: true }, asked('POST /v1/roles'))

/** Every row of every table, as text: those that name the person, or hold their address, left out. */
export function othersIn({ files }: Context, id: string): Readonly<Record<string, readonly string[]>> {
  const found: Record<string, readonly string[]> = {}
  for (const domain of DOMAINS) {
    const { reader } = files[domain as Domain]
    const tables = reader
      .prepare<[], { name: string }>(`select name from sqlite_master where type = 'table' and name not like 'sqlite_%'`)
      .all()
    for (const { name } of tables) {
      const rows = reader.prepare<[], object>(`select * from "${name}"`).all().map(textOf)
      found[`${domain}.${name}`] = rows.filter((row) => !isOf(row, id)).sort()
    }
  }
  return found
}

const textOf = (row: object): string =>
  JSON.stringify(row, (_, value) => (value?.type === 'Buffer' ? Buffer.from(value.data).toString('latin1') : value))

const isOf = (row: string, id: string): boolean =>
  row.toLowerCase().includes(emailOf(id)) ||
  new RegExp(`\\b${id}\\b`).test(row) ||
  row.includes(`"${ipOf(id)}"`) ||
  row.includes(phoneOf(id))
