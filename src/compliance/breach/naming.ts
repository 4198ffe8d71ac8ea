/**
 * Whether somebody can be named from a file alone. identity.db: yes, and how many. The others: every value is looked at by all
 * detectors and compared with what identity.db knows of people, and the raw bytes are searched for it, removed rows included.
 * "No" is said only where all of that found nothing.
 */
import { modelsOf, quote } from '../../database/catalog.ts'
import type { Finding } from '../audit/finding.ts'
import { type KeyColumns, keyColumnsOf, type Looked, looked } from './looked.ts'
import type { NamingOptions } from './options.ts'
import { heldIn } from './period.ts'
import { type BytesFound, searchBytes } from './raw-bytes.ts'
import { scanRows } from './rows.ts'

/** `perhaps`: nothing is certain, and something may be, or could not be looked at or compared. */
export type Answer = 'yes' | 'perhaps' | 'no'

export interface Naming {
  /** Whether anybody can be named from this file alone. */
  readonly answer: Answer
  /** Values in rows that name or reach somebody. */
  readonly values: number
  /** Of these, values that identity.db knows as somebody's. */
  readonly knownValues: number
  /** Times that a value of identity.db stands in the raw bytes; those in rows are among them. */
  readonly occurrences: number
  /** What looks like it and may be chance, and what could not be read. */
  readonly unclear: number
  readonly looked: Looked
  /** Where they are; never a value. */
  readonly findings: readonly Finding[]
  /** What somebody needs beside the file to name a person. */
  readonly needed: string
}

export async function namingOf(options: NamingOptions): Promise<Naming> {
  const { domain } = options
  if (domain === 'identity') return identityNaming(options)
  // First, since the process that searches needs memory of its own.
  const bytes = options.identity ? await searchBytes(options) : undefined
  const rows = await scanRows(options)
  const keys = keyColumnsOf(domain)
  const found = [...rows.findings.map((finding) => judged(finding, keys)), ...(bytes?.findings ?? [])]
  const [sure, unclear] = [found.filter(isSure), found.filter((finding) => !isSure(finding))]
  const inRows = sure.filter(({ section }) => section === 'values')
  return {
    answer: answerOf(sure.length, unclear.length, bytes),
    values: sum(inRows),
    knownValues: sum(inRows.filter(isKnown)),
    occurrences: sum(sure.filter(({ section }) => section === 'bytes')),
    unclear: sum(unclear),
    looked: looked({ ...options, rows: rows.count, bytes }),
    findings: [...sure, ...unclear],
    needed: NEEDED[domain],
  }
}

function answerOf(sure: number, unclear: number, bytes: BytesFound | undefined): Answer {
  if (sure > 0) return 'yes'
  return unclear > 0 || bytes === undefined || bytes.compared === 0 ? 'perhaps' : 'no'
}

const sum = (some: readonly Finding[]): number => some.reduce((total, { count }) => total + count, 0)

const isSure = ({ severity, code }: Finding): boolean => severity !== 'low' && !UNREAD.has(code)
const UNREAD: ReadonlySet<string> = new Set(['values.unreadable', 'bytes.unread'])

const isKnown = ({ message }: Finding): boolean =>
  message.includes('identity.db knows whose') || message.includes('a name or number of a person')

/** In codes, tokens and ids digits may look like anything. */
function judged(finding: Finding, keys: KeyColumns): Finding {
  const { table = '', column = '' } = finding.place
  const isChance = keys.has(`${table}.${column}`) && finding.code !== 'values.email' && !isKnown(finding)
  if (!isChance) return finding
  return { ...finding, severity: 'low', message: `${finding.message}; in codes, tokens and ids that may be chance` }
}

const NEEDED = {
  billing:
    'identity.db, which alone says whose a subject id is; or PayFast, which knows who paid by pfPaymentId and token; or knowledge of one’s own, such as the time and amount of somebody’s payment.',
  admin:
    'identity.db, which alone says whose a subject id is; or knowledge of one’s own, such as who redeemed a certain voucher and when.',
} as const

function identityNaming({ reader, ...period }: NamingOptions): Naming {
  let [values, rows] = [0, 0]
  for (const model of modelsOf('identity')) {
    const personal = model.columns.filter((column) => column.class === 'pii')
    const { sql, values: bound } = heldIn(model, period)
    const counts = ['count(*)', ...personal.map(({ name }) => `count(${quote(name)})`)].join(', ')
    const [count = 0, ...held] = reader
      .prepare<unknown[], number[]>(`select ${counts} from ${quote(model.name)} where ${sql}`)
      .raw()
      .get(...bound) ?? [0]
    rows += count
    values += held.reduce((total, one) => total + one, 0)
  }
  return {
    ...{ answer: values > 0 ? 'yes' : 'no', values, knownValues: values, occurrences: 0, unclear: 0, findings: [] },
    looked: { rows, bytes: 0, compared: 0, parts: [], left: [] },
    needed: 'Nothing: addresses name people.',
  }
}
