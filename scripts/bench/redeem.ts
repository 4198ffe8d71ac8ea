// A voucher redeemed: claimed in admin.db, granted in billing.db, noted in identity.db, answered when all of it is there.
// Against the same rows written by one Prisma interactive transaction on one file.
import { deepStrictEqual } from 'node:assert'
import { setTimeout } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { newCode } from '../../src/admin/voucher-codes.ts'
import { VOUCHER_TYPES } from '../../src/admin/voucher-types.ts'
import { addDays } from '../../src/billing/months.ts'
import type { Context } from '../../src/context.ts'
import { rowsIn } from '../../src/database/clients.ts'
import { openWriter } from '../../src/database/connections.ts'
import { DOMAINS } from '../../src/database/domains.ts'
import { timeText } from '../../src/database/row-codec.ts'
import { seededRandom } from '../../src/ops/makers.ts'
import { redeemVoucher } from '../../src/saga/redeem-voucher.ts'
import { openUnifiedChanges } from './baseline/changes.ts'
import { benchData } from './data.ts'
import { type Figure, sideBySide, verdict } from './measure.ts'
import { stopwatch } from './parts.ts'
import { type Scratch, scratchOf, unify } from './scratch.ts'
import type { WritesResult } from './writes.ts'

export interface RedeemOptions {
  readonly people: number
  readonly rounds: number
  /** Redemptions of a round; at its end the outboxes are empty again. */
  readonly operations: number
  readonly say: (text: string) => void
}

interface Redemption {
  readonly code: string
  readonly userId: string
  readonly email: string
}

/** A pack and a month in turns. */
const TYPES = ['R200', 'JIVE_1MONTH'] as const
const ROUTE = 'POST /v1/vouchers/redeem'

export async function benchRedeem(options: RedeemOptions): Promise<WritesResult> {
  using scratch = scratchOf(benchData(options.people, options.say))
  const { rounds, operations } = options
  const redemptions = prepareRedemptions(scratch, operations * (rounds + 2))
  unify(scratch)
  const watch = stopwatch(ROUTE)
  const context = await scratch.open({ reached: watch.reached })
  const unified = await openUnifiedChanges(scratch.one)
  options.say(`redemptions: ${rounds} rounds of ${operations}`)
  const figures = await sideBySide(
    [
      {
        name: 'a redemption over three files, settled and its messages removed (µs)',
        run: ours(context, redemptions, watch),
      },
      { name: 'the same as one Prisma interactive transaction on one file (µs)', run: theirs(unified, redemptions) },
    ].map(({ name, run }) => ({ name, run: (index: number) => run(index === operations - 1) })),
    { rounds, operations },
  )
  await context[Symbol.asyncDispose]()
  await unified.close()
  sameResults(scratch)
  const [three, one] = figures as [Figure, Figure]
  return {
    figures: [three, ...watch.figures(three.median, operations), one],
    verdicts: [verdict('redemption over three files / one Prisma transaction', three.median / one.median, 1.5)],
  }
}

/** The next redemption; the last one of a round waits until nothing is left to carry. */
function ours({ sagas }: Context, redemptions: readonly Redemption[], watch: ReturnType<typeof stopwatch>) {
  let next = 0
  return async (isLast: boolean): Promise<void> => {
    const { code, userId } = redemptions[next++] as Redemption
    watch.begin()
    const asked = { route: ROUTE, body: { code }, key: `redeem-${next}`, subjectId: userId }
    const { change } = await redeemVoucher(sagas, { code, userId }, asked)
    watch.end()
    if (!change.settled) throw new Error('A redemption was answered before it had settled')
    if (!isLast) return
    await emptied(sagas)
    watch.endRound()
  }
}

function theirs(unified: Awaited<ReturnType<typeof openUnifiedChanges>>, redemptions: readonly Redemption[]) {
  let next = 0
  return (): Promise<void> => unified.redeem(redemptions[next++] as Redemption)
}

async function emptied({ files }: Context['sagas']): Promise<void> {
  const isEmpty = (domain: (typeof DOMAINS)[number]) =>
    rowsIn(files, domain).all('select 1 from "OutboxMessage" limit 1').length === 0
  while (!DOMAINS.every(isEmpty)) await setTimeout(1)
}

/** Open vouchers, and as many people of the free tier whose month has just begun: nothing but the voucher changes anything. */
function prepareRedemptions(scratch: Scratch, count: number): readonly Redemption[] {
  const random = seededRandom(2)
  const users = pickUsers(scratch, count, random)
  freeSubscriptions(scratch, users)
  const codes = openVouchers(scratch, count, random)
  return users.map(({ id, email }, index) => ({ userId: id, email, code: codes[index] ?? '' }))
}

interface User {
  readonly id: string
  readonly email: string
}

function pickUsers({ paths }: Scratch, count: number, random: () => number): readonly User[] {
  const identity = openWriter('identity', paths.identity)
  const users = shuffled(identity.prepare('select id, email from "User" order by id').all() as User[], random)
  identity.close()
  if (users.length < count) throw new Error(`${count} redemptions need as many people; there are ${users.length}`)
  return users.slice(0, count)
}

function freeSubscriptions({ paths }: Scratch, users: readonly User[]): void {
  const billing = openWriter('billing', paths.billing)
  const since = timeText(addDays(new Date(), -1))
  const update = billing.prepare(
    `update "Subscription" set tier = 'FREE', status = 'active', credits = 0, creditsUsed = 0, monthlyCredits = 0,
       imagesUsed = 0, imagesLimit = 50, startedAt = ?, lastReset = ?, nextBilling = null, paymentFailedAt = null
     where userId = ?`,
  )
  billing.transaction(() => {
    for (const { id } of users) update.run(since, since, id)
  })()
  billing.close()
}

function openVouchers({ paths }: Scratch, count: number, random: () => number): readonly string[] {
  const admin = openWriter('admin', paths.admin)
  const bytes = (size: number) => Buffer.from(Array.from({ length: size }, () => Math.floor(random() * 256)))
  const codes = Array.from({ length: count }, () => newCode(bytes))
  const insert = admin.prepare(
    `insert into "Voucher" (id, code, type, valueCents, createdBy, createdAt, expiresAt, voided, redeemed)
     values (?, ?, ?, ?, 'system', ?, ?, 0, 0)`,
  )
  const [createdAt, expiresAt] = [timeText(addDays(new Date(), -1)), timeText(addDays(new Date(), 365))]
  const rows = codes.map((code, index) => ({ id: `voucher-${index}`, code, type: TYPES[index % 2] ?? 'R200' }))
  admin.transaction(() => {
    for (const { id, code, type } of shuffled(rows, random))
      insert.run(id, code, type, VOUCHER_TYPES[type].valueCents, createdAt, expiresAt)
  })()
  admin.close()
  return codes
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const keyed = items.map((item) => ({ item, key: random() }))
  return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item)
}

const RESULTS = {
  admin: [
    'select id, redeemed, redeemedBy, userId from "Voucher" where redeemed = 1 order by id',
    `select voucherId, action, actor, meta from "VoucherLog" order by voucherId`,
  ],
  billing: [
    `select userId, tier, status, credits, creditsUsed, monthlyCredits, imagesUsed, imagesLimit, retryCount,
       substr(nextBilling, 1, 10) nextBilling from "Subscription" order by userId`,
    'select userId, packSize, credits, creditsUsed, status, substr(expiresAt, 1, 10) expiresAt from "CreditPurchase" order by userId',
    'select userId, event, fromTier, toTier, fromStatus, toStatus, actor from "SubscriptionEvent" order by userId',
  ],
  identity: ['select email, action, meta from "AuthLog" order by email'],
} as const

/** Both wrote the same, or the figures mean nothing. */
function sameResults({ paths, one }: Scratch): void {
  const rowsOf = (path: string, sql: string) => {
    const reader = new Database(path, { readonly: true })
    const rows = reader.prepare(sql).all()
    reader.close()
    return rows
  }
  for (const domain of DOMAINS)
    for (const sql of RESULTS[domain])
      deepStrictEqual(rowsOf(paths[domain], sql), rowsOf(one, sql), `Three files and one differ: ${sql}`)
}
