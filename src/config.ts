// Environment → Config. The one file that reads process.env; everything else is handed a Config.
import { isAbsolute, join, resolve } from 'node:path'
import { z } from 'zod'
import { UsageError } from './errors.ts'
import type { Domain } from './generated/catalog.ts'

const seconds = (milliseconds: number) => z.coerce.number().int().min(0).max(600_000).default(milliseconds)

const Environment = z.object({
  GOGGA_DATA_DIR: z.string().min(1).default('data'),
  IDENTITY_DB_URL: z.string().optional(),
  BILLING_DB_URL: z.string().optional(),
  ADMIN_DB_URL: z.string().optional(),
  HOST: z.string().min(1).default('127.0.0.1'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(3000),
  GOGGA_BUSY_TIMEOUT_MS: seconds(5_000),
  GOGGA_CACHE_MB: z.coerce.number().int().min(1).max(4_096).default(32),
  GOGGA_LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  GOGGA_CORS_ORIGINS: z.string().default(''),
  GOGGA_RATE_LIMIT_PER_MINUTE: z.coerce.number().int().min(0).default(0),
})

export interface Config {
  /** Folder of the three files, absolute; each file lies in a folder of its own. */
  readonly dataDir: string
  /** Absolute path of each domain's file. */
  readonly paths: Readonly<Record<Domain, string>>
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  /** How long a write waits for another process's lock, in milliseconds. */
  readonly busyTimeoutMs: number
  /** Page cache per connection, in MiB. */
  readonly cacheMb: number
  readonly logLevel: string
  readonly corsOrigins: readonly string[]
  /** Requests per key and minute; 0: no limit. */
  readonly rateLimitPerMinute: number
}

/** Every environment name that the project reads, for the README's completeness test. */
export const ENVIRONMENT_NAMES = Object.keys(Environment.shape)

/** Throws a UsageError that names every variable that does not fit. */
export function readConfig(
  env: Readonly<Record<string, string | undefined>> = process.env,
  cwd = process.cwd(),
): Config {
  const parsed = Environment.safeParse(env)
  if (!parsed.success) {
    const errors = parsed.error.issues.map(({ path, message }) => ({ at: path.join('.'), message }))
    const text = errors.map(({ at, message }) => `${at}: ${message}`).join('; ')
    throw new UsageError(`The environment does not fit: ${text}`, {
      errors,
      hint: 'Correct these variables or unset them.',
    })
  }
  const values = parsed.data
  const dataDir = resolve(cwd, values.GOGGA_DATA_DIR)
  const at = (domain: Domain, url: string | undefined) => (url ? pathOfUrl(url, cwd) : pathInFolder(dataDir, domain))
  return {
    dataDir,
    paths: {
      identity: at('identity', values.IDENTITY_DB_URL),
      billing: at('billing', values.BILLING_DB_URL),
      admin: at('admin', values.ADMIN_DB_URL),
    },
    host: values.HOST,
    port: values.PORT,
    busyTimeoutMs: values.GOGGA_BUSY_TIMEOUT_MS,
    cacheMb: values.GOGGA_CACHE_MB,
    logLevel: values.GOGGA_LOG_LEVEL,
    corsOrigins: values.GOGGA_CORS_ORIGINS.split(',')
      .map((origin) => origin.trim())
      .filter(Boolean),
    rateLimitPerMinute: values.GOGGA_RATE_LIMIT_PER_MINUTE,
  }
}

/** `data/billing/billing.db`: a folder per file, so that rights and mounts go by folder. */
export const pathInFolder = (dataDir: string, name: string): string => join(dataDir, name, `${name}.db`)

function pathOfUrl(url: string, cwd: string): string {
  if (!url.startsWith('file:'))
    throw new UsageError(`A database URL must begin with "file:", got "${url.split(':')[0]}:…"`)
  const path = url.slice('file:'.length).split('?')[0] ?? ''
  return isAbsolute(path) ? path : resolve(cwd, path)
}
