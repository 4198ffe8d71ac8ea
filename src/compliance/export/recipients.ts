// Third parties who have or had what is held about a person (POPIA section 23(1)(b)), as far as the tables and the
// configuration tell: whom to ask in turn. Who read it here is in the access log, at the end of the export.
import type { Config } from '../../config.ts'
import type { Person } from './person.ts'
import { query, type Reading } from './reading.ts'

export interface Recipient {
  readonly who: string
  readonly what: string
  /** Records here that say so; 0: by the configuration alone. */
  readonly records: number
  /** RFC 3339 in UTC; null where no record says when. */
  readonly since: string | null
  readonly until: string | null
}

/** Where this installation sends anything. */
export interface Outside {
  /** Undefined: mails become files here. */
  readonly mailHost?: string | undefined
  /** Undefined: payments are off now. */
  readonly paymentHost?: string | undefined
  /** Stores of backups that are somebody else's, in words. */
  readonly stores?: readonly string[]
}

export const outsideOf = ({ mail, payfast }: Pick<Config, 'mail' | 'payfast'>, stores: readonly string[]): Outside => ({
  mailHost: mail.smtpUrl === undefined ? undefined : new URL(mail.smtpUrl).hostname,
  paymentHost: payfast && new URL(payfast.apiUrl).hostname,
  stores,
})

interface Found {
  readonly records: number
  readonly since: string | null
  readonly until: string | null
}

const IN = 'in (select value from json_each(?))'
const PAID = `
  select count(*) as records, min(at) as since, max(at) as until from (
    select processedAt as at from "ProcessedPayment" where userId ${IN}
    union all select startedAt from "ChargeAttempt" where userId ${IN}
    union all select createdAt from "RecurringSchedule" where userId ${IN})`
const MAILED = `
  select count(*) as records, min(createdAt) as since, max(createdAt) as until
  from "AuthLog" where action = 'login_requested' and email ${IN}`

export function recipientsOf({ readers, person }: Reading, outside: Outside): readonly Recipient[] {
  const ids = JSON.stringify(person.ids)
  const [paid] = query<Found>(readers.billing, PAID, ids, ids, ids)
  const [mailed] = query<Found>(readers.identity, MAILED, JSON.stringify(spellingsOf(person)))
  const { mailHost, paymentHost, stores = [] } = outside
  return [
    ...(paid && paid.records > 0 ? [recipient(`PayFast${at(paymentHost)}, which takes payments`, PAYMENTS, paid)] : []),
    ...(mailed && (mailHost !== undefined || mailed.records > 0)
      ? [recipient(`The provider of mail${at(mailHost)}`, MAILS, mailed)]
      : []),
    ...stores.map((store) => recipient(`The store of backups ${store}`, BACKUPS, NONE)),
  ]
}

const PAYMENTS =
  'Your subject id, what was bought, amounts and times; for charges by month the token that PayFast gave for your card. Name, ' +
  'email and card PayFast asked you for itself, and sent your email back with each payment.'
const MAILS =
  'Your address and the mail itself, with each code to sign in. Mails that became files here went to nobody.'
const BACKUPS = 'Copies of the file, with what is in it about you, for as long as backups are kept.'
const NONE: Found = { records: 0, since: null, until: null }

const at = (host: string | undefined): string => (host === undefined ? '' : ` at ${host}`)

/** As the log of sign-ins may have them; it is looked up by its index. */
const spellingsOf = ({ addresses, email }: Person): readonly string[] => [
  ...new Set([...addresses.map(({ key }) => key), ...(email === null ? [] : [email])]),
]

const recipient = (who: string, what: string, { records, since, until }: Found): Recipient => ({
  ...{ who, what, records },
  ...{ since: timeIn(since), until: timeIn(until) },
})

const timeIn = (text: string | null): string | null => (text === null ? null : text.replace(/\+00:00$/, 'Z'))

/** One line for the page and the PDF. */
export const recipientLine = ({ who, what, records, since, until }: Recipient): string => {
  const days = since && until ? `, ${since.slice(0, 10)} to ${until.slice(0, 10)}` : ''
  return `${who}: ${what} ${records > 0 ? `Records of it: ${records}${days}.` : 'By the configuration as it is now.'}`
}
