// Drafts of the notices that section 22 of POPIA asks for. 22(5) says what they must hold: possible consequences, what was done
// and will be, what the person can do, and who did it where that is known.
import type { Breach } from './reveal.ts'

const blank = (what: string): string => `[FILL IN: ${what}]`

const FILES = {
  identity: 'the accounts: email addresses, the record of sign-ins with internet addresses, and notes',
  billing: 'subscriptions, purchases of credits and payments, by number and without names',
  admin: 'vouchers and the record of administrators’ work, by number and without names',
} as const

const RISKS = {
  identity: [
    'Somebody may write to these addresses and pretend to be us, to get passwords or payments (phishing).',
    'Somebody may learn that a person has an account, and from which internet address they signed in.',
  ],
  billing: [
    'The file names nobody: whoever has it would need a second source to say whose a subscription or payment is.',
    'Somebody who knows the time and amount of a payment could recognise it, and see the others of the same number.',
    'Payment tokens are in it. They charge nothing without the merchant’s passphrase, which is not in it.',
  ],
  admin: [
    'The file names nobody: whoever has it would need a second source to say whose a voucher is.',
    'Vouchers that were not redeemed yet could be redeemed by somebody else.',
  ],
} as const

const ADVICE = {
  identity: [
    'Do not follow links in mails that seem to come from us; open our site yourself. We never ask for a password by mail.',
    'Tell us if you get such a mail, or see a sign-in that was not yours.',
  ],
  billing: ['Look through your bank or card statement, and tell us of a charge that you do not know.'],
  admin: ['If you hold a voucher that you did not redeem, ask us for a new one.'],
} as const

/** What a file names nobody by is not said where somebody is named after all, nor of tokens that are not in it. */
function risksOf({ domain, naming, secrets }: Breach): string {
  const isWrong = (risk: string) =>
    (naming.canName && risk.includes('names nobody')) || (secrets.length === 0 && risk.startsWith('Payment tokens'))
  const named =
    naming.canName && domain !== 'identity' ? ['Some rows hold what names or reaches people, against our rules.'] : []
  const risks: readonly string[] = RISKS[domain]
  return [...named, ...risks.filter((risk) => !isWrong(risk))].join(' ')
}

/** `1,234` */
export const count = (number: number): string => number.toLocaleString('en')

export const peopleIn = (people: number): string => (people === 1 ? '1 person' : `${count(people)} people`)

const seen = ({ naming }: Breach): string =>
  naming.canName
    ? `It holds ${count(naming.values)} values that name or reach people.`
    : `We looked at every value in it (${count(naming.rowsLookedAt)} rows): none names or reaches a person.`

/** Paragraphs. */
export function noticeToRegulator(breach: Breach): readonly string[] {
  const { domain, file, people, rows, categories, secrets } = breach
  return [
    `To the Information Regulator (South Africa). Notification of a security compromise under section 22 of the Protection of Personal Information Act 4 of 2013.`,
    `Responsible party: ${blank('name, registration number and address')}. Information Officer: ${blank('name, phone, email')}. Reference: ${blank('our reference')}.`,
    `What happened: on ${blank('date and time')} we found that ${blank('what happened, in two sentences')}. The compromise began on ${blank('date, or "not known"')} and ended on ${blank('date')}. We learnt of it by ${blank('how')}.`,
    `What was reached: the file ${file}, one of three that we keep apart. It holds ${FILES[domain]}. ${count(rows)} rows about ${peopleIn(people.count)} are concerned. ${seen(breach)}`,
    `Categories: ${categories.map(({ category, values }) => `${category} (${count(values)})`).join('; ') || 'none'}.`,
    `Possible consequences: ${risksOf(breach)}`,
    `What we did and will do: ${[...new Set(secrets.map(({ next }) => next))].join(' ') || 'Nothing in the file gives power.'} ${blank('what else was done, and when')}`,
    `What we advise people to do: ${ADVICE[domain].join(' ')}`,
    `Who did it: ${blank('the identity of whoever got access, if known, else "not known"')}. Reported to the police: ${blank('case number, or "no", and why')}.`,
    `Telling people: we ${blank('told, or will tell')} them on ${blank('date')} by ${blank('mail, email, our site, the news')}. A delay is asked for by ${blank('a public body that investigates, or "nobody"')} (section 22(3)).`,
    `${blank('name, role, date, signature')}`,
  ]
}

/** Paragraphs. */
export function noticeToPeople(breach: Breach): readonly string[] {
  const { domain } = breach
  return [
    `Subject: ${blank('our name')}: somebody may have got information about you`,
    `Dear customer. On ${blank('date')} we found that ${blank('what happened, in plain words')}.`,
    `What was reached: ${FILES[domain]}. ${
      breach.naming.canName ? 'Your address may be among it.' : 'Your name, address and phone number are not in it.'
    }`,
    `What that may mean for you: ${risksOf(breach)}`,
    `What we did: ${blank('what was done, in plain words')}. What we will do: ${blank('what comes next, and by when')}.`,
    `What you can do: ${ADVICE[domain].join(' ')}`,
    `Who did it: ${blank('the identity of whoever got access, if known, else "We do not know."')}`,
    `We told the Information Regulator on ${blank('date')}. You may complain there too (${blank('their present address')}). Questions: ${blank('phone and email of the Information Officer')}.`,
    `${blank('name and role')}`,
  ]
}
