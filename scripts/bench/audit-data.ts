// Data that an audit has something to look at in: the benchmarks' people in three files of their own, with sign-ins, with logs
// whose chains were begun and signed, and with one person who has far more rows than anybody else.
import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { pathInFolder } from '../../src/config.ts'
import { beginChain } from '../../src/database/chain-begin.ts'
import { type Connection, openWriter } from '../../src/database/connections.ts'
import { DOMAINS, type Domain } from '../../src/database/domains.ts'
import { migrate } from '../../src/database/migrations.ts'
import { gatherStatistics } from '../../src/database/statistics.ts'
import { type Makers, makersOf, seededRandom } from '../../src/ops/makers.ts'
import { benchData } from './data.ts'
import { gogga } from './load.ts'
import { copyFiles } from './scratch.ts'

export interface AuditData extends Disposable {
  readonly dir: string
  readonly paths: Readonly<Record<Domain, string>>
  /** For commands and servers over these files; nothing is done in the background. */
  readonly env: NodeJS.ProcessEnv
  /** Of people, evenly spread. */
  readonly starts: readonly string[]
  /** With `ROWS_OF_ONE` sign-ins, from `ADDRESSES_OF_ONE` addresses, and as many events. */
  readonly busiest: string
}

const NOW = Date.UTC(2026, 10, 22)
const ROWS_OF_ONE = 10_000
const ADDRESSES_OF_ONE = 50
const PORTION = 5_000

export function auditData(people: number, say: (text: string) => void): AuditData {
  const data = benchData(people, say)
  say('copying it, and adding sign-ins and logs with their chains …')
  const dir = mkdtempSync(join(data.dir, '../auditing-'))
  const remove = () => rmSync(dir, { recursive: true, force: true })
  try {
    copyFiles((domain) => data.paths[domain], dir)
    const path = (domain: Domain) => pathInFolder(dir, domain)
    const paths = { identity: path('identity'), billing: path('billing'), admin: path('admin') }
    const busiest = fill(paths, people)
    const env = environment(dir)
    gogga(env, 'audit', 'heads', '--sign')
    execFileSync('sync', ['-f', dir])
    return { dir, paths, env, starts: data.starts, busiest, [Symbol.dispose]: remove }
  } catch (error) {
    remove()
    throw error
  }
}

function environment(dir: string): NodeJS.ProcessEnv {
  const key = join(dir, 'signing.pem')
  writeFileSync(key, generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }), {
    mode: 0o600,
  })
  const settings = { GOGGA_DATA_DIR: dir, PORT: '0', GOGGA_LOG_LEVEL: 'warn', GOGGA_BACKGROUND: 'off' }
  return { ...process.env, ...settings, GOGGA_SIGNING_KEY_FILE: key, GOGGA_LOG_FILES: join(dir, 'gogga.log') }
}

interface Person {
  readonly id: string
  readonly email: string
  readonly subscriptionId: string
}

type Writers = Readonly<Record<Domain, Connection>>

/** Of every five people one has a sign-in, a reading and an event; of every ten one an administrator's change. */
function fill(paths: AuditData['paths'], people: number): string {
  for (const domain of DOMAINS) migrate(domain, paths[domain])
  const open = (domain: Domain) => openWriter(domain, paths[domain])
  const writers: Writers = { identity: open('identity'), billing: open('billing'), admin: open('admin') }
  try {
    const makers = makersOf({ now: NOW, random: seededRandom(3) })
    for (const domain of DOMAINS) writers[domain].exec('begin immediate')
    const insert = inserts(writers, makers)
    const [busiest, ...others] = peopleIn(writers, Math.floor(people / 5))
    if (!busiest) throw new Error('There are too few people for an audit to be measured')
    for (const [index, person] of others.entries()) {
      insert.signIn(person)
      insert.reading(person)
      insert.event(person)
      if (index % 2 === 0) insert.change(person)
    }
    const addresses = Array.from({ length: ADDRESSES_OF_ONE }, insert.address)
    for (let row = 0; row < Math.min(ROWS_OF_ONE, people); row++) {
      insert.signIn(busiest, addresses[row % ADDRESSES_OF_ONE])
      insert.event(busiest)
    }
    for (const domain of DOMAINS) finish(domain, writers[domain])
    return busiest.id
  } finally {
    for (const domain of DOMAINS) writers[domain].close()
  }
}

function finish(domain: Domain, writer: Connection): void {
  writer.exec('commit')
  beginChain(domain, writer)
  gatherStatistics(writer)
  writer.pragma('wal_checkpoint(TRUNCATE)')
}

/** Not the first, who is an administrator. */
function peopleIn({ identity, billing }: Writers, count: number): readonly Person[] {
  const some = identity.prepare(`select id, email from "User" order by rowid limit ${count} offset 1`)
  const subscription = billing.prepare('select id from "Subscription" where userId = ?').pluck()
  return (some.all() as { id: string; email: string }[]).map(({ id, email }) => {
    return { id, email, subscriptionId: String(subscription.get(id)) }
  })
}

const AGENT = '{"userAgent":"Mozilla/5.0 (Linux; Android 14) Chrome/120.0 Mobile"}'

function inserts({ identity, billing, admin }: Writers, { id, below, past, pick, time }: Makers) {
  const signIn = identity.prepare(
    `insert into "AuthLog" (id, email, action, ip, meta, createdAt) values (?, ?, 'login_success', ?, ?, ?)`,
  )
  const reading = identity.prepare(
    `insert into "AccessLog" (id, apiKeyId, route, fields, subjects, requestId, purpose, createdAt)
     values (?, ?, 'GET /v1/users/:id', 'users.email', ?, ?, 'support', ?)`,
  )
  const event = billing.prepare(
    `insert into "SubscriptionEvent" (id, subscriptionId, userId, event, fromTier, toTier, fromStatus, toStatus, actor, meta, createdAt)
     values (?, ?, ?, ?, 'JIVE', 'JIVE', 'active', 'active', 'system', '{"source":"benchmark"}', ?)`,
  )
  const change = admin.prepare(
    `insert into "AdminLog" (id, adminId, action, targetUser, meta, createdAt)
     values (?, ?, 'adjust_credits', ?, '{"reason":"goodwill"}', ?)`,
  )
  const origin = identity.prepare('insert into "AdminLogOrigin" (adminLogId, ip) values (?, ?)')
  const at = () => time(past(300))
  const address = () => Array.from({ length: 4 }, () => below(256)).join('.')
  const [adminId, apiKeyId] = [id(), id()]
  return {
    address,
    signIn: (person: Person, from = address()) => signIn.run(id(), person.email, from, AGENT, at()),
    reading: (person: Person) => reading.run(id(), apiKeyId, JSON.stringify([person.id]), id(), at()),
    event: (person: Person) =>
      event.run(id(), person.subscriptionId, person.id, pick(['credits_reset', 'payment_succeeded']), at()),
    change(person: Person) {
      const logId = id()
      change.run(logId, adminId, person.id, at())
      origin.run(logId, address())
    },
  }
}

/** Lines as the server writes them, until they are so many bytes. */
export function writeLog({ env }: AuditData, bytes: number): void {
  const random = seededRandom(4)
  const file = openSync(env.GOGGA_LOG_FILES ?? '', 'w', 0o600)
  for (let [written, count] = [0, 0]; written < bytes; ) {
    const lines = Array.from({ length: PORTION }, () => lineOf(++count, random))
    written += writeSync(file, lines.join(''))
  }
  closeSync(file)
}

const ROUTES = ['/v1/users', '/v1/users/:id', '/v1/subscriptions', '/v1/vouchers/:id', '/health/ready']

function lineOf(count: number, random: () => number): string {
  const requestId = `4be01c7a92df-${count.toString(36)}`
  const route = ROUTES[Math.floor(random() * ROUTES.length)]
  const ms = Math.round(random() * 20_000) / 1_000
  const line = { level: 30, time: NOW + count * 7, pid: 4_711, hostname: 'gogga-1', requestId, method: 'GET', route }
  return `${JSON.stringify({ ...line, status: 200, ms, msg: 'answered' })}\n`
}
