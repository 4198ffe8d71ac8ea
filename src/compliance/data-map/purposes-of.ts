// Why each table is kept, on which ground of POPIA section 11(1), and for which purposes of the register it is read
// (section 17). A test refuses a table of the catalog that is not in here.
import type { CatalogModel } from '../../database/catalog.ts'
import type { PurposeId } from '../../identity/purposes.ts'

export interface TablePurpose {
  readonly why: string
  readonly ground: string
  readonly purposes: readonly PurposeId[]
}

const CONTRACT = 'section 11(1)(b): performance of the contract with the person'
const LAW = 'section 11(1)(c): obligation imposed by law'
const INTEREST = 'section 11(1)(f): legitimate interest of the responsible party'
const NOBODY = 'none needed: nothing of a person'

const entry = (why: string, ground: string, ...purposes: readonly PurposeId[]): TablePurpose => ({
  why,
  ground,
  purposes,
})

const CHANGES = entry(
  'Giving a repeated request the answer of the first.',
  CONTRACT,
  'service-operation',
  'access-request',
)
const MESSAGES = entry('Carrying a change from this file to another.', CONTRACT, 'service-operation', 'access-request')
const INBOX = entry('Making each message take effect once.', NOBODY, 'service-operation')
const TOMBSTONES = entry('Keeping a restore from bringing an erased person back.', LAW, 'erasure-request')
const LINKS = entry('Showing that no row of a log was changed.', LAW, 'compliance-audit')
const HEADS = entry('Showing that no log was cut short.', LAW, 'compliance-audit')

const TABLES: Readonly<Record<string, TablePurpose>> = {
  'identity.User': entry('Letting a person sign in.', CONTRACT, 'service-operation', 'support', 'access-request'),
  'identity.Contact': entry(
    'Knowing whom older records name who has no account.',
    INTEREST,
    'billing-administration',
    'access-request',
  ),
  'identity.LoginToken': entry('Signing in by mail.', CONTRACT, 'service-operation', 'fraud-prevention'),
  'identity.AuthLog': entry('Finding sign-ins by force.', INTEREST, 'fraud-prevention', 'security-incident'),
  'identity.Session': entry('Keeping a person signed in.', CONTRACT, 'service-operation', 'security-incident'),
  'identity.ApiKey': entry('Deciding what a service may do.', NOBODY, 'security-incident', 'compliance-audit'),
  'identity.HashKey': entry('Hashing requests so that no other file tells what they held.', LAW, 'compliance-audit'),
  'identity.AccessLog': entry('Saying who saw whose information.', LAW, 'access-request', 'compliance-audit'),
  'identity.DetachedValue': entry(
    'Keeping personal information out of the other two files.',
    LAW,
    'access-request',
    'erasure-request',
  ),
  'identity.AdminLogOrigin': entry(
    'Finding misuse of administrators’ rights.',
    INTEREST,
    'fraud-prevention',
    'security-incident',
  ),
  'identity.LegacyOriginal': entry(
    'Giving the unified database back as it was.',
    INTEREST,
    'access-request',
    'compliance-audit',
  ),
  'identity.LegacySchema': entry('Giving the unified database back as it was.', NOBODY, 'compliance-audit'),
  'identity.Restriction': entry('Doing nothing that the person forbade.', LAW, 'service-operation', 'access-request'),
  'identity.Correction': entry('Showing what was put right.', LAW, 'correction-request', 'access-request'),
  'identity.Erasure': entry('Proving that a person was erased.', LAW, 'erasure-request', 'compliance-audit'),
  'identity.PiiAttempt': entry('Finding what writes personal information where none may be.', LAW, 'compliance-audit'),
  'identity.Audit': entry('Showing that the safeguards were looked after.', LAW, 'compliance-audit'),
  'billing.Subscription': entry(
    'Giving a person what they pay for.',
    CONTRACT,
    'service-operation',
    'billing-administration',
  ),
  'billing.CreditPurchase': entry(
    'Giving a person what they paid for.',
    CONTRACT,
    'billing-administration',
    'legal-obligation',
  ),
  'billing.ProcessedPayment': entry(
    'Records of payments, as tax law asks.',
    LAW,
    'billing-administration',
    'legal-obligation',
  ),
  'billing.RecurringSchedule': entry('Charging month by month.', CONTRACT, 'billing-administration'),
  'billing.SubscriptionEvent': entry(
    'Settling disputes over a subscription.',
    CONTRACT,
    'billing-administration',
    'support',
  ),
  'billing.ChargeAttempt': entry('Charging once, not twice.', CONTRACT, 'billing-administration', 'legal-obligation'),
  'billing.RestrictedSubject': entry('Charging nobody who restricted it.', LAW, 'service-operation'),
  'admin.Voucher': entry('Honouring vouchers once.', CONTRACT, 'billing-administration', 'fraud-prevention'),
  'admin.VoucherLog': entry(
    'Following a voucher from its making to its end.',
    INTEREST,
    'billing-administration',
    'fraud-prevention',
  ),
  'admin.AdminLog': entry('Holding administrators to account.', LAW, 'compliance-audit', 'security-incident'),
}

/** Every file has these. */
const EVERYWHERE: Readonly<Record<string, TablePurpose>> = {
  Change: CHANGES,
  OutboxMessage: MESSAGES,
  InboxMessage: INBOX,
  Tombstone: TOMBSTONES,
  ChainLink: LINKS,
  ChainHead: HEADS,
}

/** Undefined for a table of another catalog. */
export const purposeOfTable = ({ domain, name }: Pick<CatalogModel, 'domain' | 'name'>): TablePurpose | undefined =>
  TABLES[`${domain}.${name}`] ?? EVERYWHERE[name]

const UNITS: Readonly<Record<string, string>> = { d: 'day', w: 'week', m: 'month', y: 'year' }

/** What happens without `@retain`. */
const LASTING: Readonly<Record<string, string>> = {
  OutboxMessage: 'Until it is delivered.',
  InboxMessage: 'As long as the file.',
  Tombstone: 'As long as the file, so that no restore brings the person back.',
  HashKey: 'As long as the file: it says nothing of a person.',
  ChainLink: 'As long as the file: it says nothing of a person.',
  ChainHead: 'As long as the file: it says nothing of a person.',
}

/** `5 years`, of `5y` */
export function periodWords(period: string): string {
  const [, count = '', unit = ''] = /^(\d+)([dwmy])$/.exec(period) ?? []
  return `${count} ${UNITS[unit] ?? unit}${count === '1' ? '' : 's'}`
}

/** How long rows are kept, in words, with their column; from the catalog's `@retain` and its links' `onErase`. */
export function retentionOf(model: CatalogModel): string {
  if (model.retain) {
    const period = `${periodWords(model.retain.period)} after ${model.retain.column}`
    return model.retain.erased === undefined ? `${period}.` : `As a record; of somebody who was erased for ${period}.`
  }
  const lasting = LASTING[model.name]
  if (lasting !== undefined) return lasting
  if (isPerson(model) || model.links.some(({ onErase }) => onErase === 'delete')) return 'Until the person is erased.'
  if (model.columns.some((column) => column.class === 'pii')) return 'Until the person is erased.'
  if (model.links.length > 0) return 'As a record; after an erasure its subject id names nobody.'
  return 'As long as the file.'
}

/** The two tables whose ids are subject ids. */
export const isPerson = ({ domain, name }: Pick<CatalogModel, 'domain' | 'name'>): boolean =>
  domain === 'identity' && (name === 'User' || name === 'Contact')
