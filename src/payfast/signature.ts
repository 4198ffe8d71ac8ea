// PayFast's two signatures. Both are MD5 over `name=value` pairs joined by `&`, values encoded as PHP's urlencode does; they
// differ in order. A form and an ITN keep their order with the passphrase last ("Custom integration", steps 2 and 4 of
// https://developers.payfast.co.za/docs); a call of the API sorts all names, the passphrase among them
// (https://developers.payfast.co.za/api#authentication). PayFast's PHP library, lib/Auth.php, does the same.
import { createHash, timingSafeEqual } from 'node:crypto'

/** The account that is paid. `passphrase` salts the signatures; PayFast wants one for recurring payments and for its API. */
export interface Merchant {
  readonly id: string
  readonly key: string
  readonly passphrase?: string
}

export type Fields = readonly (readonly [name: string, value: string])[]

/**
 * MD5 in lower-case hex over the fields in the order given, `signature` itself left out. Empty fields are left out too, as
 * PayFast asks for forms; `itnSignature` keeps them.
 */
export function formSignature(fields: Fields, passphrase: string | undefined): string {
  return itnSignature(
    fields.filter(([, value]) => value !== ''),
    passphrase,
  )
}

/** The same over an ITN, whose empty fields PayFast signs as `name=`: seen in the notifications that its library tests. */
export function itnSignature(fields: Fields, passphrase: string | undefined): string {
  const signed = fields.filter(([name]) => name !== 'signature')
  return md5(pairs(passphrase ? [...signed, ['passphrase', passphrase]] : signed))
}

/**
 * Signature of a call of the API: headers (merchant-id, version, timestamp), query and body together, sorted by name, empty
 * ones left out. The query's `testing` is no part of it.
 */
export function apiSignature(values: Readonly<Record<string, string>>, passphrase: string | undefined): string {
  const all = Object.entries(passphrase ? { ...values, passphrase } : values)
  const signed = all.filter(([name, value]) => name !== 'signature' && name !== 'testing' && value !== '')
  return md5(pairs(signed.sort(([a], [b]) => (a < b ? -1 : 1))))
}

/** As PHP's urlencode: `+` for a space, upper-case hex, and only letters, digits, `-`, `_` and `.` as they are. */
export function urlencode(text: string): string {
  return encodeURIComponent(text.toWellFormed())
    .replaceAll('%20', '+')
    .replaceAll(/[!'()*~]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)
}

/** Compares in a time that does not tell how much of it fits. */
export function isSameSignature(given: string, computed: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(computed)]
  return a.length === b.length && timingSafeEqual(a, b)
}

const pairs = (fields: Fields): string => fields.map(([name, value]) => `${name}=${urlencode(value)}`).join('&')

const md5 = (text: string): string => createHash('md5').update(text).digest('hex')
