// The changes as the unified database has them: one Prisma interactive transaction on one file with the stock adapter, in
// WAL, synced to disk at every commit like billing.db and admin.db, foreign keys on.
import { randomUUID } from 'node:crypto'
import { PrismaBetterSqlite3 } from '@prisma/adapter-better-sqlite3'
import { CLIENT, generateBaseline } from './unified.ts'

export interface UnifiedChanges {
  redeem(redemption: { readonly code: string; readonly userId: string; readonly email: string }): Promise<void>
  /** One credit: of the allowance, then of the packs. Throws RefusedError where none is left. */
  spend(userId: string): Promise<void>
  close(): Promise<void>
}

/** What an application would answer with 409. */
export class RefusedError extends Error {}

type Row = Readonly<Record<string, unknown>> & { readonly id: string }

/** What is called of each model of the generated client. */
interface Model<R> {
  findUnique(query: object): Promise<(R & Row) | null>
  findMany(query: object): Promise<(R & Row)[]>
  create(query: object): Promise<unknown>
  update(query: object): Promise<unknown>
  updateMany(query: object): Promise<{ readonly count: number }>
}

interface Subscription {
  readonly tier: string
  readonly status: string
  readonly credits: number
  readonly creditsUsed: number
  readonly monthlyCredits: number
}

interface Models {
  readonly voucher: Model<{ type: string; redeemed: boolean; voided: boolean; expiresAt: Date }>
  readonly voucherLog: Model<unknown>
  readonly subscription: Model<Subscription>
  readonly subscriptionEvent: Model<unknown>
  readonly creditPurchase: Model<{ credits: number; creditsUsed: number }>
  readonly authLog: Model<unknown>
}

interface Client extends Models {
  $transaction<T>(work: (tx: Models) => Promise<T>): Promise<T>
  $queryRawUnsafe(sql: string): Promise<unknown>
  $disconnect(): Promise<void>
}

const MONTH = { tier: 'JIVE', monthlyCredits: 500_000, imagesLimit: 200 }
const PACK = { packSize: '200', credits: 50_000 }

export async function openUnifiedChanges(path: string): Promise<UnifiedChanges> {
  generateBaseline()
  const { PrismaClient } = (await import(CLIENT)) as { PrismaClient: new (options: object) => Client }
  const client = new PrismaClient({ adapter: new PrismaBetterSqlite3({ url: `file:${path}` }) })
  // The stock adapter has one connection, so this holds for all that follows.
  await client.$queryRawUnsafe('PRAGMA synchronous = FULL')
  await requirePragmas(client, { journal_mode: 'wal', synchronous: 2, foreign_keys: 1 })
  return {
    redeem: (redemption) => client.$transaction((tx) => redeem(tx, redemption)),
    spend: (userId) => client.$transaction((tx) => spend(tx, userId)),
    close: () => client.$disconnect(),
  }
}

async function requirePragmas(client: Client, expected: Readonly<Record<string, string | number>>): Promise<void> {
  for (const [name, value] of Object.entries(expected)) {
    const rows = (await client.$queryRawUnsafe(`PRAGMA ${name}`)) as Record<string, unknown>[]
    const found = rows[0]?.[name]
    if (String(found) !== String(value)) throw new Error(`The baseline has ${name} = ${found}, expected ${value}`)
  }
}

async function redeem(
  tx: Models,
  { code, userId, email }: { readonly code: string; readonly userId: string; readonly email: string },
): Promise<void> {
  const now = new Date()
  const voucher = await tx.voucher.findUnique({ where: { code } })
  if (!voucher || voucher.redeemed || voucher.voided || voucher.expiresAt <= now) throw new RefusedError('voucher')
  const claimed = await tx.voucher.updateMany({
    where: { id: voucher.id, redeemed: false, voided: false },
    data: { redeemed: true, redeemedAt: now, redeemedBy: userId, userId },
  })
  if (claimed.count === 0) throw new RefusedError('voucher')
  await tx.voucherLog.create({
    data: { id: randomUUID(), voucherId: voucher.id, action: 'redeemed', actor: userId, createdAt: now },
  })
  await grant(tx, userId, voucher.type, now)
  const meta = JSON.stringify({ voucherType: voucher.type })
  await tx.authLog.create({ data: { id: randomUUID(), email, action: 'voucher_redeemed', meta, createdAt: now } })
}

async function grant(tx: Models, userId: string, type: string, now: Date): Promise<void> {
  const before = await tx.subscription.findUnique({ where: { userId } })
  if (!before) throw new RefusedError('subscription')
  const isPack = type === 'R200'
  if (isPack) {
    const expiresAt = new Date(now)
    expiresAt.setUTCFullYear(now.getUTCFullYear() + 1)
    const pack = { id: randomUUID(), userId, ...PACK, creditsUsed: 0, status: 'complete', expiresAt, createdAt: now }
    await tx.creditPurchase.create({ data: pack })
  }
  const after = isPack ? { credits: before.credits + PACK.credits } : monthFrom(now)
  await tx.subscription.update({ where: { userId }, data: { ...after, updatedAt: now } })
  const { tier, status } = { ...before, ...after }
  await tx.subscriptionEvent.create({
    data: {
      id: randomUUID(),
      subscriptionId: before.id,
      userId,
      event: isPack ? 'payment_succeeded' : 'activated',
      fromTier: before.tier,
      toTier: tier,
      fromStatus: before.status,
      toStatus: status,
      actor: userId,
      meta: JSON.stringify({ voucherType: type }),
      createdAt: now,
    },
  })
}

function monthFrom(now: Date) {
  const nextBilling = new Date(now)
  nextBilling.setUTCMonth(now.getUTCMonth() + 1)
  const usage = { creditsUsed: 0, imagesUsed: 0, retryCount: 0, paymentFailedAt: null }
  return { ...MONTH, ...usage, status: 'active', startedAt: now, lastReset: now, nextBilling }
}

async function spend(tx: Models, userId: string): Promise<void> {
  const subscription = await tx.subscription.findUnique({ where: { userId } })
  if (!subscription) throw new RefusedError('subscription')
  const { creditsUsed, monthlyCredits, credits } = subscription
  const packs = await tx.creditPurchase.findMany({
    where: { userId, status: 'complete' },
    orderBy: { expiresAt: 'asc' },
  })
  const data = creditsUsed < monthlyCredits ? { creditsUsed: creditsUsed + 1 } : { credits: credits - 1 }
  if ('credits' in data) {
    if (credits <= 0) throw new RefusedError('credits')
    const pack = packs.find((candidate) => candidate.creditsUsed < candidate.credits)
    if (pack) await tx.creditPurchase.update({ where: { id: pack.id }, data: { creditsUsed: pack.creditsUsed + 1 } })
  }
  await tx.subscription.update({ where: { userId }, data: { ...data, updatedAt: new Date() } })
}
