// Environment → Config. The one file that reads process.env; everything else is handed a Config.
import { readFileSync } from 'node:fs'
import { isAbsolute, join, resolve } from 'node:path'
import { z } from 'zod'
import { type ErrorDetail, UsageError } from './errors.ts'
import type { Domain } from './generated/catalog.ts'

const seconds = (milliseconds: number) => z.coerce.number().int().min(0).max(600_000).default(milliseconds)

const list = z
  .string()
  .default('')
  .transform((text) =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter(Boolean),
  )
const perMinute = (count: number) => z.coerce.number().int().min(0).max(1_000_000).default(count)

const Environment = z.object({
  GOGGA_DATA_DIR: z.string().min(1).default('data'),
  IDENTITY_DB_URL: z.string().optional(),
  BILLING_DB_URL: z.string().optional(),
  ADMIN_DB_URL: z.string().optional(),
  HOST: z.string().min(1).default('127.0.0.1'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(3000),
  GOGGA_METRICS_PORT: z.coerce.number().int().min(1).max(65_535).optional(),
  GOGGA_BUSY_TIMEOUT_MS: seconds(5_000),
  GOGGA_CACHE_MB: z.coerce.number().int().min(1).max(4_096).default(32),
  GOGGA_LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  GOGGA_CORS_ORIGINS: list,
  GOGGA_RATE_LIMIT_PER_MINUTE: perMinute(0),
  GOGGA_SIGN_INS_PER_MINUTE: perMinute(10),
  GOGGA_REDEMPTIONS_PER_MINUTE: perMinute(10),
  GOGGA_TRUSTED_PROXIES: list,
  GOGGA_BACKUP_POLICY: z.string().min(1).optional(),
  GOGGA_LOG_FILES: list,
  GOGGA_SIGNING_KEY_FILE: z.string().min(1).optional(),
  GOGGA_BACKGROUND: z.enum(['on', 'off']).default('on'),
  GOGGA_OUTBOX_MAX_ATTEMPTS: z.coerce.number().int().min(1).max(1_000).default(20),
  GOGGA_PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
  GOGGA_SIGN_IN_PAGE: z
    .url({ protocol: /^https?$/ })
    .refine((text) => text.includes('{token}'), 'must hold {token}, where the token goes')
    .optional(),
  GOGGA_MAIL_FROM: z.string().min(3).default('GOGGA <no-reply@gogga.example>'),
  SMTP_URL: z.url({ protocol: /^smtps?$/ }).optional(),
  SMTP_URL_FILE: z.string().optional(),
  PAYFAST_MERCHANT_ID: z
    .string()
    .regex(/^\d{1,20}$/, 'must be digits')
    .optional(),
  PAYFAST_MERCHANT_KEY: z.string().min(1).optional(),
  PAYFAST_MERCHANT_KEY_FILE: z.string().optional(),
  PAYFAST_PASSPHRASE: z.string().min(1).optional(),
  PAYFAST_PASSPHRASE_FILE: z.string().optional(),
  PAYFAST_PAGE_URL: z.url({ protocol: /^https?$/ }).default('https://www.payfast.co.za/eng/process'),
  PAYFAST_API_URL: z.url({ protocol: /^https?$/ }).default('https://api.payfast.co.za'),
  PAYFAST_TESTING: z.enum(['0', '1']).default('0'),
  PAYFAST_TIMEOUT_MS: z.coerce.number().int().min(100).max(120_000).default(20_000),
  PAYFAST_SOURCES: list,
})

export interface Config {
  /** Folder of the three files, absolute; each file lies in a folder of its own. */
  readonly dataDir: string
  /** Absolute path of each domain's file. */
  readonly paths: Readonly<Record<Domain, string>>
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  /** Where metrics are served without a key; undefined: only beside everything else, with one. */
  readonly metricsPort: number | undefined
  /** How long a write waits for another process's lock, in milliseconds. */
  readonly busyTimeoutMs: number
  /** Page cache per connection, in MiB. */
  readonly cacheMb: number
  readonly logLevel: string
  readonly corsOrigins: readonly string[]
  /** Requests per key and minute; 0: no limit. */
  readonly rateLimitPerMinute: number
  /** Requests for login tokens and sessions per address and minute; 0: no limit. */
  readonly signInsPerMinute: number
  /** Per person and minute; 0: no limit. */
  readonly redemptionsPerMinute: number
  /** Addresses and ranges whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[]
  /** Absolute path of a JSON file; undefined: the shipped policy. */
  readonly backupPolicy: string | undefined
  /** Where the log that goes to stderr is kept, for the audit. */
  readonly logFiles: readonly string[]
  /** Absolute path of an Ed25519 private key; undefined: nothing is signed. */
  readonly signingKeyFile: string | undefined
  /** Whether this process also delivers, charges and resets without a request. */
  readonly background: boolean
  /** Then an undelivered message is dead. */
  readonly outboxMaxAttempts: number
  /** Where callers outside reach this server, without a slash at its end. */
  readonly publicUrl: string | undefined
  readonly mail: MailConfig
  /** Undefined: payments are off. */
  readonly payfast: PayfastConfig | undefined
}

export interface MailConfig {
  /** Undefined: mails become files in `folder`. Holds a password. */
  readonly smtpUrl: string | undefined
  readonly from: string
  readonly folder: string
  /** The page that signs in, with `{token}` where the token goes. */
  readonly signInPage: string | undefined
}

export interface PayfastConfig {
  readonly merchant: { readonly id: string; readonly key: string; readonly passphrase?: string }
  /** Where browsers post the checkout's form. */
  readonly pageUrl: string
  readonly apiUrl: string
  readonly testing: boolean
  readonly timeoutMs: number
  /** Addresses and ranges that notifications may come from; empty: PayFast's own. */
  readonly sources: readonly string[]
}

/** PayFast's public sandbox, for trying out on one machine: its passphrase is known to everybody. */
export const TRY_OUT: Readonly<Record<string, string>> = {
  PAYFAST_MERCHANT_ID: '10000100',
  PAYFAST_MERCHANT_KEY: '46f0cd694581a',
  PAYFAST_PASSPHRASE: 'jt7NOE43FZPn',
  PAYFAST_PAGE_URL: 'https://sandbox.payfast.co.za/eng/process',
  PAYFAST_TESTING: '1',
  PAYFAST_SOURCES: '127.0.0.0/8,::1',
}

/** Every environment name that the project reads, for the README's completeness test. */
export const ENVIRONMENT_NAMES = Object.keys(Environment.shape)

type Variables = Readonly<Record<string, string | undefined>>

/** Those that may also be named as `<NAME>_FILE`, a file whose text they are: an environment is seen by too many. */
const IN_FILES = ['SMTP_URL', 'PAYFAST_MERCHANT_KEY', 'PAYFAST_PASSPHRASE']
/** Of no use one without the others. */
const MERCHANT = ['PAYFAST_MERCHANT_ID', 'PAYFAST_MERCHANT_KEY', 'PAYFAST_PASSPHRASE']

/** A configuration as if the variables that do not fit were not set, and what is wrong with each of these. */
export function examineEnvironment(
  env: Variables = process.env,
  cwd = process.cwd(),
  presets: Readonly<Record<string, string>> = {},
): { readonly config: Config; readonly problems: readonly ErrorDetail[] } {
  const problems: ErrorDetail[] = []
  for (let left = withoutEmpty(env); ; ) {
    try {
      return { config: readConfig(left, cwd, presets), problems }
    } catch (error) {
      if (!(error instanceof UsageError) || error.errors.length === 0) throw error
      // What does not fit by itself is then missing among its companions: once is enough.
      problems.push(...error.errors.filter(({ at }) => problems.every((known) => known.at !== at)))
      const bad = error.errors.flatMap(({ at }) => (MERCHANT.includes(at) ? MERCHANT : [at]))
      const names = new Set(bad.flatMap((name) => [name, `${name}_FILE`]))
      const kept = Object.entries(left).filter(([name]) => !names.has(name))
      if (kept.length === Object.keys(left).length) throw error
      left = Object.fromEntries(kept)
    }
  }
}

/** Throws a UsageError that names every variable that does not fit. */
export function readConfig(
  env: Variables = process.env,
  cwd = process.cwd(),
  /** Values for what the environment does not set. */
  presets: Readonly<Record<string, string>> = {},
): Config {
  const parsed = Environment.safeParse({ ...presets, ...withSecrets(withoutEmpty(env), cwd) })
  if (!parsed.success) {
    const errors = parsed.error.issues.map(({ path, message }) => ({ at: path.join('.'), message }))
    throw misfit(errors)
  }
  const values = parsed.data
  const dataDir = resolve(cwd, values.GOGGA_DATA_DIR)
  const at = (domain: Domain, url: string | undefined) =>
    url ? pathOfUrl(`${domain.toUpperCase()}_DB_URL`, url, cwd) : pathInFolder(dataDir, domain)
  return {
    dataDir,
    paths: {
      identity: at('identity', values.IDENTITY_DB_URL),
      billing: at('billing', values.BILLING_DB_URL),
      admin: at('admin', values.ADMIN_DB_URL),
    },
    host: values.HOST,
    port: values.PORT,
    metricsPort: values.GOGGA_METRICS_PORT,
    busyTimeoutMs: values.GOGGA_BUSY_TIMEOUT_MS,
    cacheMb: values.GOGGA_CACHE_MB,
    logLevel: values.GOGGA_LOG_LEVEL,
    corsOrigins: values.GOGGA_CORS_ORIGINS,
    rateLimitPerMinute: values.GOGGA_RATE_LIMIT_PER_MINUTE,
    signInsPerMinute: values.GOGGA_SIGN_INS_PER_MINUTE,
    redemptionsPerMinute: values.GOGGA_REDEMPTIONS_PER_MINUTE,
    trustedProxies: values.GOGGA_TRUSTED_PROXIES,
    backupPolicy: values.GOGGA_BACKUP_POLICY && resolve(cwd, values.GOGGA_BACKUP_POLICY),
    logFiles: values.GOGGA_LOG_FILES.map((file) => resolve(cwd, file)),
    signingKeyFile: values.GOGGA_SIGNING_KEY_FILE && resolve(cwd, values.GOGGA_SIGNING_KEY_FILE),
    background: values.GOGGA_BACKGROUND === 'on',
    outboxMaxAttempts: values.GOGGA_OUTBOX_MAX_ATTEMPTS,
    publicUrl: values.GOGGA_PUBLIC_URL?.replace(/\/+$/, ''),
    mail: {
      smtpUrl: values.SMTP_URL,
      from: values.GOGGA_MAIL_FROM,
      folder: join(dataDir, 'mail'),
      signInPage: values.GOGGA_SIGN_IN_PAGE,
    },
    payfast: payfastOf(values),
  }
}

/** A variable that is set to nothing counts as not set. */
const withoutEmpty = (env: Variables): Variables =>
  Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''))

function withSecrets(env: Variables, cwd: string): Variables {
  const errors: ErrorDetail[] = []
  const found = IN_FILES.flatMap((name): [string, string][] => {
    const path = env[`${name}_FILE`]
    if (path === undefined) return []
    try {
      if (env[name] !== undefined) throw new Error(`stands beside ${name}: set one of the two`)
      return [[name, readFileSync(resolve(cwd, path), 'utf8').trim()]]
    } catch (error) {
      errors.push({ at: `${name}_FILE`, message: (error as Error).message })
      return []
    }
  })
  if (errors.length > 0) throw misfit(errors)
  return { ...env, ...withoutEmpty(Object.fromEntries(found)) }
}

function misfit(errors: readonly ErrorDetail[]): UsageError {
  const text = errors.map(({ at, message }) => `${at}: ${message}`).join('; ')
  return new UsageError(`The environment does not fit: ${text}`, {
    errors,
    hint: 'Correct these variables or unset them.',
  })
}

function payfastOf(values: z.output<typeof Environment>): PayfastConfig | undefined {
  const { PAYFAST_MERCHANT_ID: id, PAYFAST_MERCHANT_KEY: key, PAYFAST_PASSPHRASE: passphrase } = values
  if (id === undefined && key === undefined && passphrase === undefined) return undefined
  if (id === undefined || key === undefined || passphrase === undefined) {
    const message = `is missing: PayFast needs ${MERCHANT.join(', ')} together`
    const errors = MERCHANT.filter((_, index) => [id, key, passphrase][index] === undefined).map((at) => ({
      at,
      message,
    }))
    throw new UsageError('PayFast needs PAYFAST_MERCHANT_ID, PAYFAST_MERCHANT_KEY and PAYFAST_PASSPHRASE together', {
      errors,
      hint: 'Without the passphrase anybody could sign a notification. Set all three, or none to keep payments off.',
    })
  }
  return {
    merchant: { id, key, passphrase },
    pageUrl: values.PAYFAST_PAGE_URL,
    apiUrl: values.PAYFAST_API_URL,
    testing: values.PAYFAST_TESTING === '1',
    timeoutMs: values.PAYFAST_TIMEOUT_MS,
    sources: values.PAYFAST_SOURCES,
  }
}

/** `data/billing/billing.db`: a folder per file, so that rights and mounts go by folder. */
export const pathInFolder = (dataDir: string, name: string): string => join(dataDir, name, `${name}.db`)

function pathOfUrl(name: string, url: string, cwd: string): string {
  if (!url.startsWith('file:')) {
    const message = `must begin with "file:", got "${url.split(':')[0]}:…"`
    throw new UsageError(`A database URL ${message}`, { errors: [{ at: name, message }] })
  }
  const path = url.slice('file:'.length).split('?')[0] ?? ''
  return isAbsolute(path) ? path : resolve(cwd, path)
}
