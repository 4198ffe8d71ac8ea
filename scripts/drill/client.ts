// One client: people of its own, and what they do. Whatever is answered goes into the ledger; what is not was never promised.
import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { TRY_OUT } from '../../src/config.ts'
import { itnSignature } from '../../src/payfast/signature.ts'
import { type Acknowledged, type PlacedRow, write } from './ledger.ts'

export interface Drilled {
  readonly api: string
  /** Of the scopes admin and frontend. */
  readonly keys: { readonly admin: string; readonly frontend: string }
  /** A user who may administer. */
  readonly administrator: string
  /** Where the server puts mails that it cannot send. */
  readonly mails: string
  readonly ledger: string
}

export interface Person {
  readonly id: string
  readonly session: string
}

/** Thrown where no answer came: the server is gone. */
export class GoneError extends Error {}

const PACK = { pack: '200', voucher: 'R200', credits: 50_000 } as const
const SPENT = 70

interface Answer {
  readonly data: Readonly<Record<string, string>>
  readonly change: { readonly id: string; readonly settled: boolean }
}

async function post(drilled: Drilled, path: string, body: object, key?: string): Promise<Answer> {
  const actor = key === drilled.keys.admin && { 'x-gogga-actor': drilled.administrator }
  const headers = {
    'content-type': 'application/json',
    'idempotency-key': randomUUID(),
    ...(key && { authorization: `Bearer ${key}` }),
    ...actor,
  }
  return JSON.parse(await send(drilled.api + path, { headers, body: JSON.stringify(body) })) as Answer
}

async function send(url: string, init: { headers: Record<string, string>; body: string }): Promise<string> {
  let answer: { readonly ok: boolean; readonly status: number; readonly text: string }
  try {
    const response = await fetch(url, { method: 'POST', ...init })
    answer = { ok: response.ok, status: response.status, text: await response.text() }
  } catch (cause) {
    throw new GoneError('No answer came', { cause })
  }
  if (!answer.ok) throw new Error(`${new URL(url).pathname} answered ${answer.status}: ${answer.text}`)
  return answer.text
}

type Noted = Pick<Acknowledged, 'what' | 'person' | 'rows'> & Partial<Acknowledged>

/** A change that is not settled yet was promised in its first file, and a message carries it on. */
function note({ ledger }: Drilled, entry: Noted, isSettled = true): void {
  const rows = isSettled ? entry.rows : entry.rows.slice(0, 1)
  write(ledger, { message: null, credits: 0, ...entry, rows, at: new Date().toISOString() })
}

const place = (file: PlacedRow['file'], table: string, where: PlacedRow['where']): PlacedRow => ({ file, table, where })

/** Somebody new: a user in identity.db, whose message opens a subscription in billing.db. */
export async function signIn(drilled: Drilled): Promise<Person> {
  const email = `${randomUUID()}@example.co.za`
  const mailed = await post(drilled, '/v1/auth/login-tokens', { email })
  note(drilled, { what: 'login token', person: null, rows: [place('identity', 'Change', { id: mailed.change.id })] })
  const { data, change } = await post(drilled, '/v1/auth/sessions', { token: tokenFor(drilled.mails, email) })
  const { userId: id = '', token: session = '' } = data
  const rows = [place('identity', 'User', { id }), place('billing', 'Subscription', { userId: id })]
  note(drilled, { what: 'sign-in', person: id, rows, message: `user-created:${id}` }, change.settled)
  return { id, session }
}

function tokenFor(mails: string, email: string): string {
  for (const name of readdirSync(mails).filter((one) => one.endsWith('.eml'))) {
    const mail = readFileSync(join(mails, name), 'utf8')
    const [token] = /gogga_login_[\w-]{43}/.exec(mail) ?? []
    if (token && mail.includes(email)) return token
  }
  throw new Error(`No mail in ${mails} holds a login token for the person who asked for one`)
}

/** Begins and ends in billing.db. */
export async function spend(drilled: Drilled, { id }: Person): Promise<void> {
  const { change } = await post(drilled, '/v1/usage', { userId: id, credits: SPENT }, drilled.keys.frontend)
  note(drilled, { what: 'usage', person: id, rows: [place('billing', 'Change', { id: change.id })], credits: -SPENT })
}

/** A voucher is made in admin.db; redeemed, it goes from there to billing.db, and from there to identity.db. */
export async function redeem(drilled: Drilled, { id, session }: Person): Promise<void> {
  const made = await post(drilled, '/v1/vouchers', { type: PACK.voucher }, drilled.keys.admin)
  const { id: voucherId = '', code } = made.data
  note(drilled, { what: 'voucher', person: null, rows: [place('admin', 'Voucher', { id: voucherId })] })
  const { change } = await post(drilled, '/v1/me/redemptions', { code }, session)
  const message = `voucher-redeemed:${voucherId}:0`
  const rows = [
    place('admin', 'Voucher', { id: voucherId, redeemedBy: id }),
    place('billing', 'InboxMessage', { id: message }),
    place('identity', 'InboxMessage', { id: `voucher-noted:${voucherId}` }),
  ]
  note(drilled, { what: 'redemption', person: id, rows, message, credits: PACK.credits }, change.settled)
}

/** PayFast tells of a payment that was made: we are PayFast. */
export async function pay(drilled: Drilled, { id, session }: Person): Promise<void> {
  const order = await post(drilled, '/v1/me/checkouts', { kind: 'credit_pack', pack: PACK.pack }, session)
  note(drilled, { what: 'checkout', person: id, rows: [place('billing', 'Change', { id: order.change.id })] })
  const pfPaymentId = randomUUID()
  const fields = Object.entries({
    m_payment_id: order.data.id ?? '',
    pf_payment_id: pfPaymentId,
    payment_status: 'COMPLETE',
    amount_gross: `${PACK.pack}.00`,
    custom_str1: 'credit_pack',
    custom_str2: PACK.pack,
    custom_str3: id,
    merchant_id: TRY_OUT.PAYFAST_MERCHANT_ID ?? '',
  })
  const signature = itnSignature(fields, TRY_OUT.PAYFAST_PASSPHRASE)
  const body = new URLSearchParams([...fields, ['signature', signature]]).toString()
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  await send(`${drilled.api}/v1/payfast/notifications`, { headers, body })
  const rows = [place('billing', 'ProcessedPayment', { pfPaymentId })]
  note(drilled, { what: 'payment', person: id, rows, credits: PACK.credits })
}

/** From billing.db to the log in admin.db. */
export async function setTier(drilled: Drilled, { id }: Person): Promise<void> {
  const order = { tier: 'JIVE', reason: 'a drill' }
  const { change } = await post(drilled, `/v1/users/${id}/tier-overrides`, order, drilled.keys.admin)
  const rows = [
    place('billing', 'Change', { id: change.id }),
    place('billing', 'SubscriptionEvent', { userId: id, event: 'admin_override' }),
    place('admin', 'AdminLog', { targetUser: id, action: 'tier_override' }),
  ]
  note(drilled, { what: 'override', person: id, rows }, change.settled)
}
