// The judge of the operators' drill: everything that must not be is a problem, and the figures add up.
import { describe, expect, it } from 'vitest'
import { compare, type Questions, type Restored } from '../../scripts/drill/comparison.ts'
import type { Acknowledged, PlacedRow } from '../../scripts/drill/ledger.ts'

const [EARLY, TAKEN, LATE] = [11, 12, 13].map((minute) => `2026-06-01T12:${minute}:00.000Z`) as [string, string, string]
const row = (file: PlacedRow['file'], table: string, id: string): PlacedRow => ({ file, table, where: { id } })
const entry = (at: string, what: string, ...rows: PlacedRow[]): Acknowledged => ({
  at,
  what,
  person: 'ann',
  rows,
  message: null,
  credits: 0,
})

const pay = (at: string, id: string) => ({
  ...entry(at, 'payment', row('billing', 'ProcessedPayment', id)),
  credits: 50,
})
const spend = (at: string, id: string) => ({ ...entry(at, 'usage', row('billing', 'Change', id)), credits: -7 })
const redeem = (at: string, id: string): Acknowledged => ({
  ...entry(at, 'redemption', row('admin', 'Voucher', id), row('billing', 'InboxMessage', id)),
  message: `voucher-redeemed:${id}:0`,
})
const override = (at: string, id: string): Acknowledged =>
  entry(
    at,
    'override',
    row('billing', 'Change', id),
    row('billing', 'SubscriptionEvent', id),
    row('admin', 'AdminLog', id),
  )

const LEDGER: readonly Acknowledged[] = [
  pay(EARLY, 'p1'),
  spend(EARLY, 's1'),
  redeem(EARLY, 'v1'),
  override(EARLY, 'o1'),
  pay(TAKEN, 'p2'),
  spend(LATE, 's2'),
  redeem(LATE, 'v2'),
  override(LATE, 'o2'),
  entry(LATE, 'voucher', row('admin', 'Voucher', 'v3')),
]
const LAST = { id: 'billing-2', takenAt: TAKEN }
const GONE = ['billing.Change s2', 'billing.Change o2', 'billing.SubscriptionEvent o2']

interface World {
  readonly gone?: readonly string[]
  readonly credits?: number
  readonly named?: readonly string[]
  /** The backup that was restored. */
  readonly from?: string
}

function judged({ gone = GONE, credits = 193, named = ['o2'], from = 'billing-2' }: World = {}) {
  const nameOf = ({ file, table, where }: PlacedRow) => `${file}.${table} ${where.id}`
  const questions: Questions = {
    has: (one) => !gone.includes(nameOf(one)),
    logs: ({ where: { id = '' } }) => [id],
    balance: () => ({ credits, fromVouchers: 100 }),
  }
  const restored: Restored = {
    backup: { id: from, takenAt: EARLY },
    reconciled: {
      sends: [{ message: { id: 'voucher-redeemed:v2:0' } }],
      unresolved: named.map((id) => ({ table: 'AdminLog', id })),
    },
  }
  return compare(LEDGER, LAST, restored, questions)
}

describe('the comparison of the drill', () => {
  it('tells what was before, what came back, and what is lost row by row', () => {
    expect(judged()).toEqual({
      backup: LAST,
      acknowledged: 9,
      before: { changes: 4, rows: 7 },
      after: { changes: 5, elsewhere: 1, inBackup: 1, cameBack: 1, lost: 2 },
      elsewhere: { rows: 5 },
      balances: 1,
      named: 1,
      lostRows: [
        { at: LATE, what: 'usage', file: 'billing', table: 'Change', key: 'id=s2', person: 'ann' },
        { at: LATE, what: 'override', file: 'billing', table: 'Change', key: 'id=o2', person: 'ann' },
        { at: LATE, what: 'override', file: 'billing', table: 'SubscriptionEvent', key: 'id=o2', person: 'ann' },
      ],
      problems: [],
    })
  })

  it.each<[string, World, RegExp]>([
    [
      'a row of before the backup',
      { gone: [...GONE, 'billing.ProcessedPayment p1'], credits: 143 },
      /before the backup, and missing: .*p1/,
    ],
    [
      'a row of another file',
      { gone: [...GONE, 'admin.Voucher v3'] },
      /acknowledged, and missing: admin\.Voucher id=v3/,
    ],
    [
      'what another file still knows',
      { gone: [...GONE, 'billing.InboxMessage v2'] },
      /did not come back.*voucher-redeemed:v2:0/,
    ],
    ['half of a change', { gone: GONE.slice(0, 2) }, /half there: billing\.Change id=o2/],
    ['an act that the restore did not name', { named: [] }, /not named by the restore: AdminLog o2/],
    ['the last backup', { from: 'billing-1' }, /restored from billing-1, and the last is billing-2/],
    ['a balance', { credits: 186 }, /ann has 186 credits, and what is there makes 193/],
  ])('finds %s missing', (_name, world, problem) => {
    const { problems } = judged(world)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(problem)
  })
})
