// Paying: a checkout, and the notifications that PayFast sends of it, each more than once.
import { type Payment, type PaymentKind, priceOf } from './ledger.ts'
import { askPlainly, type Client, change, expectStatus, type World } from './world.ts'

const PATH = '/v1/payfast/notifications'

/** The checkout's id; undefined where it was refused, since the purchase makes no sense now. */
export async function checkOut(
  client: Client,
  { userId, session }: { readonly userId: string; readonly session: string },
  kind: PaymentKind,
  what: string,
): Promise<string | undefined> {
  const body = kind === 'subscription' ? { kind, tier: what } : { kind, pack: what }
  const reply = await change(client, { path: '/v1/me/checkouts', body, by: session })
  if (!expectStatus(client, 'checkout', reply, 201, 409) || reply.status === 409) return undefined
  const { id, amountCents } = reply.data as { id: string; amountCents: number }
  if (amountCents !== priceOf(kind, what))
    client.world.problems.push(`checkout of ${what} asks for ${amountCents} cents`)
  client.world.ledger.checkouts.push({ id, userId, kind, what })
  return id
}

export async function pay(client: Client, payment: Payment): Promise<void> {
  const { world, random } = client
  const form = world.payfast.itn(fieldsOf(payment))
  const copies = random.chance(0.3) ? random.between(2, 3) : 1
  const replies = await Promise.all(Array.from({ length: copies }, () => askPlainly(client, { path: PATH, form })))
  if (replies.every((reply) => expectStatus(client, 'notification', reply, 200))) world.ledger.payments.push(payment)
  if (random.chance(0.2)) expectStatus(client, 'late notification', await askPlainly(client, { path: PATH, form }), 200)
}

/** A pack's payment that fails first; it may come yet. */
export async function failFirst(client: Client, payment: Payment): Promise<void> {
  const fields = { ...fieldsOf(payment), payment_status: 'FAILED', pf_payment_id: `failed-${payment.paymentId}` }
  const reply = await askPlainly(client, { path: PATH, form: client.world.payfast.itn(fields) })
  expectStatus(client, 'notification of a failure', reply, 200)
}

/** Not signed by PayFast, or not of the price. */
export async function forge(client: Client, payment: Payment): Promise<void> {
  const { world, random } = client
  const fields = fieldsOf(payment)
  const isSigned = random.chance(0.5)
  const form = isSigned
    ? world.payfast.itn({ ...fields, amount_gross: '1.00' })
    : world.payfast.itn(fields).replace(/signature=\w+/, `signature=${'0'.repeat(32)}`)
  const reply = await askPlainly(client, { path: PATH, form })
  if (expectStatus(client, 'forged notification', reply, isSigned ? 400 : 403)) {
    world.ledger.refusedPayments.push(payment.paymentId)
  }
}

/** What PayFast tells of the charges that we made, until it is heard. */
export async function notifyOfCharges(client: Client, from: number): Promise<number> {
  const { payfast } = client.world
  const charges = payfast.ledger.slice(from)
  for (const { attemptId, paymentId, amountCents, token, itemName } of charges) {
    const custom = { custom_str1: '', custom_str2: '', custom_str3: '' }
    const amount_gross = (amountCents / 100).toFixed(2)
    const ids = { m_payment_id: attemptId, pf_payment_id: paymentId, item_name: itemName, token }
    const form = payfast.itn({ ...custom, ...ids, amount_gross })
    expectStatus(client, 'notification of a charge', await askPlainly(client, { path: PATH, form }), 200)
  }
  return from + charges.length
}

export const newPayment = (
  world: World,
  userId: string,
  kind: PaymentKind,
  what: string,
  checkoutId: string,
): Payment => ({
  paymentId: `pf-${world.count()}`,
  userId,
  kind,
  what,
  amountCents: priceOf(kind, what),
  checkoutId,
})

function fieldsOf({ paymentId, userId, kind, what, amountCents, checkoutId }: Payment): Record<string, string> {
  return {
    m_payment_id: checkoutId,
    pf_payment_id: paymentId,
    item_name: `GOGGA ${what}`,
    amount_gross: (amountCents / 100).toFixed(2),
    custom_str1: kind,
    custom_str2: what,
    custom_str3: userId,
    name_first: 'Zanele',
    name_last: 'Buyerson',
    email_address: 'buyer@people.example',
    ...(kind === 'subscription' && { token: `token-${paymentId}` }),
  }
}
