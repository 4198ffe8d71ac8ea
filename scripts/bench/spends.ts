// A thousand spends of one credit at once, on one subscription that has 800: 800 go through, 200 are refused, none is lost.

import { addDays } from '../../src/billing/months.ts'
import type { Context } from '../../src/context.ts'
import { useCredits } from '../../src/saga/use-credits.ts'
import { openUnifiedChanges, RefusedError, type UnifiedChanges } from './baseline/changes.ts'
import { benchData } from './data.ts'
import { type Figure, spread, type Verdict } from './measure.ts'
import { scratchOf, unify } from './scratch.ts'
import type { WritesResult } from './writes.ts'

export interface SpendsOptions {
  readonly people: number
  readonly rounds: number
  readonly say: (text: string) => void
}

interface Outcome {
  readonly micros: number
  readonly spent: number
  readonly refused: number
  /** What is neither, by its name. */
  readonly failed: readonly string[]
  readonly left: number
}

const AT_ONCE = 1_000
/** Of the month's allowance, and in a pack. */
const ALLOWANCE = 300
const PACK = 500
const CREDITS = ALLOWANCE + PACK
const FEW = 50

export async function benchSpends({ people, rounds, say }: SpendsOptions): Promise<WritesResult> {
  const data = benchData(people, say)
  using scratch = scratchOf(data)
  const userId = data.starts[0] ?? ''
  const context = await scratch.open()
  await refill(context, userId, CREDITS)
  unify(scratch)
  const unified = await openUnifiedChanges(scratch.one)
  const outcomes = { ours: [] as Outcome[], many: [] as Outcome[], few: [] as Outcome[] }
  for (let round = 0; round < rounds; round++) {
    say(`spends: round ${round + 1} of ${rounds}`)
    outcomes.ours.push(await spendAtOnce(context, userId, round))
    outcomes.many.push(await spendUnified(unified, userId, AT_ONCE))
    outcomes.few.push(await spendUnified(unified, userId, FEW))
  }
  await context[Symbol.asyncDispose]()
  await unified.close()
  const { ours, many, few } = outcomes
  return {
    figures: [
      figure(`${AT_ONCE} spends at once on one subscription (µs each)`, ours),
      figure(`Prisma on one file, ${AT_ONCE} interactive transactions at once${failures(many)} (µs each)`, many),
      figure(`Prisma on one file, ${FEW} interactive transactions at once${failures(few)} (µs each)`, few),
    ],
    verdicts: [
      exactly(`of ${AT_ONCE} spends on ${CREDITS} credits went through`, ours, ({ spent }) => spent, CREDITS),
      exactly('were refused with 409 for lack of credits', ours, ({ refused }) => refused, AT_ONCE - CREDITS),
      exactly('failed otherwise', ours, ({ failed }) => failed.length, 0),
      exactly('credits left', ours, ({ left }) => left, 0),
    ],
  }
}

async function spendAtOnce(context: Context, userId: string, round: number): Promise<Outcome> {
  await refill(context, userId, CREDITS)
  const usage = { userId, credits: 1, images: 0 }
  const counted = await count(AT_ONCE, (index) => {
    const asked = { route: 'POST /v1/usage', body: usage, key: `spend-${round}-${index}`, keyId: 'bench' }
    return useCredits(context.sagas, usage, asked)
  })
  const after = context.files.billing.rows.find('Subscription', { userId })
  return { ...counted, left: after ? after.monthlyCredits - after.creditsUsed + after.credits : Number.NaN }
}

/** What is left is looked at on our side alone: here, transactions that fail are many, and each says so. */
async function spendUnified(unified: UnifiedChanges, userId: string, atOnce: number): Promise<Outcome> {
  return { ...(await count(atOnce, () => unified.spend(userId))), left: 0 }
}

async function count(atOnce: number, spend: (index: number) => Promise<unknown>): Promise<Omit<Outcome, 'left'>> {
  const began = performance.now()
  const ended = await Promise.allSettled(Array.from({ length: atOnce }, (_, index) => spend(index)))
  const micros = ((performance.now() - began) * 1_000) / atOnce
  const reasons = ended.flatMap((end) => (end.status === 'rejected' ? [end.reason as unknown] : []))
  const failed = reasons.filter((reason) => !isRefusal(reason)).map(nameOf)
  return { micros, failed, refused: reasons.length - failed.length, spent: atOnce - reasons.length }
}

function isRefusal(reason: unknown): boolean {
  if (reason instanceof RefusedError) return true
  return (
    reason instanceof Error && 'status' in reason && reason.status === 409 && /^Not enough credits/.test(reason.message)
  )
}

const nameOf = (reason: unknown): string =>
  reason instanceof Error ? ('code' in reason ? String(reason.code) : reason.name) : typeof reason

/** A paid month of which so much is left, and a pack. */
async function refill({ files }: Context, userId: string, credits: number): Promise<void> {
  const now = new Date()
  const month = { tier: 'JIVE', status: 'active', monthlyCredits: 500_000, creditsUsed: 500_000 - ALLOWANCE }
  const period = { startedAt: addDays(now, -1), lastReset: addDays(now, -1), nextBilling: addDays(now, 20) }
  const size = { packSize: '200', credits: 50_000, creditsUsed: 50_000 - PACK }
  await files.billing.change((tx) => {
    tx.update('Subscription', { userId }, { ...month, ...period, credits: credits - ALLOWANCE, updatedAt: now })
    tx.remove('CreditPurchase', { userId })
    const pack = { id: `pack-${userId}`, userId, status: 'complete', expiresAt: addDays(now, 300), createdAt: now }
    tx.insert('CreditPurchase', { ...pack, ...size })
  })
}

const figure = (name: string, outcomes: readonly Outcome[]): Figure => ({
  name,
  ...spread(outcomes.map(({ micros }) => micros)),
})

function failures(outcomes: readonly Outcome[]): string {
  const { median } = spread(outcomes.map(({ failed }) => failed.length))
  const names = [...new Set(outcomes.flatMap(({ failed }) => failed))].join(', ')
  return median > 0 ? `, of which ${median} failed with ${names}` : ''
}

/** The count that is furthest from what it must be in any round. */
function exactly(name: string, outcomes: readonly Outcome[], of: (outcome: Outcome) => number, bound: number): Verdict {
  const [worst = Number.NaN] = outcomes.map(of).sort((a, b) => Math.abs(b - bound) - Math.abs(a - bound))
  return { name, value: worst, bound, holds: worst === bound }
}
