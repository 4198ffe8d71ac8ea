// The policy of each file: shipped defaults, over which GOGGA_BACKUP_POLICY names a JSON file with what differs.
import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { z } from 'zod'
import { modelsOf } from '../../database/catalog.ts'
import type { Domain } from '../../database/domains.ts'
import { UsageError } from '../../errors.ts'
import { cron } from './patterns.ts'

/** The newest backups, and the newest of each hour, day, ISO week and month (UTC), so many of each kind. */
export interface Keep {
  /** The newest, whatever their time. */
  readonly last: number
  readonly hourly: number
  readonly daily: number
  readonly weekly: number
  readonly monthly: number
  /** The newest that belong to a set, so that a restore point stays whole. */
  readonly sets: number
}

export type Target =
  | { readonly kind: 'folder'; readonly path: string }
  | {
      readonly kind: 's3'
      readonly bucket: string
      /** Without a slash at its ends; may be empty. */
      readonly prefix: string
      readonly region: string
      readonly endpoint: string | undefined
      /** `endpoint/bucket/key` in place of `bucket.endpoint/key`; most servers other than Amazon's want it. */
      readonly forcePathStyle: boolean
      /** JSON with accessKeyId and secretAccessKey; undefined: the client's own chain (AWS_ACCESS_KEY_ID …). */
      readonly credentialsFile: string | undefined
    }

export interface BackupPolicy {
  readonly domain: Domain
  /** Cron pattern in UTC: five fields, or six with seconds before them. */
  readonly schedule: string
  readonly keep: Keep
  readonly target: Target
  readonly compression: 'zstd' | 'none'
  /** A file with 32 bytes: raw, hexadecimal or base64. Undefined: archives are not encrypted. */
  readonly keyFile: string | undefined
  /** For the plain copy while it is made or checked; undefined: in a folder target itself, else the system's. */
  readonly workFolder: string | undefined
  /** Called by GET after each backup that succeeded. */
  readonly heartbeatUrl: string | undefined
  /** A backup that is later than its schedule by more is an alarm. */
  readonly graceMinutes: number
  /** No verified backup or passed drill for so long is an alarm; 0: nobody is waited for. */
  readonly drillDays: number
  /** Whoever audits cannot read these backups, and somebody else looks into them: the audit says so and passes. */
  readonly outOfReach: boolean
}

export type Policies = Readonly<Record<Domain, BackupPolicy>>

const count = z.number().int().min(0).max(10_000)
const Url = z.url({ protocol: /^https?$/ })
const TargetShape = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('folder'), path: z.string().min(1) }),
  z.strictObject({
    kind: z.literal('s3'),
    bucket: z.string().min(1),
    prefix: z
      .string()
      .default('')
      .transform((text) => text.replace(/^\/+|\/+$/g, '')),
    region: z.string().min(1).default('us-east-1'),
    endpoint: Url.optional(),
    forcePathStyle: z.boolean().optional(),
    credentialsFile: z.string().min(1).optional(),
  }),
])
const PolicyShape = z.strictObject({
  schedule: z
    .string()
    .refine(isPattern, 'must be a cron pattern, such as "*/15 * * * *" (a sixth field before it: seconds)')
    .optional(),
  keep: z
    .strictObject({ last: count.min(1), hourly: count, daily: count, weekly: count, monthly: count, sets: count })
    .partial()
    .optional(),
  target: TargetShape.optional(),
  compression: z.enum(['zstd', 'none']).optional(),
  keyFile: z.string().min(1).optional(),
  workFolder: z.string().min(1).optional(),
  heartbeatUrl: Url.optional(),
  graceMinutes: z.number().min(0).max(100_000).optional(),
  drillDays: z.number().min(0).max(10_000).optional(),
  outOfReach: z.boolean().optional(),
})
const PoliciesShape = z.strictObject({
  identity: PolicyShape.optional(),
  billing: PolicyShape.optional(),
  admin: PolicyShape.optional(),
})

const KEEP: Keep = { last: 4, hourly: 24, daily: 14, weekly: 8, monthly: 12, sets: 7 }
/** Money every quarter of an hour; the others at night, not at the same minute. */
const SCHEDULES: Readonly<Record<Domain, string>> = {
  billing: '*/15 * * * *',
  identity: '10 1 * * *',
  admin: '20 1 * * *',
}

function isPattern(pattern: string): boolean {
  try {
    cron(pattern)
    return true
  } catch {
    return false
  }
}

/** `file`: the JSON file of GOGGA_BACKUP_POLICY; names in it are relative to its folder. Throws UsageError with places. */
export function readPolicies({
  file,
  dataDir,
}: {
  readonly file?: string | undefined
  readonly dataDir: string
}): Policies {
  const given = file === undefined ? {} : parse(file)
  const from = (path: string) => resolve(dirname(file ?? '.'), path)
  const policyOf = (domain: Domain) => withDefaults(domain, given[domain] ?? {}, dataDir, from)
  return { identity: policyOf('identity'), billing: policyOf('billing'), admin: policyOf('admin') }
}

function withDefaults(
  domain: Domain,
  given: z.output<typeof PolicyShape>,
  dataDir: string,
  from: (path: string) => string,
): BackupPolicy {
  const absolute = (path: string | undefined) => (path === undefined ? undefined : from(path))
  return {
    domain,
    schedule: given.schedule ?? SCHEDULES[domain],
    keep: { ...KEEP, ...withoutUndefined(given.keep ?? {}) },
    target: given.target ? targetOf(given.target, from) : { kind: 'folder', path: join(dataDir, 'backups', domain) },
    compression: given.compression ?? 'zstd',
    keyFile: absolute(given.keyFile),
    workFolder: absolute(given.workFolder),
    heartbeatUrl: given.heartbeatUrl,
    graceMinutes: given.graceMinutes ?? (domain === 'billing' ? 15 : 60),
    drillDays: given.drillDays ?? 35,
    outOfReach: given.outOfReach ?? false,
  }
}

function targetOf(given: z.output<typeof TargetShape>, from: (path: string) => string): Target {
  if (given.kind === 'folder') return { kind: 'folder', path: from(given.path) }
  const { endpoint, credentialsFile, forcePathStyle = endpoint !== undefined } = given
  return { ...given, endpoint, forcePathStyle, credentialsFile: credentialsFile && from(credentialsFile) }
}

const withoutUndefined = <T extends object>(value: T) =>
  Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as {
    [K in keyof T]: NonNullable<T[K]>
  }

function parse(file: string): z.output<typeof PoliciesShape> {
  let json: unknown
  try {
    json = JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw new UsageError(`The backup policy at ${file} cannot be read: ${(cause as Error).message}`, {
      cause,
      hint: 'GOGGA_BACKUP_POLICY names a JSON file; unset it for the shipped policy.',
    })
  }
  const parsed = PoliciesShape.safeParse(json)
  if (parsed.success) return parsed.data
  const errors = parsed.error.issues.map(({ path, message }) => ({ at: path.join('.') || 'the whole', message }))
  throw new UsageError(`The backup policy at ${file} does not fit`, {
    errors,
    hint: 'docs/decisions/0007-backups.md shows a whole one. Leave a name out for its default.',
  })
}

const DAY_MS = 86_400_000
const UNITS: Readonly<Record<string, number>> = { d: 1, w: 7, m: 30, y: 365 }

/** Rows that may live for less are worthless by then, and a restore purges them: they don't bound their file's backups. */
const LEAST_BOUND_DAYS = 30

/**
 * How old a backup may become, in milliseconds: the shortest `@retain` of 30 days or more among the file's tables. A row
 * is thus gone from everywhere after at most twice its period. Infinity where no table has one.
 */
export function longestAge(domain: Domain): number {
  const days = modelsOf(domain).flatMap(({ retain }) => (retain ? [daysOf(retain.period)] : []))
  return Math.min(...days.filter((period) => period >= LEAST_BOUND_DAYS)) * DAY_MS
}

function daysOf(period: string): number {
  const [, number = '', unit = ''] = /^(\d+)([dwmy])$/.exec(period) ?? []
  return Number(number) * (UNITS[unit] ?? Number.NaN)
}

/** `/srv/backups/billing` or `s3://bucket/prefix`, for people. */
export const targetName = (target: Target): string =>
  target.kind === 'folder' ? target.path : `s3://${[target.bucket, target.prefix].filter(Boolean).join('/')}`
