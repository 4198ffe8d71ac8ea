// Random sequences of steps on a few vouchers, against a model that a reader takes in at a glance.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createVouchers } from '../../src/admin/new-vouchers.ts'
import { claimVoucher, releaseVoucher, removeVoucher, voidVoucher } from '../../src/admin/vouchers.ts'
import type { Rows, Tx } from '../../src/database/rows.ts'
import { ConflictError, NotFoundError } from '../../src/errors.ts'
import { START, type TestSources, withFile } from '../helpers/one-file.ts'

const VOUCHERS = 3
/** The vouchers expire at different times, which the clock passes. */
const lifeOf = (at: number) => 20 + at * 20

interface Known {
  readonly id: string
  readonly code: string
  readonly expiresAt: Date
  state: 'open' | 'claimed' | 'voided' | 'removed'
  user: string | null
  readonly log: string[]
}

const voucher = fc.nat(VOUCHERS - 1)
const user = fc.constantFrom('u1', 'u2')
const step = fc.record({
  kind: fc.constantFrom('claim', 'claim', 'release', 'void', 'remove', 'wait'),
  voucher,
  user,
})
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never
type Outcome = 'done' | 'nothing' | 'conflict' | 'missing'

/** What the step must come to, written into the model. */
function predict(known: Known, { kind, user }: Step, now: Date): Outcome {
  const become = (state: Known['state'], action: string, owner: string | null = known.user): Outcome => {
    known.state = state
    known.user = owner
    known.log.push(action)
    return 'done'
  }
  if (kind === 'release') {
    const isTheirs = known.state === 'claimed' && known.user === user
    return isTheirs ? become('open', 'released', null) : 'nothing'
  }
  if (known.state === 'removed') return 'missing'
  if (kind === 'remove') return known.state === 'claimed' ? 'conflict' : become('removed', 'deleted')
  if (known.state !== 'open') return 'conflict'
  if (kind === 'void') return become('voided', 'voided')
  return known.expiresAt > now ? become('claimed', 'redeemed', user) : 'conflict'
}

function run(tx: Tx<'admin'>, { id, code }: Known, { kind, user: userId }: Step, sources: TestSources): Outcome {
  if (kind === 'claim') claimVoucher(tx, { code, userId }, sources)
  if (kind === 'void') voidVoucher(tx, { voucherId: id, actor: 'a1', reason: 'spoiled' }, sources)
  if (kind === 'remove') removeVoucher(tx, { voucherId: id, actor: 'a1' }, sources)
  if (kind !== 'release') return 'done'
  return releaseVoucher(tx, { voucherId: id, userId, reason: 'refused' }, sources) ? 'done' : 'nothing'
}

function outcomeOf(error: unknown): Outcome {
  if (error instanceof ConflictError) return 'conflict'
  if (error instanceof NotFoundError) return 'missing'
  throw error
}

function compare(rows: Rows<'admin'>, { id, state, user, log }: Known): void {
  const row = rows.find('Voucher', { id })
  const isClaimed = state === 'claimed'
  const facts = { redeemed: isClaimed, redeemedBy: user, userId: user, voided: state === 'voided' }
  if (state === 'removed') expect(row).toBeUndefined()
  else {
    expect(row).toMatchObject(facts)
    expect(row?.redeemedAt !== null).toBe(isClaimed)
    expect([row?.voidedBy, row?.voidReason]).toEqual(state === 'voided' ? ['a1', 'spoiled'] : [null, null])
  }
  expect(rows.list('VoucherLog', { voucherId: id }).map(({ action }) => action)).toEqual(['created', ...log])
}

function makeVouchers(tx: Tx<'admin'>, sources: TestSources): readonly Known[] {
  return Array.from({ length: VOUCHERS }, (_, at) => {
    const expiresAt = new Date(START.getTime() + lifeOf(at))
    const [made] = createVouchers(tx, { count: 1, type: 'R500', expiresAt, createdBy: 'a1' }, sources)
    if (!made) throw new Error('no voucher was made')
    return { ...made, expiresAt, state: 'open', user: null, log: [] }
  })
}

test('whatever comes in whatever order, vouchers and their logs say what happened', async () => {
  const seen = new Set<string>()
  const lives = fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), (steps) =>
    withFile('admin', async ({ file, sources }) => {
      const known = await file.change((tx) => makeVouchers(tx, sources))
      for (const next of steps) {
        const one = known[next.voucher]
        if (next.kind === 'wait') sources.setNow(new Date(sources.now().getTime() + 10))
        if (next.kind === 'wait' || !one) continue
        const from = one.state
        const expected = predict(one, next, sources.now())
        const outcome = await file.change((tx) => run(tx, one, next, sources)).catch(outcomeOf)
        expect(outcome).toBe(expected)
        seen.add(`${from} ${next.kind} ${outcome}`)
      }
      for (const one of known) compare(file.rows, one)
    }),
  )
  await fc.assert(lives, { numRuns: 60, seed: 20260601 })
  // What the sequences have covered: every step from every state, both ways where there are two.
  expect([...seen].sort()).toEqual([
    'claimed claim conflict',
    'claimed release done',
    'claimed release nothing',
    'claimed remove conflict',
    'claimed void conflict',
    'open claim conflict',
    'open claim done',
    'open release nothing',
    'open remove done',
    'open void done',
    'removed claim missing',
    'removed release nothing',
    'removed remove missing',
    'removed void missing',
    'voided claim conflict',
    'voided release nothing',
    'voided remove done',
    'voided void conflict',
  ])
})
