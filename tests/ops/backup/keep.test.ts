import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Candidate, toKeep } from '../../../src/ops/backup/keep.ts'
import { type Keep, longestAge } from '../../../src/ops/backup/policy.ts'

const NOW = new Date('2026-06-15T12:07:00.000Z')
const MINUTE = 60_000
const DAY = 86_400_000
const NONE: Keep = { last: 1, hourly: 0, daily: 0, weekly: 0, monthly: 0, sets: 0 }

const backup = (minutesAgo: number, changes: Partial<Candidate> & { set?: string } = {}): Candidate => {
  const takenAt = new Date(NOW.getTime() - minutesAgo * MINUTE).toISOString()
  const { set, good = true, verified = false } = changes
  return { manifest: { id: `billing-${String(minutesAgo).padStart(8, '0')}`, takenAt, set }, good, verified }
}
const kept = (candidates: Candidate[], keep: Partial<Keep>, age?: number) =>
  toKeep(candidates, { ...NONE, ...keep }, NOW, age).map(({ id, reasons }) => [Number(id.slice(8)), reasons.join(', ')])

describe('what stays', () => {
  it('is the newest of each hour', () => {
    const quarters = Array.from({ length: 12 }, (_, index) => backup(7 + index * 15))
    expect(kept(quarters, { hourly: 3 })).toEqual([
      [7, 'last, hourly, newest good'],
      [22, 'hourly'],
      [82, 'hourly'],
    ])
  })

  it('is the newest of each day, week from Monday and month', () => {
    const days = Array.from({ length: 60 }, (_, index) => backup(index * 1440))
    // 15 June 2026 is a Monday.
    expect(kept(days, { daily: 2, weekly: 3, monthly: 3 })).toEqual([
      [0, 'last, daily, weekly, monthly, newest good'],
      [1440, 'daily, weekly'],
      [8 * 1440, 'weekly'],
      [15 * 1440, 'monthly'],
      [46 * 1440, 'monthly'],
    ])
  })

  it('counts periods that have a backup, so that a pause uses nothing up', () => {
    expect(kept([backup(0), backup(40 * 1440), backup(80 * 1440)], { daily: 3 }).map(([at]) => at)).toEqual([
      0, 57_600, 115_200,
    ])
  })

  it('holds the members of the newest sets', () => {
    const backups = [backup(0), backup(5, { set: 'b' }), backup(6), backup(7, { set: 'a' })]
    expect(kept(backups, { sets: 1 })).toEqual([
      [0, 'last, newest good'],
      [5, 'sets'],
    ])
  })

  it('does not let a failed backup stand for its period, and leaves it for a week', () => {
    const failed = backup(0, { good: false })
    const old = backup(8 * 1440, { good: false })
    expect(kept([failed, backup(10), old], { hourly: 1 })).toEqual([
      [0, 'failed lately'],
      [10, 'last, hourly, newest good'],
    ])
  })

  it('ends with the retention, save for the newest good and the last verified one', () => {
    const backups = [backup(3 * 1440), backup(4 * 1440), backup(5 * 1440, { verified: true })]
    expect(kept(backups, { daily: 9 }, 2 * DAY)).toEqual([
      [3 * 1440, 'newest good'],
      [5 * 1440, 'last verified'],
    ])
  })

  it('is the newest of all where none is good', () => {
    expect(kept([backup(20 * 1440, { good: false }), backup(30 * 1440, { good: false })], {})).toEqual([
      [20 * 1440, 'newest'],
    ])
  })
})

const count = fc.nat(5)
const policies: fc.Arbitrary<Keep> = fc.record({
  last: fc.integer({ min: 1, max: 5 }),
  hourly: count,
  daily: count,
  weekly: count,
  monthly: count,
  sets: count,
})
const candidates = fc.uniqueArray(
  fc.record({
    ago: fc.nat(500_000),
    good: fc.boolean(),
    verified: fc.boolean(),
    set: fc.option(fc.constant('s'), { nil: undefined }),
  }),
  { selector: ({ ago }) => ago, maxLength: 40 },
)
const given = (list: { ago: number; good: boolean; verified: boolean; set: string | undefined }[]) =>
  list.map(({ ago, good, verified, set }) => backup(ago, { good, verified: good && verified, ...(set ? { set } : {}) }))
const ids = (list: Candidate[], keep: Keep, age = Infinity) => new Set(toKeep(list, keep, NOW, age).map(({ id }) => id))
const options = { seed: 44, numRuns: 300 }
const idOf = (candidate: Candidate | undefined) => candidate?.manifest.id ?? ''
const newest = (list: Candidate[]) => [...list].sort((a, b) => b.manifest.takenAt.localeCompare(a.manifest.takenAt))

describe('whatever there is', () => {
  it('the newest good one and the last verified one stay, and never nothing', () => {
    fc.assert(
      fc.property(candidates, policies, fc.constantFrom(Infinity, 30 * DAY, 0), (list, keep, age) => {
        const all = given(list)
        const left = ids(all, keep, age)
        const good = newest(all.filter((candidate) => candidate.good))
        if (good.length > 0) expect(left).toContain(idOf(good[0]))
        const verified = newest(all.filter((candidate) => candidate.verified))
        if (verified.length > 0) expect(left).toContain(idOf(verified[0]))
        expect(left.size > 0).toBe(all.length > 0)
      }),
      options,
    )
  })

  it('pruning twice removes nothing more, and one after the other removes what at once does', () => {
    fc.assert(
      fc.property(candidates, policies, (list, keep) => {
        const all = given(list)
        const left = ids(all, keep)
        expect(
          ids(
            all.filter((candidate) => left.has(idOf(candidate))),
            keep,
          ),
        ).toEqual(left)
      }),
      options,
    )
  })

  it('a larger count never keeps less, and nobody depends on the order', () => {
    fc.assert(
      fc.property(candidates, policies, (list, keep) => {
        const all = given(list)
        const more = { ...keep, hourly: keep.hourly + 1, daily: keep.daily + 2, sets: keep.sets + 1 }
        expect(ids(all, keep).isSubsetOf(ids(all, more))).toBe(true)
        expect(ids([...all].reverse(), keep)).toEqual(ids(all, keep))
      }),
      options,
    )
  })
})

it('no backup outlives the shortest long retention of its file: a year for identity.db, five for admin.db, seven for billing.db', () => {
  expect(longestAge('identity')).toBe(365 * DAY)
  expect(longestAge('admin')).toBe(5 * 365 * DAY)
  expect(longestAge('billing')).toBe(7 * 365 * DAY)
})
