// What in a file gives power to whoever has it, and what to do about that at once.
import { type CatalogColumn, type CatalogModel, modelsOf, quote } from '../../database/catalog.ts'
import type { Connection } from '../../database/connections.ts'
import type { Domain } from '../../database/domains.ts'
import { timeText } from '../../database/row-codec.ts'
import { heldIn, type Period, type Where } from './period.ts'

export interface SecretFound {
  /** `billing.RecurringSchedule.token` */
  readonly place: string
  readonly count: number
  /** Of these, how many still have an effect; null where that cannot be told. */
  readonly live: number | null
  readonly power: string
  readonly next: string
  /** Something is to be done about it. */
  readonly asksForWork: boolean
}

interface Power {
  readonly power: string
  readonly next: string
  /** SQL over the row: whether it still has an effect at the time `$now`. */
  readonly live?: string
}

const CHARGE: Power = {
  power:
    'PayFast charges a card by it; for that it also takes the merchant’s passphrase, which is in none of the files.',
  next: 'Change the passphrase at PayFast and in PAYFAST_PASSPHRASE; ask PayFast to end these tokens if it may be known too.',
}
const HASH = 'A hash of a request: whoever guesses the request, and has the key of identity.db as well, can confirm it.'
const KEPT: Power = {
  power:
    'The answer of a request of the last 24 hours; where it held a code, it is encrypted under a key made of the request.',
  next: 'Void vouchers that were made in the last 24 hours.',
}

const POWERS: Readonly<Record<string, Power>> = {
  'identity.LoginToken.token': {
    power: 'Signs in as its owner, once, for 15 minutes after it was made.',
    next: 'Remove what has not expired: stop the server for 15 minutes, or run "npx gogga purge".',
    live: 'used = 0 and expiresAt > $now',
  },
  'identity.Session.tokenHash': {
    power: 'None by itself: the SHA-256 of 256 random bits, which nobody guesses.',
    next: 'Have everybody sign in anew if the server itself was taken: tokens pass through its memory.',
    live: 'revokedAt is null and expiresAt > $now',
  },
  'identity.ApiKey.hash': {
    power: 'None by itself: the SHA-256 of 256 random bits, which nobody guesses.',
    next: 'Revoke and replace keys ("npx gogga keys revoke", "npx gogga keys create") if a machine that holds one was taken.',
    live: 'revokedAt is null and (expiresAt is null or expiresAt > $now)',
  },
  'identity.HashKey.key': {
    power:
      'With billing.db or admin.db as well: a guess at what somebody asked for in the last 24 hours can be confirmed.',
    next: 'Nothing: what it keys is removed after 24 hours.',
  },
  'billing.Subscription.payfastToken': { ...CHARGE, live: `status in ('active', 'past_due')` },
  'billing.RecurringSchedule.token': { ...CHARGE, live: `status = 'active'` },
  'admin.Voucher.code': {
    power: 'Buys a month or a pack of credits for whoever redeems it first.',
    next: 'Void those that are not redeemed (POST /v1/vouchers/:id/void) and issue others.',
    live: 'redeemed = 0 and voided = 0 and expiresAt > $now',
  },
  'Change.requestHash': { power: HASH, next: 'Nothing: it is removed after 24 hours.' },
  'Change.answer': KEPT,
}

const UNKNOWN: Power = {
  power: 'Nothing is written down about what it gives power to.',
  next: 'Replace it, and write down what it does.',
}

const isPower = (column: CatalogColumn): boolean => column.class === 'secret' || column.bearer === true

/** Undefined for a column that nobody has described. */
export const powerOf = (model: CatalogModel, column: string): Power | undefined =>
  POWERS[`${model.domain}.${model.name}.${column}`] ?? POWERS[`${model.name}.${column}`]

export const secretColumns = (models: readonly CatalogModel[]): readonly (readonly [CatalogModel, string])[] =>
  models.flatMap((model) => model.columns.filter(isPower).map(({ name }) => [model, name] as const))

/** Of rows that were there at the period's end; `live` is as of now. Columns without any are left out. */
export function secretsIn(
  domain: Domain,
  connection: Connection,
  { now, ...period }: Period & { readonly now: Date },
): readonly SecretFound[] {
  return secretColumns(modelsOf(domain)).flatMap(([model, column]) => {
    const { power, next, live } = powerOf(model, column) ?? UNKNOWN
    const held = heldIn(model, period)
    const there: Where = { ...held, sql: `${quote(column)} is not null and ${held.sql}` }
    const count = countOf(connection, model, there, now)
    if (count === 0) return []
    const still =
      live === undefined ? null : countOf(connection, model, { ...there, sql: `${there.sql} and ${live}` }, now)
    const asksForWork = !next.startsWith('Nothing')
    return [{ place: `${domain}.${model.name}.${column}`, count, live: still, power, next, asksForWork }]
  })
}

function countOf(connection: Connection, { name }: CatalogModel, { sql, values }: Where, now: Date): number {
  const statement = connection.prepare<unknown[], number>(
    `select count(*) from ${quote(name)} where $now is not null and ${sql}`,
  )
  return statement.pluck().get({ now: timeText(now) }, ...values) ?? 0
}
