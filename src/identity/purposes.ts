// The register of purposes (POPIA sections 13 and 17): what personal information may be read for, on which ground of section
// 11, by whom, and how long the reading stays on record. A key names those that its holder has; whatever is shown in clear
// is shown for one of them, within its categories, and the access log says for which. Ids stay for ever, since rows of the log name them.
import { ForbiddenError, UsageError } from '../errors.ts'
import type { PiiClass } from '../generated/catalog.ts'

export interface Purpose {
  readonly id: string
  readonly description: string
  /** POPIA section 11(1): what makes the reading lawful. */
  readonly ground: string
  /** Kinds of personal information that it needs: no other is shown for it, and none chooses or orders rows. */
  readonly categories: readonly PiiClass[]
  /** Whose work it is. */
  readonly who: string
  /** What is kept because of it, and for how long. */
  readonly retention: string
}

const LOGGED = 'Each reading stays in the access log for five years.'

export const PURPOSES = [
  {
    id: 'support',
    description: 'Helping a person who asked for help with their account, payments or vouchers.',
    ground: 'section 11(1)(b): performance of the contract with the person',
    categories: ['email'],
    who: 'support staff',
    retention: LOGGED,
  },
  {
    id: 'billing-administration',
    description: 'Settling payments, refunds, vouchers and disputes with the payment provider.',
    ground: 'section 11(1)(b): performance of the contract with the person',
    categories: ['email'],
    who: 'administrators of payments',
    retention: `${LOGGED} Records of payments are kept as tax law asks, without names.`,
  },
  {
    id: 'fraud-prevention',
    description:
      'Finding and stopping abuse: sign-ins by force, vouchers that were stolen, payments that were not meant.',
    ground: 'section 11(1)(f): legitimate interest of the responsible party',
    categories: ['email', 'ip', 'freetext'],
    who: 'administrators who look after fraud',
    retention: LOGGED,
  },
  {
    id: 'access-request',
    description: 'Answering a person who asks what is held about them (section 23).',
    ground: 'section 11(1)(c): obligation imposed by law',
    categories: ['email', 'phone', 'ip', 'name', 'freetext'],
    who: 'the information officer and deputies',
    retention: `${LOGGED} The answer goes to the person and is not kept here.`,
  },
  {
    id: 'correction-request',
    description: 'Putting right what a person says is wrong (section 24).',
    ground: 'section 11(1)(c): obligation imposed by law',
    categories: ['email', 'phone', 'ip', 'name', 'freetext'],
    who: 'the information officer and deputies',
    retention: LOGGED,
  },
  {
    id: 'erasure-request',
    description:
      'Deleting what is held about a person who asks for it, and proving that it is gone (sections 14 and 24).',
    ground: 'section 11(1)(c): obligation imposed by law',
    categories: ['email', 'phone', 'ip', 'name', 'freetext'],
    who: 'the information officer and deputies',
    retention: `${LOGGED} The receipt names the person by subject id alone.`,
  },
  {
    id: 'security-incident',
    description: 'Finding out whose information somebody else may have got, and telling them (section 22).',
    ground: 'section 11(1)(c): obligation imposed by law',
    categories: ['email', 'phone', 'ip', 'name', 'freetext'],
    who: 'whoever leads the answer to the incident',
    retention: LOGGED,
  },
  {
    id: 'compliance-audit',
    description:
      'Checking that personal information is where it belongs and is read for what it may be (sections 8 and 19).',
    ground: 'section 11(1)(c): obligation imposed by law',
    categories: ['email', 'phone', 'ip', 'name', 'freetext'],
    who: 'compliance reviewers',
    retention: LOGGED,
  },
  {
    id: 'legal-obligation',
    description: 'Giving what a court, the Regulator or a revenue authority lawfully demands.',
    ground: 'section 11(1)(c): obligation imposed by law',
    categories: ['email', 'phone', 'ip', 'name', 'freetext'],
    who: 'the information officer',
    retention: LOGGED,
  },
  {
    id: 'service-operation',
    description: 'Showing people what is theirs in a front end that acts for them while they are signed in.',
    ground: 'section 11(1)(b): performance of the contract with the person',
    categories: ['email'],
    who: 'services, no person',
    retention: LOGGED,
  },
  {
    id: 'user-lookup',
    description:
      'Finding the account behind an address that an administrator was given: what POST /v1/user-lookups is for by itself. It tells id and roles.',
    ground: 'section 11(1)(b): performance of the contract with the person',
    categories: ['email'],
    who: 'administrators',
    retention: LOGGED,
  },
  {
    id: 'moving-back',
    description: 'Giving the unified database back, all three files in one, so that what worked on it goes on.',
    ground: 'section 11(1)(b): performance of the contract with the person',
    categories: ['email', 'phone', 'ip', 'name', 'freetext'],
    who: 'operations staff',
    retention: `${LOGGED} Whoever has the merged file keeps it as this register says.`,
  },
] as const satisfies readonly Purpose[]

export type PurposeId = (typeof PURPOSES)[number]['id']

export const PURPOSE_IDS: readonly PurposeId[] = PURPOSES.map(({ id }) => id)

const REGISTER: readonly (Purpose & { readonly id: PurposeId })[] = PURPOSES

/** Those that cover all of these kinds. */
export const purposesFor = (kinds: Iterable<PiiClass>): readonly PurposeId[] => {
  const needed = [...kinds]
  return REGISTER.filter(({ categories }) => needed.every((kind) => categories.includes(kind))).map(({ id }) => id)
}

/** `fields`: name, such as `auth-logs.ip`, and kind. Throws ForbiddenError that names each which the purpose does not cover. */
export function requireCategories(purpose: PurposeId, fields: ReadonlyMap<string, PiiClass>): void {
  const categories = REGISTER.find(({ id }) => id === purpose)?.categories ?? []
  const beyond = [...fields].filter(([, kind]) => !categories.includes(kind))
  if (beyond.length === 0) return
  const names = beyond.map(([field]) => field).join(', ')
  throw new ForbiddenError(
    `The purpose ${purpose} is for ${categories.join(', ')} alone, and does not cover ${names}`,
    {
      hint: `All that was asked for is covered by ${purposesFor(fields.values()).join(', ')}; "gogga purposes" tells what each is for.`,
      errors: beyond.map(([at, kind]) => ({ at, message: `${kind}: covered by ${purposesFor([kind]).join(', ')}` })),
    },
  )
}

export const isPurpose = (text: string): text is PurposeId => (PURPOSE_IDS as readonly string[]).includes(text)

/** What a person is told who names none, or one that there is not. */
export const PURPOSE_HINT = `The register has ${PURPOSE_IDS.join(', ')}; "gogga purposes" tells what each is for.`

/** Throws UsageError where one is not in the register. */
export function checkPurposes(given: readonly string[]): readonly PurposeId[] {
  const unknown = given.filter((id) => !isPurpose(id))
  if (unknown.length === 0) return [...new Set(given)].filter(isPurpose)
  throw new UsageError(`Unknown purpose ${unknown.join(', ')}`, { hint: PURPOSE_HINT })
}
