// An ITN (instant transaction notification) is the form that PayFast posts when a payment changes its state. It is read
// first, then verified; what the amount must be, only the caller knows.
// Source: "Custom integration", steps 3 and 4, https://developers.payfast.co.za/docs
import type { BlockList } from 'node:net'
import { z } from 'zod'
import { ForbiddenError } from '../errors.ts'
import { formError, readForm } from './form.ts'
import { type Fields, formSignature, isSameSignature, itnSignature, type Merchant } from './signature.ts'
import { isInBlockList, sourceList } from './sources.ts'

export { PAYFAST_SOURCES, sourceList } from './sources.ts'

export type ItnStatus = 'COMPLETE' | 'FAILED' | 'PENDING' | 'CANCELLED'

interface ItnBase {
  /** pf_payment_id: the same for every repeat of this notification. */
  readonly paymentId: string
  readonly status: ItnStatus
  /** custom_str3: the subject id. */
  readonly userId: string | undefined
  /** m_payment_id: our checkout or attempt. */
  readonly checkoutId: string | undefined
  readonly amountCents: number
  readonly merchantId: string
  /** A secret: whoever has it and our passphrase can charge the card. */
  readonly token: string | undefined
  /** The buyer's: for identity.db at most. */
  readonly email: string | undefined
  /** All that came, in order, the buyer's name too: for verifyItn only, never for a log. */
  readonly fields: Fields
}

/** `charge`: one of our own by token, for which PayFast's API takes no custom_str; checkoutId is its attempt. */
export type Itn = ItnBase &
  (
    | { readonly kind: 'subscription' | 'credit_pack'; readonly what: string }
    | { readonly kind: 'charge'; readonly what: undefined; readonly checkoutId: string; readonly token: string }
  )

export type Sources = BlockList | readonly string[] | ((address: string) => boolean)

/** Amounts are kept as 32-bit integers. */
const MAX_CENTS = 2_147_483_647
const given = (what: string) => z.string(`expected ${what}`).min(1, `expected ${what}`)
const optional = z
  .string()
  .optional()
  .transform((text) => text || undefined)

const RawItn = z.object({
  pf_payment_id: given('an id').max(100, 'expected at most 100 characters'),
  payment_status: z.enum(
    ['COMPLETE', 'FAILED', 'PENDING', 'CANCELLED'],
    'expected COMPLETE, FAILED, PENDING or CANCELLED',
  ),
  amount_gross: given('an amount').transform((text, context) => {
    const cents = parseRand(text)
    if (cents !== undefined) return cents
    context.addIssue({ code: 'custom', message: `expected rand as 299.00, at most ${MAX_CENTS} cents` })
    return z.NEVER
  }),
  merchant_id: given('an id'),
  signature: given('a signature'),
  custom_str1: z.enum(['subscription', 'credit_pack', ''], 'expected subscription or credit_pack').default(''),
  custom_str2: optional,
  custom_str3: optional,
  m_payment_id: optional,
  token: optional,
  email_address: optional,
})

/** Reads the body as it was posted. UsageError names every field that is missing, repeated or malformed, without its value. */
export function readItn(rawBody: string): Itn {
  const fields = readForm(rawBody)
  const parsed = RawItn.safeParse(Object.fromEntries(fields))
  if (!parsed.success) {
    throw formError(parsed.error.issues.map(({ path, message }) => ({ at: path.join('.'), message })))
  }
  const raw = parsed.data
  const base = {
    paymentId: raw.pf_payment_id,
    status: raw.payment_status,
    userId: raw.custom_str3,
    checkoutId: raw.m_payment_id,
    amountCents: raw.amount_gross,
    merchantId: raw.merchant_id,
    token: raw.token,
    email: raw.email_address,
    fields,
  }
  return { ...base, ...subjectOf(raw) }
}

function subjectOf({ custom_str1: kind, custom_str2: what, m_payment_id: checkoutId, token }: z.output<typeof RawItn>) {
  if (kind && what) return { kind, what }
  if (kind) throw formError([{ at: 'custom_str2', message: 'expected a tier or a price' }])
  if (token && checkoutId) return { kind: 'charge', what: undefined, checkoutId, token } as const
  throw formError([
    { at: 'custom_str1', message: 'expected subscription or credit_pack, or a token with m_payment_id' },
  ])
}

/** '299.00' → 29900, exactly; undefined for anything else than rand with at most two decimals. */
function parseRand(text: string): number | undefined {
  const [, rand = '', decimals = ''] = /^(0|[1-9]\d{0,8})(?:\.(\d{1,2}))?$/.exec(text) ?? []
  const cents = rand ? Number(rand + decimals.padEnd(2, '0')) : Number.NaN
  return cents <= MAX_CENTS ? cents : undefined
}

/**
 * Throws a ForbiddenError whose `errors[0].at` is `source`, `merchant` or `signature`. Without a passphrase anybody can make
 * the signature, and the source address alone protects.
 */
export function verifyItn(
  itn: Itn,
  by: { readonly merchant: Merchant; readonly sourceAddress: string; readonly sources: Sources },
): void {
  if (!isFrom(by.sources, by.sourceAddress)) throw refused('source', 'expected an address of PayFast')
  if (itn.merchantId !== by.merchant.id) throw refused('merchant', 'expected our merchant_id')
  if (!isSigned(itn.fields, by.merchant.passphrase))
    throw refused('signature', 'expected the signature of these fields')
}

/** An empty field means what a missing one means, so a signature that leaves the empty ones out says the same. */
function isSigned(fields: Fields, passphrase: string | undefined): boolean {
  const signature = fields.find(([name]) => name === 'signature')?.[1] ?? ''
  return [itnSignature, formSignature].some((sign) => isSameSignature(signature, sign(fields, passphrase)))
}

function isFrom(sources: Sources, address: string): boolean {
  if (typeof sources === 'function') return sources(address)
  return 'check' in sources ? isInBlockList(sources, address) : sourceList(sources)(address)
}

const refused = (at: string, message: string): ForbiddenError =>
  new ForbiddenError(`The notification is refused by its ${at}: ${message}`, { errors: [{ at, message }] })
