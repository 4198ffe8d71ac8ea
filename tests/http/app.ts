// The app over three fresh files with a few people whose figures the tests know, and a key of any scopes or a session on
// demand.
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import { afterAll, beforeAll, expect } from 'vitest'
import { type Config, readConfig } from '../../src/config.ts'
import { type Context, createContext, type Sources } from '../../src/context.ts'
import { openWriter } from '../../src/database/connections.ts'
import type { Domain } from '../../src/database/domains.ts'
import { type AppOptions, createApp } from '../../src/http/app.ts'
import { createKey, type Scope } from '../../src/identity/api-keys.ts'
import { createSession } from '../../src/identity/sessions.ts'
import { type Databases, withDatabases } from '../helpers/databases.ts'
import { parseMail } from '../helpers/parse-mail.ts'
import { endless } from './endless.ts'

export const NOW = new Date('2026-06-01T12:00:00.000Z')

export interface TestApp {
  readonly app: FastifyInstance
  readonly context: Context
  readonly databases: Databases
  /** Lines that were logged. */
  readonly log: string[]
  /** What the app takes for the time; a test may set it. */
  readonly clock: { now: Date }
  key(...scopes: readonly Scope[]): Promise<string>
  /** GET with a key of these scopes, or without a key for an empty list. */
  get(url: string, scopes?: readonly Scope[]): Promise<LightMyRequestResponse>
  /** POST of JSON with a session or a key of these scopes (default: neither); no body at all where it is undefined. */
  post(url: string, body?: unknown, by?: By): Promise<LightMyRequestResponse>
  /** Any method; with a session or a key of these scopes. */
  send(method: 'GET' | 'POST' | 'DELETE' | 'HEAD', url: string, by?: By): Promise<LightMyRequestResponse>
  /** A new session of this user. */
  session(userId?: string): Promise<string>
  /** The whole way, by a mail in the folder: a session of whoever has this email. */
  signIn(email: string): Promise<{ readonly token: string; readonly userId: string; readonly isNew: boolean }>
  /** The login token of the newest mail in the folder. */
  mailedToken(): Promise<string>
}

export interface By {
  readonly scopes?: readonly Scope[]
  /** The session's token. */
  readonly session?: string
  readonly headers?: Readonly<Record<string, string>>
}

export const configOf = ({ dir }: Databases, env: Readonly<Record<string, string>> = {}): Config =>
  readConfig({ GOGGA_DATA_DIR: dir, PORT: '0', GOGGA_BUSY_TIMEOUT_MS: '100', ...env }, dir)

interface TestOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly overrides?: Partial<Sources>
  /** What a server brings along beside the context; an auditor and a verifier without end unless told. */
  readonly served?: (context: Context) => AppOptions
  /** Puts into the folder of the files what the environment names. */
  readonly prepare?: (dir: string) => void
}

export const withApp = <T>(work: (test: TestApp) => Promise<T>, options: TestOptions = {}): Promise<T> =>
  withDatabases(async (databases) => {
    const clock = { now: NOW }
    options.prepare?.(databases.dir)
    const overrides = { now: () => clock.now, mailSent: () => {}, ...options.overrides }
    await using context = await createContext(configOf(databases, options.env), overrides)
    await insertPeople(context)
    const log: string[] = []
    const appOptions: AppOptions = {
      ...(options.served ?? endless)(context),
      log: { write: (line) => void log.push(line) },
    }
    const app = await createApp(context, appOptions)
    const keys = new Map<string, Promise<string>>()
    const key = (...scopes: readonly Scope[]) => {
      const name = scopes.join(' ')
      const made = keys.get(name) ?? newKey(context, scopes)
      keys.set(name, made)
      return made
    }
    const get = async (url: string, scopes: readonly Scope[] = ['admin']) => {
      const headers = scopes.length > 0 ? { authorization: `Bearer ${await key(...scopes)}` } : {}
      return app.inject({ url, headers })
    }
    const send: TestApp['send'] = async (method, url, by = {}) =>
      app.inject({ method, url, headers: await headersOf(by, key) })
    const post: TestApp['post'] = async (url, body, by = {}) => {
      const headers = await headersOf(by, key)
      return app.inject({ method: 'POST', url, headers, ...(body !== undefined && { payload: body as object }) })
    }
    const session = async (userId = 'u1') => {
      const made = await context.files.identity.change((tx) => createSession(tx, { userId }, context))
      return made.token
    }
    const mailedToken = () => newestToken(context.config.mail.folder)
    const signIn = async (email: string) => {
      const asked = await post('/v1/auth/login-tokens', { email })
      expect(asked.statusCode, asked.body).toBe(200)
      const answer = await post('/v1/auth/sessions', { token: await mailedToken() })
      expect(answer.statusCode, answer.body).toBe(201)
      return answer.json().data
    }
    const asking = { key, get, post, send, session, signIn, mailedToken }
    try {
      return await work({ app, context, databases, log, clock, ...asking })
    } finally {
      await app.close()
    }
  })

async function headersOf({ scopes = [], session, headers }: By, key: TestApp['key']): Promise<Record<string, string>> {
  const presented = session ?? (scopes.length > 0 ? await key(...scopes) : undefined)
  return { ...(presented !== undefined && { authorization: `Bearer ${presented}` }), ...headers }
}

/** The clock of a test may stand still, so the files' own times say which is the newest. */
async function newestToken(folder: string): Promise<string> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.eml'))
  const mails = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name)
      return { raw: await readFile(path, 'utf8'), at: (await stat(path, { bigint: true })).mtimeNs }
    }),
  )
  mails.sort((one, other) => (one.at < other.at ? -1 : 1))
  return tokenIn(mails.at(-1)?.raw ?? '')
}

/** The login token in a mail as it went over the wire. */
export function tokenIn(raw: string): string {
  const [token] = /gogga_login_[\w-]+/.exec(parseMail(raw).text ?? '') ?? []
  if (token === undefined) throw new Error('This mail holds no login token')
  return token
}

/** Keeps everybody else from writing this file until it is disposed of, as another process would. */
export function lock({ paths }: Databases, domain: Domain): Disposable {
  const other = openWriter(domain, paths[domain])
  other.exec('begin immediate')
  return {
    [Symbol.dispose]() {
      other.exec('rollback')
      other.close()
    },
  }
}

/** One app for all tests of a file, where none changes what another reads. */
export function sharedApp(): () => TestApp {
  const done = Promise.withResolvers<void>()
  const started = Promise.withResolvers<TestApp>()
  let shared: TestApp
  let ended: Promise<void> = Promise.resolve()
  beforeAll(async () => {
    ended = withApp((test) => {
      started.resolve(test)
      return done.promise
    })
    ended.catch(started.reject)
    shared = await started.promise
  })
  afterAll(async () => {
    done.resolve()
    await ended
  })
  return () => shared
}

export async function newKey(context: Context, scopes: readonly Scope[]): Promise<string> {
  const purposes = scopes.includes('pii:read') ? (['fraud-prevention'] as const) : [] // It covers all that a list shows.
  const { key } = await createKey(context.files.identity.client, { name: 'test', scopes, purposes }, context)
  return key
}

export const PEOPLE = [
  { id: 'u1', email: 'thabo@example.co.za', tier: 'JIGGA' },
  { id: 'u2', email: 'anna@example.co.za', tier: 'JIVE' },
  { id: 'u3', email: 'zinzi@example.co.za', tier: 'JIGGA' },
  { id: 'u4', email: 'busi@example.co.za', tier: 'FREE' },
  { id: 'u5', email: 'lerato@example.co.za', tier: 'JIGGA' },
] as const

const at = (day: number) => new Date(Date.UTC(2026, 0, day))

async function insertPeople({ files }: Context): Promise<void> {
  const { identity, billing, admin } = {
    identity: files.identity.client,
    billing: files.billing.client,
    admin: files.admin.client,
  }
  await identity.user.createMany({
    data: PEOPLE.map(({ id, email }, index) => ({ id, email, createdAt: at(index + 1), updatedAt: at(index + 1) })),
  })
  const email = 'partner@example.org'
  await identity.contact.create({ data: { id: 'k1', email, emailKey: email, createdAt: at(1) } })
  await identity.authLog.create({
    data: { id: 'a1', email: 'thabo@example.co.za', action: 'sign_in', ip: '196.25.1.7', createdAt: at(2) },
  })
  await billing.subscription.createMany({
    data: PEOPLE.map(({ id, tier }, index) => ({
      id: `s-${id}`,
      userId: id,
      tier,
      status: 'active',
      payfastToken: `secret-token-${id}`,
      credits: 100 * index,
      createdAt: at(index + 1),
      updatedAt: at(index + 1),
    })),
  })
  await billing.processedPayment.createMany({
    data: ['u1', 'u1', 'u3', 'gone'].map((userId, index) => ({
      id: `p${index + 1}`,
      pfPaymentId: `pf-${index + 1}`,
      type: 'subscription',
      amountCents: 29_900,
      userId,
      processedAt: at(index + 1),
    })),
  })
  await billing.subscriptionEvent.create({
    data: { id: 'e1', subscriptionId: 's-u1', userId: 'u1', event: 'upgraded', actor: 'system', createdAt: at(3) },
  })
  await billing.creditPurchase.create({
    data: { id: 'c1', userId: 'u1', packSize: '200', credits: 50_000, status: 'complete', createdAt: at(3) },
  })
  await billing.recurringSchedule.create({
    data: {
      id: 'r1',
      userId: 'u1',
      tier: 'JIGGA',
      amountCents: 29_900,
      token: 'secret-token',
      nextChargeAt: at(30),
      updatedAt: at(3),
      createdAt: at(3),
    },
  })
  await admin.voucher.create({
    data: {
      id: 'v1',
      code: 'GOGGA-1',
      type: 'R200',
      createdBy: 'u2',
      userId: 'u1',
      expiresAt: at(300),
      createdAt: at(4),
    },
  })
  await admin.voucherLog.create({
    data: { id: 'l1', voucherId: 'v1', action: 'created', actor: 'u2', createdAt: at(4) },
  })
  await admin.adminLog.create({
    data: { id: 'g1', adminId: 'u2', action: 'credit', targetUser: 'u1', createdAt: at(5) },
  })
  await identity.adminLogOrigin.create({ data: { adminLogId: 'g1', ip: '196.25.1.9' } })
}
