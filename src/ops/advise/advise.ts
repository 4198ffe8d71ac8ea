// Split or stay: four questions about a unified database, each answered with the figures that it was judged by. One yes is
// reason enough, since none of them can be had in one file by other means.
import { statSync } from 'node:fs'
import { type PersonalColumn, personalColumns } from './personal.ts'
import { type Roles, rolesIn } from './roles.ts'
import { measureSignInLog, type SignInLog } from './sign-in-log.ts'
import { openUnified, type Unified } from './unified-file.ts'
import { counted, megabytes, percent } from './words.ts'

export interface Answer<T> {
  readonly question: string
  readonly yes: boolean
  /** One sentence with the figures. */
  readonly because: string
  readonly figures: T
}

export interface Advice {
  readonly path: string
  readonly recommendation: 'split' | 'stay'
  readonly why: string
  readonly size: Answer<{ readonly bytes: number; readonly limitBytes: number }>
  readonly roles: Answer<Roles>
  readonly compliance: Answer<{ readonly values: number; readonly columns: readonly PersonalColumn[] }>
  readonly signInLog: Answer<SignInLog | null>
}

export interface AdviseOptions {
  /** Milliseconds that never go back. */
  readonly now: () => number
  readonly limits?: Partial<AdviseLimits>
  readonly onQuestion?: (done: number, total: number, what: string) => void
}

export interface AdviseLimits {
  readonly bytes: number
  /** Rows of each table that are searched for personal information. */
  readonly sampleRows: number
  /** The log is large from this many bytes on, if it also has this share of the pages in use. */
  readonly logBytes: number
  readonly logShare: number
  /** Of the writer's time in the busiest hour. */
  readonly writerShare: number
}

const LIMITS: AdviseLimits = {
  bytes: 1_000_000_000,
  sampleRows: 20_000,
  logBytes: 100_000_000,
  logShare: 0.3,
  writerShare: 0.05,
}

/** Reads, never writes. Throws UsageError or FileError where the file is not a unified database. */
export function advise(path: string, { now, limits: given, onQuestion }: AdviseOptions): Advice {
  const limits = { ...LIMITS, ...given }
  const unified = openUnified(path)
  try {
    onQuestion?.(0, 4, 'size')
    const size = judgeSize(unified, limits)
    onQuestion?.(1, 4, 'roles')
    const roles = judgeRoles(rolesIn(unified))
    onQuestion?.(2, 4, 'personal information')
    const compliance = judgeCompliance(personalColumns(unified, limits.sampleRows))
    onQuestion?.(3, 4, 'sign-in log')
    const signInLog = judgeLog(measureSignInLog(unified, now), limits)
    onQuestion?.(4, 4, 'done')
    const reasons = [size, roles, compliance, signInLog].filter(({ yes }) => yes)
    const recommendation = reasons.length > 0 ? 'split' : 'stay'
    const why =
      reasons.length > 0
        ? `${reasons.length} of 4 questions ${reasons.length === 1 ? 'is' : 'are'} answered with yes, and one is reason enough.`
        : 'None of the 4 questions is answered with yes: three files would cost more than they give.'
    return { path, recommendation, why, size, roles, compliance, signInLog }
  } finally {
    unified.connection.close()
  }
}

function judgeSize({ path }: Unified, { bytes: limitBytes }: AdviseLimits): Advice['size'] {
  const bytes = [path, `${path}-wal`].reduce(
    (sum, part) => sum + (statSync(part, { throwIfNoEntry: false })?.size ?? 0),
    0,
  )
  const yes = bytes > limitBytes
  const because = `The file and its log have ${megabytes(bytes)}; the limit is ${megabytes(limitBytes)}.`
  return { question: `Is it over ${megabytes(limitBytes)}?`, yes, because, figures: { bytes, limitBytes } }
}

function judgeRoles(figures: Roles): Advice['roles'] {
  const { administrators, serviceAdministrators, actors, adminRows, billingRows, users } = figures
  const people = Math.max(administrators, serviceAdministrators, actors)
  const yes = people > 1 && adminRows > 0 && billingRows > 0
  const judged = yes
    ? 'several people administer, and one file cannot give each the rows of one domain only'
    : 'nobody, or one person, administers both money and vouchers: one set of rights is enough'
  const because =
    `${counted(administrators, 'administrator')} and ${counted(serviceAdministrators, 'service administrator')} among ` +
    `${counted(users, 'user')}; ${actors === 1 ? '1 person' : counted(actors, 'different name')} in the records of administration ` +
    `(${counted(adminRows, 'row')}, beside ${counted(billingRows, 'row')} about money): ${judged}. Who should see what is ` +
    'not in the file; this is judged by who has acted.'
  return { question: 'Is role-based access needed per domain?', yes, because, figures }
}

function judgeCompliance(columns: readonly PersonalColumn[]): Advice['compliance'] {
  const values = columns.reduce((sum, { estimated }) => sum + estimated, 0)
  const isWhole = columns.every(({ rows, sampled }) => rows === sampled)
  const how = isWhole ? 'every row was read' : 'estimated from evenly spread samples where a table is large'
  const where = columns.slice(0, 3).map(({ table, column }) => `${table}.${column}`)
  const because =
    values === 0
      ? 'No email address, phone, ID or card number or IP address lies in the text of other tables than those of people.'
      : `${counted(values, 'value')} in ${counted(columns.length, 'column')} outside the tables of people ${values === 1 ? 'holds' : 'hold'} personal information, most in ${where.join(', ')} (${how}; text only).`
  return { question: 'Does compliance need isolation?', yes: values > 0, because, figures: { values, columns } }
}

function judgeLog(log: SignInLog | undefined, limits: AdviseLimits): Advice['signInLog'] {
  const question = 'Does a large AuthLog slow the rest?'
  if (!log) return { question, yes: false, because: 'There is no AuthLog.', figures: null }
  const { rows, bytes, share, readMs, readOthersMs, insertMs, busiestHour, writerShare } = log
  const isLarge = bytes >= limits.logBytes && share >= limits.logShare
  const isBusy = writerShare >= limits.writerShare
  const because =
    `${counted(rows, 'row')}, ${megabytes(bytes)} with indexes, ${percent(share)} of the pages in use: ` +
    `${isLarge ? 'large' : 'not large'} (from ${megabytes(limits.logBytes)} and ${percent(limits.logShare)} on). Every backup and ` +
    `copy pays for that: reading them took ${readMs.toFixed(0)} ms, all else ${readOthersMs.toFixed(0)} ms. One row holds the only ` +
    `writer for ${insertMs.toFixed(2)} ms (measured in a scratch file on this machine), ${counted(busiestHour, 'row')} in the ` +
    `busiest hour: ${percent(writerShare)} of its time, ${isBusy ? 'much' : 'little'} (from ${percent(limits.writerShare)} on).`
  return { question, yes: isLarge || isBusy, because, figures: log }
}
