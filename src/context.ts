// Builds everything that lives as long as the process, once, and closes it in reverse order. Nothing else opens files
// or asks for the time, for randomness or for ids.
import { randomBytes, randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { Config } from './config.ts'
import { type Files, type OpenFile, type OpenFileOptions, openFile } from './database/clients.ts'
import type { Domain } from './database/domains.ts'
import { migrationState } from './database/migrations.ts'
import { probe } from './database/probe.ts'
import { FileError } from './errors.ts'
import { hashKeyOf } from './identity/hash-key.ts'
import { type Attempt, PiiAttempts } from './identity/pii-attempts.ts'
import { createJoin, type Join } from './join/join.ts'
import { createMailer, type Mailer, type MailLine } from './mail/mailer.ts'
import { type Policies, readPolicies } from './ops/backup/policy.ts'
import { type Checker, createChecker } from './ops/check/checker.ts'
import { type PayfastClient, payfastClient } from './payfast/client.ts'
import { createSagas, type Sagas, type SagasOptions } from './saga/sagas.ts'
import type { Reached } from './saga/sources.ts'

export interface Sources {
  readonly now: () => Date
  readonly randomBytes: (size: number) => Buffer
  readonly newId: () => string
  /** Called at named places of every change, where a test may end the process. */
  readonly reached: Reached
  /** Called for each mail that was sent, without its address. */
  readonly mailSent: (line: MailLine) => void
  /** Called for each try to deliver a message that failed. */
  readonly deliveryFailed: NonNullable<SagasOptions['onFailure']>
  /** Called after a purge in the background that removed something. */
  readonly purged: (purged: { readonly rows: number }) => void
  /** Called where a change was refused since it held personal information, and that could not be put on record. */
  readonly attemptLost: (attempt: Attempt) => void
}

export interface Context extends Sources, AsyncDisposable {
  readonly config: Config
  readonly files: Files
  readonly join: Join
  readonly sagas: Sagas
  readonly mailer: Mailer
  /** Undefined where payments are off. */
  readonly payfast: PayfastClient | undefined
  readonly checker: Checker
  /** What the guard before billing.db and admin.db met. */
  readonly piiAttempts: PiiAttempts
  /** Where backups go, and when; read once, at the first call. Throws UsageError where they do not fit. */
  readonly policies: () => Policies
}

const LEVELS: Readonly<Record<string, number>> = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, fatal: 60 }

function systemSources({ logLevel }: Config): Sources {
  const least = LEVELS[logLevel] ?? Number.POSITIVE_INFINITY
  /** A line as the server's own log writes it: fields are ids, words and numbers. */
  const log = (level: 'info' | 'warn' | 'error', fields: object, msg: string) => {
    const line = { level: LEVELS[level], time: Date.now(), pid: process.pid, hostname: hostname(), ...fields, msg }
    if ((line.level ?? 0) >= least) process.stderr.write(`${JSON.stringify(line)}\n`)
  }
  return {
    now: () => new Date(),
    randomBytes: (size) => randomBytes(size),
    newId: () => randomUUID(),
    reached: () => {},
    mailSent: ({ event, id, way }) => log('info', { event, id, way }, 'mail sent'),
    deliveryFailed: ({ type, target, attempts, dead }) =>
      log(dead ? 'error' : 'warn', { type, target, attempts }, dead ? 'message is dead' : 'message was not delivered'),
    attemptLost: ({ place, kind }) => log('error', { place, kind }, 'a refused write is not on record'),
    purged: ({ rows }) => log('info', { rows }, 'rows that were kept long enough were removed'),
  }
}

/** Throws FileError, with the next step in its hint, when a file is missing, of another domain or not migrated. */
export async function createContext(config: Config, overrides: Partial<Sources> = {}): Promise<Context> {
  await using opened = new AsyncDisposableStack()
  const sources = { ...systemSources(config), ...overrides }
  // Closed last: a mail server that hangs must not keep the files open.
  const mailer = opened.use(createMailer({ ...sources, ...config.mail, log: sources.mailSent }))
  const open = async <D extends Domain>(domain: D, options: Partial<OpenFileOptions> = {}) => {
    const file = opened.use(await openFile(domain, config.paths[domain], { ...config, ...options }))
    requireMigrated(file)
    return file
  }
  const identity = await open('identity')
  const piiAttempts = opened.use(new PiiAttempts({ ...sources, change: identity.change, onLost: sources.attemptLost }))
  const onRefused = (refused: Attempt) => piiAttempts.refused(refused)
  const files: Files = {
    identity,
    billing: await open('billing', { onRefused }),
    admin: await open('admin', { onRefused }),
  }
  probe(Object.values(files))
  const join = createJoin({
    identity: files.identity.reader,
    billing: files.billing.reader,
    admin: files.admin.reader,
  })
  const payfast =
    config.payfast && payfastClient({ ...config.payfast, baseUrl: config.payfast.apiUrl, now: sources.now })
  const sagas = opened.use(
    createSagas({
      ...sources,
      files,
      hashKey: await hashKeyOf(files.identity, sources),
      maxAttempts: config.outboxMaxAttempts,
      onFailure: sources.deliveryFailed,
      onDetached: (attempts) => piiAttempts.detached(attempts),
    }),
  )
  const policies = policiesOf(config)
  const checker = opened.use(
    createChecker({ paths: config.paths, policies, dataDir: config.dataDir, now: sources.now }),
  )
  const owned = opened.move()
  const parts = { config, files, join, sagas, mailer, payfast, checker, policies, piiAttempts }
  return { ...sources, ...parts, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

function policiesOf({ backupPolicy: file, dataDir }: Config): () => Policies {
  let policies: Policies | undefined
  return () => {
    policies ??= readPolicies({ file, dataDir })
    return policies
  }
}

/** Throws FileError with the next step. */
export function requireMigrated({ domain, path, reader }: Pick<OpenFile, 'domain' | 'path' | 'reader'>): void {
  const { pending } = migrationState(domain, reader)
  if (pending.length === 0) return
  const list = pending.join(', ')
  throw new FileError(`${domain}.db at ${path} lacks ${pending.length} of its migrations: ${list}`, {
    hint: `Run "npx gogga migrate --domain ${domain}".`,
  })
}
