// Drafts of the notices that section 22 of POPIA asks for. 22(5) says what they must hold: possible consequences, what was done
// and will be, what the person can do, and who did it where that is known.
import type { Answer, Naming } from './naming.ts'
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

const NAMED = {
  yes: 'The file holds what names or reaches people, against our rules.',
  perhaps: 'It cannot be ruled out that the file holds what names or reaches people, against our rules.',
  no: '',
} as const

/** What a file names nobody by is not said where somebody is named after all, nor of tokens that are not in it. */
function risksOf({ domain, naming, secrets }: Breach): string {
  const isWrong = (risk: string) =>
    (naming.answer !== 'no' && risk.includes('names nobody')) ||
    (!secrets.some(({ next }) => next.includes('PayFast')) && risk.startsWith('Payment tokens'))
  const risks: readonly string[] = RISKS[domain]
  return [domain === 'identity' ? '' : NAMED[naming.answer], ...risks.filter((risk) => !isWrong(risk))]
    .filter(Boolean)
    .join(' ')
}

/** `1,234` */
export const inThousands = (number: number): string => number.toLocaleString('en')

export const peopleIn = (count: number): string => (count === 1 ? '1 person' : `${inThousands(count)} people`)

const SEEN = {
  yes: ({ values, occurrences }) =>
    `It holds ${inThousands(values)} values in its rows that name or reach people, and in its raw bytes, removed rows included, such values ${inThousands(occurrences)} times.`,
  perhaps: ({ unclear }) =>
    `Nothing in it names or reaches a person for certain; it cannot be ruled out (${unclear} places are unclear).`,
  no: ({ looked: { rows, bytes, compared } }) =>
    `We looked at every value of ${inThousands(rows)} rows and searched ${inThousands(bytes)} raw bytes for ${inThousands(compared)} values of people: nothing names or reaches a person.`,
} satisfies Record<Answer, (naming: Naming) => string>

const seen = ({ domain, naming }: Breach): string =>
  domain === 'identity'
    ? `It holds ${inThousands(naming.values)} values that name or reach people.`
    : SEEN[naming.answer](naming)

/** ` from … to …`, nothing where no time was given. */
export const between = ({ from, to }: Pick<Breach, 'from' | 'to'>): string =>
  [from && ` from ${from}`, to && ` to ${to}`].filter(Boolean).join('')

/** Everything that was there, and what happened meanwhile. */
function concerned({ rows, touched, people, from, to }: Breach): string {
  const held = to ? `, all that the file held at ${to}` : ', all that the file holds'
  const all = `${inThousands(rows)} rows about ${peopleIn(people.count)} are concerned${held}.`
  if (touched === null || people.touched === null) return all
  const end = to ? `between ${from} and ${to}` : `since ${from}`
  return `${all} Of these, ${touched} rows about ${peopleIn(people.touched)} were written or changed ${end}.`
}

/** What the pack found to be done, for a person to strike or to confirm. */
function measures({ secrets }: Breach): string {
  const steps = [...new Set(secrets.filter(({ asksForWork }) => asksForWork).map(({ next }) => next))]
  return steps.length === 0
    ? `Nothing in the file has to be replaced. ${blank('what was done, when, and what will be')}`
    : `For what the file holds these steps are due: ${steps.join(' ')} ${blank('which of them were done and when, what else was, and what will be')}`
}

const PEOPLE_SEEN = {
  yes: 'Your address or another detail of you may be among it.',
  perhaps: 'We cannot rule out that your address or another detail of you is among it.',
  no: 'We found no name, address or phone number in it.',
} as const

/** Paragraphs. */
export function noticeToRegulator(breach: Breach): readonly string[] {
  const { domain, file, categories, from, to } = breach
  return [
    `To the Information Regulator (South Africa). Notification of a security compromise under section 22 of the Protection of Personal Information Act 4 of 2013.`,
    `Responsible party: ${blank('name, registration number and address')}. Information Officer: ${blank('name, phone, email')}. Reference: ${blank('our reference')}.`,
    `What happened: on ${blank('date and time')} we found that ${blank('what happened, in two sentences')}. The compromise began on ${from ?? ''}${blank(from ? 'confirm, or "not known"' : 'date, or "not known"')} and ended on ${to ?? ''}${blank(to ? 'confirm' : 'date')}. We learnt of it by ${blank('how')}.`,
    `What was reached: the file ${file}, one of three that we keep apart. It holds ${FILES[domain]}. ${concerned(breach)} ${seen(breach)}`,
    `Categories: ${categories.map(({ category, values }) => `${category} (${inThousands(values)})`).join('; ') || 'none'}.`,
    `Possible consequences: ${risksOf(breach)}`,
    `What we did and will do: ${measures(breach)}`,
    `What we advise people to do: ${ADVICE[domain].join(' ')}`,
    `Who did it: ${blank('the identity of whoever got access, if known, else "not known"')}. Reported to the police: ${blank('case number, or "no", and why')}.`,
    `Telling people: we ${blank('told, or will tell')} them on ${blank('date')} by ${blank('mail, email, our site, the news')}. A delay is asked for by ${blank('a public body that investigates, or "nobody"')} (section 22(3)).`,
    `${blank('name, role, date, signature')}`,
  ]
}

/** Paragraphs. */
export function noticeToPeople(breach: Breach): readonly string[] {
  const { domain } = breach
  const when = between(breach)
  return [
    `Subject: ${blank('our name')}: somebody may have got information about you`,
    `Dear customer. On ${blank('date')} we found that ${blank('what happened, in plain words')}.${when && ` Somebody could reach a file of ours${when}.`}`,
    `What was reached: ${FILES[domain]}. ${PEOPLE_SEEN[breach.naming.answer]}`,
    `What that may mean for you: ${risksOf(breach)}`,
    `What we did: ${blank('what was done, in plain words')}. What we will do: ${blank('what comes next, and by when')}.`,
    `What you can do: ${ADVICE[domain].join(' ')}`,
    `Who did it: ${blank('the identity of whoever got access, if known, else "We do not know."')}`,
    `We told the Information Regulator on ${blank('date')}. You may complain there too (${blank('their present address')}). Questions: ${blank('phone and email of the Information Officer')}.`,
    `${blank('name and role')}`,
  ]
}
