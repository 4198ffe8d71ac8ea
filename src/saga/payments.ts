// Payments through PayFast: the form that a browser takes there, and the notification that comes back. The buyer's email
// says who paid where nothing else does; it is looked up in identity.db and goes no further.
import { beginCheckout, type PaymentKind, priceOf } from '../billing/checkout.ts'
import { failPayment, type Payment, recordPayment } from '../billing/payments.ts'
import type { PayfastConfig } from '../config.ts'
import type { Rows } from '../database/rows.ts'
import { GoggaError, UnavailableError, UsageError } from '../errors.ts'
import { findSubject, subjectForEmail } from '../identity/contacts.ts'
import { checkoutFields } from '../payfast/checkout.ts'
import type { Itn } from '../payfast/itn.ts'
import type { Answer } from './changes.ts'
import type { Asked } from './requests.ts'
import type { Sagas } from './sagas.ts'

export interface CheckoutOrder {
  readonly userId: string
  readonly kind: PaymentKind
  /** A paid tier, or the size of a pack. */
  readonly what: string
}

export interface CheckoutForm {
  readonly id: string
  readonly amountCents: number
  /** Where a browser posts `fields`, in their order. */
  readonly url: string
  readonly fields: Readonly<Record<string, string>>
}

export interface PayfastPlace {
  readonly payfast: PayfastConfig | undefined
  readonly publicUrl: string | undefined
}

/** Somebody has to set them up: an earlier repeat would find the same. */
const OFF_SECONDS = 3_600
const NOTIFICATIONS = '/v1/payfast/notifications'

/** Throws ConflictError where the purchase makes no sense now, UnavailableError where payments are off. */
export function checkOut(
  { changes }: Sagas,
  place: PayfastPlace,
  { userId, kind, what }: CheckoutOrder,
  asked: Asked,
): Promise<Answer<CheckoutForm>> {
  const { merchant, pageUrl } = requirePayfast(place)
  // The form holds the merchant's key.
  return changes.begin(
    'billing',
    { ...asked, secret: true },
    {
      write(tx, begin) {
        const { id, amountCents, itemName, recurring } = beginCheckout(tx, { userId, kind, what }, begin)
        const notifyUrl = place.publicUrl === undefined ? {} : { notifyUrl: place.publicUrl + NOTIFICATIONS }
        const fields = checkoutFields({
          merchant,
          id,
          amountCents,
          itemName,
          kind,
          what,
          userId,
          recurring,
          ...notifyUrl,
        })
        return { status: 201, data: { id, amountCents, url: pageUrl, fields } }
      },
    },
  )
}

/** Throws UnavailableError where payments are off. */
export function requirePayfast({ payfast }: Pick<PayfastPlace, 'payfast'>): PayfastConfig {
  if (payfast) return payfast
  throw new UnavailableError('Payments are off: this server has no PayFast merchant', {
    retryAfter: OFF_SECONDS,
    hint: 'Set PAYFAST_MERCHANT_ID, PAYFAST_MERCHANT_KEY and PAYFAST_PASSPHRASE.',
  })
}

/** Money that came and that nothing was given for: to be paid back by hand, since nothing else keeps it. */
export interface UnusablePayment {
  /** PayFast's pf_payment_id. */
  readonly paymentId: string
  readonly kind: Itn['kind']
  readonly amountCents: number
  /** Null where it is for something that isn't sold, or for a charge that nobody knows. */
  readonly expectedCents: number | null
}

export interface NotificationOptions {
  /** Told before it throws; not of what PayFast sends again. */
  readonly onUnusable?: (payment: UnusablePayment) => void
}

/**
 * Takes a notification that was verified. `repeat` where its payment is known, `ignored` where it changes nothing. Throws
 * UsageError where the amount is not the price, or nothing says who paid.
 */
export async function receiveNotification(
  sagas: Sagas,
  itn: Itn,
  { onUnusable }: NotificationOptions = {},
): Promise<'applied' | 'repeat' | 'ignored'> {
  try {
    return await take(sagas, itn)
  } catch (error) {
    if (itn.status === 'COMPLETE' && error instanceof GoggaError && error.status < 500) {
      const { paymentId, kind, amountCents } = itn
      onUnusable?.({ paymentId, kind, amountCents, expectedCents: expectedCents(sagas.files.billing.rows, itn) })
    }
    throw error
  }
}

async function take(sagas: Sagas, itn: Itn): Promise<'applied' | 'repeat' | 'ignored'> {
  if (itn.status === 'PENDING') return 'ignored'
  const { files, reached } = sagas
  const { status } = itn
  const payment = await paymentOf(sagas, itn)
  if (!payment) return 'ignored'
  const outcome = await files.billing.change((tx) =>
    status === 'COMPLETE' ? recordPayment(tx, payment, sagas) : failPayment(tx, { ...payment, status }, sagas),
  )
  reached('notification:committed')
  return outcome
}

function expectedCents(rows: Rows<'billing'>, itn: Itn): number | null {
  const charge = chargeOf(rows, itn)
  if (charge) return charge.amountCents
  if (itn.kind === 'charge') return null
  try {
    return priceOf(itn.kind, itn.what)
  } catch {
    return null // It isn't sold: the error that is on its way says so.
  }
}

/** Before anything is written: whoever pays another amount leaves no trace, not even as a contact. */
function requirePrice({ kind, what, amountCents }: Exclude<Itn, { kind: 'charge' }>): void {
  const price = priceOf(kind, what)
  if (amountCents === price) return
  throw new UsageError(`The payment is of ${amountCents} cents, expected ${price}`, {
    errors: [{ at: 'amount_gross', message: 'is not the price' }],
  })
}

/** Undefined where a payment that failed is of nobody known. */
async function paymentOf(sagas: Sagas, itn: Itn): Promise<Payment | undefined> {
  const { paymentId, checkoutId, token, amountCents } = itn
  const common = { paymentId, amountCents, checkoutId, token, actor: 'payfast' }
  const charge = chargeOf(sagas.files.billing.rows, itn)
  if (charge) return { ...common, kind: 'subscription', what: charge.tier, userId: charge.userId }
  if (itn.kind === 'charge') throw unknownBuyer()
  if (itn.status === 'COMPLETE') requirePrice(itn)
  const userId = await buyerOf(sagas, itn)
  return userId === undefined ? undefined : { ...common, kind: itn.kind, what: itn.what, userId }
}

/** A charge of ours comes back with its attempt's id, or at least with the token that was charged. */
function chargeOf(
  rows: Rows<'billing'>,
  { kind, checkoutId, token }: Itn,
): { tier: string; userId: string; amountCents: number } | undefined {
  const attempt = checkoutId === undefined ? undefined : rows.find('ChargeAttempt', { id: checkoutId })
  if (attempt || kind !== 'charge' || token === undefined) return attempt
  return rows.find('RecurringSchedule', { token })
}

/** The subject id that our form sent along, where it is one; else that of the email, whoever it belongs to. */
async function buyerOf({ files, ...sources }: Sagas, { userId, email, status }: Itn): Promise<string | undefined> {
  if (userId !== undefined && isSubject(files.identity.rows, userId)) return userId
  if (email === undefined) throw unknownBuyer()
  if (status !== 'COMPLETE') return findSubject(files.identity.rows, email)
  return await files.identity.change((tx) => subjectForEmail(tx, { email }, sources))
}

/** Also of the erased: what they pay is kept on record, and their email must not come back. */
const isSubject = (rows: Rows<'identity'>, id: string): boolean =>
  (rows.find('User', { id }) ?? rows.find('Contact', { id }) ?? rows.find('Tombstone', { subjectId: id })) !== undefined

const unknownBuyer = () =>
  new UsageError('Nothing in this notification says who paid', {
    errors: [{ at: 'custom_str3', message: 'expected a subject id, or an email_address' }],
  })
