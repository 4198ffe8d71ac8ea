// What is there before the first server starts: three migrated files, an administrator, keys, and people whose charges are
// due or were begun before, with what PayFast knows of them. Written by this file's own SQL.
import { createHash } from 'node:crypto'
import Database from 'better-sqlite3'
import { pathInFolder } from '../../src/config.ts'
import { DOMAINS, type Domain } from '../../src/database/domains.ts'
import { migrate } from '../../src/database/migrations.ts'
import type { Charge } from '../../tests/helpers/payfast-server.ts'
import { TIERS } from './ledger.ts'
import type { Random } from './random.ts'

export const MAIL_DOMAIN = 'people.example'
export const ADMINISTRATOR = 'chaos-administrator'

export interface Seeded {
  readonly keys: Readonly<Record<'admin' | 'frontend', string>>
  /** Subject ids; the email is `<id>@people.example`. */
  readonly payers: readonly string[]
}

const HOUR_MS = 3_600_000

export const pathsIn = (dir: string): Readonly<Record<Domain, string>> => ({
  identity: pathInFolder(dir, 'identity'),
  billing: pathInFolder(dir, 'billing'),
  admin: pathInFolder(dir, 'admin'),
})

export const emailOf = (name: string): string => `${name}@${MAIL_DOMAIN}`
export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

export interface SeedOptions {
  readonly dir: string
  readonly payers: number
  /** Charges become due one after the other in so many minutes from now; every third is due already. */
  readonly minutes: number
  readonly random: Random
  /** PayFast's. */
  readonly history: Charge[]
}

export function seedFiles({ dir, payers, minutes, random, history }: SeedOptions): Seeded {
  const paths = pathsIn(dir)
  for (const domain of DOMAINS) migrate(domain, paths[domain])
  const ids = Array.from({ length: payers }, (_, index) => `payer-${index}`)
  const keys = within(paths.identity, (file) => {
    for (const id of [ADMINISTRATOR, ...ids]) insertUser(file, id)
    return { admin: insertKey(file, 'admin', random), frontend: insertKey(file, 'frontend', random) }
  })
  within(paths.billing, (file) => {
    insertSubscription(file, { id: ADMINISTRATOR, tier: 'FREE', nextBilling: null })
    for (const [index, id] of ids.entries()) {
      const dueAt = index % 3 === 0 ? ago(1) : ago(-(minutes / 60) * (index / payers))
      insertPayer(file, { id, index, dueAt }, history)
    }
  })
  return { keys, payers: ids }
}

function within<T>(path: string, work: (file: Database.Database) => T): T {
  const file = new Database(path)
  try {
    return file.transaction(() => work(file))()
  } finally {
    file.close()
  }
}

function insert(file: Database.Database, table: string, row: Readonly<Record<string, string | number | null>>): void {
  const names = Object.keys(row)
  const sql = `insert into "${table}" (${names.map((name) => `"${name}"`).join(', ')}) values (${names.map(() => '?').join(', ')})`
  file.prepare(sql).run(...Object.values(row))
}

function insertUser(file: Database.Database, id: string): void {
  const [isAdmin, createdAt] = [id === ADMINISTRATOR ? 1 : 0, ago(48)]
  insert(file, 'User', { id, email: emailOf(id), isAdmin, isServiceAdmin: isAdmin, createdAt, updatedAt: createdAt })
}

function insertKey(file: Database.Database, scope: string, random: Random): string {
  const id = Array.from({ length: 16 }, () => random.between(0, 15).toString(16)).join('')
  const secret = createHash('sha256').update(`${id} ${random.next()}`).digest('base64url')
  insert(file, 'ApiKey', { id, name: `chaos ${scope}`, hash: sha256(secret), scopes: scope, createdAt: ago(1) })
  return `gogga_${id}_${secret}`
}

interface Opening {
  readonly id: string
  readonly tier: string
  readonly nextBilling: string | null
}

function insertSubscription(file: Database.Database, { id, tier, nextBilling }: Opening): void {
  const { credits = 0, images = 0 } = TIERS[tier] ?? {}
  const [startedAt, isPaid] = [ago(28 * 24), tier !== 'FREE']
  const times = {
    startedAt,
    lastReset: isPaid ? startedAt : ago(1),
    nextBilling,
    createdAt: startedAt,
    updatedAt: startedAt,
  }
  const counts = { credits: 0, creditsUsed: 0, monthlyCredits: credits, imagesUsed: 0, imagesLimit: images }
  insert(file, 'Subscription', {
    id: `s-${id}`,
    userId: id,
    tier,
    status: 'active',
    ...counts,
    retryCount: 0,
    ...times,
  })
  const event = { event: 'activated', toTier: tier, toStatus: 'active', actor: 'system', createdAt: startedAt }
  insert(file, 'SubscriptionEvent', { id: `e-${id}`, subscriptionId: `s-${id}`, userId: id, ...event })
}

/** Every third has a charge that was begun before; of those PayFast made every other one. */
function insertPayer(
  file: Database.Database,
  { id, index, dueAt }: { readonly id: string; readonly index: number; readonly dueAt: string },
  history: Charge[],
): void {
  const tier = index % 2 === 0 ? 'JIVE' : 'JIGGA'
  const amountCents = TIERS[tier]?.cents ?? 0
  const [scheduleId, token] = [`r-${id}`, `token-${id}`]
  insertSubscription(file, { id, tier, nextBilling: dueAt })
  const plan = { frequency: 'monthly', chargeCount: 0, maxCharges: 12, status: 'active', failedCount: 0 }
  const times = { nextChargeAt: dueAt, createdAt: ago(28 * 24), updatedAt: ago(28 * 24) }
  insert(file, 'RecurringSchedule', { id: scheduleId, userId: id, tier, amountCents, token, ...plan, ...times })
  if (index % 3 !== 0) return
  const attemptId = `${scheduleId}-0-0`
  const begun = { status: 'started', startedAt: ago(0.5), checkAt: ago(0.1) }
  insert(file, 'ChargeAttempt', { id: attemptId, scheduleId, userId: id, tier, amountCents, ...begun })
  if (index % 6 !== 0) return
  const at = new Date(Date.now() - HOUR_MS / 2 + 2 * HOUR_MS).toISOString().slice(0, 19)
  const paymentId = String(3_136_000 + history.length + 1)
  history.push({ paymentId, token, attemptId, amountCents, itemName: `GOGGA ${tier}`, at: `${at}+02:00` })
}

/** As Prisma writes times. */
const ago = (hours: number): string => new Date(Date.now() - hours * HOUR_MS).toISOString().replace('Z', '+00:00')
