// What a browser posts to PayFast's payment page. Source: "Custom integration", step 1, https://developers.payfast.co.za/docs
import { UsageError } from '../errors.ts'
import { formSignature, type Merchant } from './signature.ts'

export interface CheckoutInput {
  readonly merchant: Merchant
  /** Our id of this checkout; comes back as m_payment_id. At most 100 characters. */
  readonly id: string
  readonly amountCents: number
  /** What the buyer reads on the payment page; at most 100 characters. */
  readonly itemName: string
  readonly kind: 'subscription' | 'credit_pack'
  /** The tier, or the pack's price in rand ('200'). */
  readonly what: string
  /** The subject id. Nothing else of the buyer is sent: PayFast asks for name and email itself. */
  readonly userId: string
  readonly notifyUrl?: string
  readonly returnUrl?: string
  readonly cancelUrl?: string
  /** Asks for a token to charge again with (subscription_type 2), which needs the merchant's passphrase. */
  readonly recurring: boolean
}

const MAX_NAME = 100

/** The form's fields in PayFast's order, signed; post them in this order. UsageError where PayFast would refuse the form. */
export function checkoutFields(input: CheckoutInput): Record<string, string> {
  checkInput(input)
  const { merchant } = input
  const fields: readonly (readonly [string, string | undefined])[] = [
    ['merchant_id', merchant.id],
    ['merchant_key', merchant.key],
    ['return_url', input.returnUrl],
    ['cancel_url', input.cancelUrl],
    ['notify_url', input.notifyUrl],
    ['m_payment_id', input.id],
    ['amount', formatRand(input.amountCents)],
    // PayFast cuts blanks off before it checks the signature.
    ['item_name', input.itemName.trim()],
    ['custom_str1', input.kind],
    ['custom_str2', input.what],
    ['custom_str3', input.userId],
    ['subscription_type', input.recurring ? '2' : undefined],
  ]
  const present = fields.flatMap(([name, value]) => (value ? [[name, value] as const] : []))
  return Object.fromEntries([...present, ['signature', formSignature(present, merchant.passphrase)]])
}

function checkInput(input: CheckoutInput): void {
  checkAmount(input.amountCents)
  checkText('id', input.id)
  checkText('itemName', input.itemName)
  if (!input.recurring || input.merchant.passphrase) return
  throw new UsageError("A recurring payment needs the merchant's passphrase; there is none", {
    hint: 'Set the passphrase in PayFast and give it here.',
  })
}

/** Throws a UsageError unless it is a whole number of cents above 0. */
export function checkAmount(amountCents: number): void {
  if (Number.isSafeInteger(amountCents) && amountCents > 0) return
  const message = `expected a whole number of cents above 0, got ${amountCents}`
  throw new UsageError(`amountCents: ${message}`, { errors: [{ at: 'amountCents', message }] })
}

/** Throws a UsageError unless it is 1 to 100 characters, which is what PayFast keeps of an id or a name. */
export function checkText(at: string, text: string): void {
  const { length } = text.trim()
  if (length > 0 && length <= MAX_NAME) return
  const message = `expected 1 to ${MAX_NAME} characters, got ${length}`
  throw new UsageError(`${at}: ${message}`, { errors: [{ at, message }] })
}

/** 29900 → '299.00' */
function formatRand(cents: number): string {
  const text = String(cents).padStart(3, '0')
  return `${text.slice(0, -2)}.${text.slice(-2)}`
}
