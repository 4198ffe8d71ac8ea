// Random lives of a subscription, against the model: after every step, the same was allowed and the same is seen.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { beginAttempt, chargeAbsent, chargePaid, chargeRefused, chargeUnknown } from '../../src/billing/charges.ts'
import { adjust, grantPack, spend } from '../../src/billing/credits.ts'
import { activate } from '../../src/billing/paid-months.ts'
import { recordPayment } from '../../src/billing/payments.ts'
import { activeSchedule } from '../../src/billing/schedules.ts'
import { readSubscription } from '../../src/billing/subscription-view.ts'
import { openSubscription } from '../../src/billing/subscriptions.ts'
import { cancel, override, requestTierChange } from '../../src/billing/tier-changes.ts'
import { GoggaError } from '../../src/errors.ts'
import { createModel, type Model, type ModelAttempt } from './model.ts'
import { type BillingTx, DAY, problemsOf, START, type World, withBilling } from './world.ts'

const paidTier = fc.constantFrom('JIVE' as const, 'JIGGA' as const)
const anyTier = fc.constantFrom('FREE' as const, 'JIVE' as const, 'JIGGA' as const)
const chosen = fc.nat({ max: 9 })
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('pass'), hours: fc.oneof(fc.nat({ max: 30 }), fc.nat({ max: 1_200 })) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('activate'), tier: paidTier, hasToken: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('change'), tier: anyTier }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cancel') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('override'), tier: anyTier }) },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('spend'), credits: fc.nat({ max: 900_000 }), images: fc.nat({ max: 90 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('pack'),
      size: fc.constantFrom('200' as const, '500' as const, '1000' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('adjust'),
      credits: fc.integer({ min: -300_000, max: 300_000 }).filter(Boolean),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('begin'), skip: fc.boolean() }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('paid'), attempt: chosen, byNotification: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('refused'), attempt: chosen }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('unknown'), attempt: chosen }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('lost'), attempt: chosen }) },
)
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

interface Life {
  readonly tx: BillingTx
  readonly sources: World['sources']
  readonly model: Model
  readonly userId: string
  readonly attempts: { readonly id: string; readonly amountCents: number; readonly model: ModelAttempt }[]
}

/** What a step asks of the model and of the functions; undefined where there is nothing to do it to. */
function asked(life: Life, taken: Step): { model: () => boolean; real: () => unknown } | undefined {
  const { tx, sources, model, userId, attempts } = life
  const cause = { userId, actor: 'test' }
  const attempt = 'attempt' in taken ? attempts.at(-1 - (taken.attempt % Math.max(1, attempts.length))) : undefined
  const attemptId = attempt?.id ?? ''
  if ('hours' in taken) return undefined
  if ('hasToken' in taken) {
    const { tier, hasToken } = taken
    const token = hasToken ? 'tok' : undefined
    return { model: () => model.activate(tier, hasToken), real: () => activate(tx, { ...cause, tier, token }, sources) }
  }
  if ('size' in taken) {
    return {
      model: () => model.pack(taken.size),
      real: () => grantPack(tx, { ...cause, packSize: taken.size }, sources),
    }
  }
  if ('images' in taken) {
    return {
      model: () => model.spend(taken.credits, taken.images),
      real: () => spend(tx, { userId, ...taken }, sources),
    }
  }
  if ('credits' in taken) {
    return {
      model: () => model.adjust(taken.credits),
      real: () => adjust(tx, { ...cause, credits: taken.credits }, sources),
    }
  }
  if ('tier' in taken) {
    const [inModel, inFile] = taken.do === 'change' ? [model.change, requestTierChange] : [model.override, override]
    return { model: () => inModel(taken.tier), real: () => inFile(tx, { ...cause, tier: taken.tier }, sources) }
  }
  if (taken.do === 'cancel') return { model: () => model.cancel(), real: () => cancel(tx, cause, sources) }
  if (!attempt) return undefined
  if (taken.do === 'paid') {
    const paymentId = `pf-${attemptId}`
    const { amountCents } = attempt
    const notification = {
      ...cause,
      paymentId,
      kind: 'subscription',
      what: 'JIVE',
      amountCents,
      checkoutId: attemptId,
    } as const
    const isNotified = 'byNotification' in taken && taken.byNotification
    return {
      model: () => model.paid(attempt.model),
      real: () =>
        isNotified ? recordPayment(tx, notification, sources) : chargePaid(tx, { attemptId, paymentId }, sources),
    }
  }
  const ended = { attemptId, reason: '51' }
  if (taken.do === 'refused')
    return { model: () => model.refused(attempt.model), real: () => chargeRefused(tx, ended, sources) }
  if (taken.do === 'unknown') return { model: () => true, real: () => chargeUnknown(tx, ended, sources) }
  return {
    model: () => model.lost(attempt.model),
    real: () => {
      tx.update('ChargeAttempt', { id: attemptId }, { startedAt: new Date(sources.now().getTime() - DAY) })
      return chargeAbsent(tx, ended, sources)
    },
  }
}

/** A refusal takes its rows back, as the end of its transaction would. */
function isDone(tx: BillingTx, work: () => unknown): boolean {
  tx.run('savepoint step')
  try {
    work()
    return true
  } catch (error) {
    if (!(error instanceof GoggaError && error.code === 'conflict')) throw error
    tx.run('rollback to step')
    return false
  } finally {
    tx.run('release step')
  }
}

function begin({ tx, sources, model, userId, attempts }: Life): void {
  const schedule = activeSchedule(tx, userId)
  const begun = schedule && beginAttempt(tx, schedule.id, sources)
  const inModel = model.begin()
  expect(begun?.attempt.tier).toBe(inModel?.tier)
  if (begun && inModel) attempts.push({ id: begun.attempt.id, amountCents: begun.attempt.amountCents, model: inModel })
}

function seen({ tx, sources, userId }: Life): Model['state'] {
  const view = readSubscription(tx, userId, sources.now())
  const left = new Map<number, number>()
  for (const { expiresAt, creditsLeft } of view.packs) {
    const expires = expiresAt?.getTime() ?? Number.NaN
    left.set(expires, (left.get(expires) ?? 0) + creditsLeft)
  }
  const schedule = activeSchedule(tx, userId)
  const { tier, status, nextTier, monthlyCreditsLeft, packCredits, imagesLeft } = view
  return {
    ...({ tier, status, nextTier } as Pick<Model['state'], 'tier' | 'status' | 'nextTier'>),
    nextBilling: view.nextBilling?.getTime() ?? null,
    resetsAt: view.resetsAt.getTime(),
    monthlyCreditsLeft,
    packCredits,
    imagesLeft,
    packs: [...left],
    schedule: schedule && {
      tier: schedule.tier as Model['state']['tier'],
      due: schedule.nextChargeAt.getTime(),
      fails: schedule.failedCount,
      count: schedule.chargeCount,
    },
  }
}

function live(life: Life, steps: readonly Step[], count: (name: string) => void): void {
  const { tx, sources, model, userId } = life
  openSubscription(tx, { userId }, sources)
  for (const taken of steps) {
    if ('hours' in taken) sources.setNow(new Date(sources.now().getTime() + taken.hours * 3_600_000))
    model.tick(sources.now().getTime())
    if (taken.do === 'begin') begin(life)
    const change = asked(life, taken)
    if (change) {
      const done = isDone(tx, change.real)
      expect(done, `${taken.do} was ${done ? 'allowed' : 'refused'}`).toBe(change.model())
      count(`${taken.do} ${done ? 'done' : 'refused'}`)
    }
    model.tick(sources.now().getTime())
    expect(seen(life)).toEqual(model.state)
    expect(problemsOf(tx, userId)).toEqual([])
    count(model.state.status)
  }
}

test('random lives go as in the model', async () => {
  await withBilling(async ({ change, sources }) => {
    const counts = new Map<string, number>()
    let lives = 0
    const property = fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 60, size: 'max' }), async (steps) => {
      const userId = `user${++lives}`
      sources.setNow(START)
      const count = (name: string) => counts.set(name, (counts.get(name) ?? 0) + 1)
      await change((tx) => live({ tx, sources, model: createModel(), userId, attempts: [] }, steps, count))
    })
    await fc.assert(property, { seed: 20260601, numRuns: 300 })
    // What never happened was not tested.
    const names = ['activate done', 'change done', 'change refused', 'cancel done', 'cancel refused', 'override done']
    const outcomes = [
      'spend done',
      'spend refused',
      'pack done',
      'adjust done',
      'adjust refused',
      'paid done',
      'refused done',
    ]
    for (const name of [...names, ...outcomes, 'past_due', 'cancelled', 'expired']) {
      expect(counts.get(name) ?? 0, name).toBeGreaterThan(20)
    }
  })
})
