// The checks that a server runs by itself: in a process of their own, one turn at a time, with what they found kept.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readPolicies } from '../../../src/ops/backup/policy.ts'
import { dueTurn } from '../../../src/ops/check/check-job.ts'
import { type Checker, type CheckerOptions, createChecker } from '../../../src/ops/check/checker.ts'
import { CHECKS } from '../../../src/ops/check/checks.ts'
import type { Finding } from '../../../src/ops/check/finding.ts'
import { type Checked, checksOf, newestFindings } from '../../../src/ops/check/turns.ts'
import { type Databases, withDatabases } from '../../helpers/databases.ts'
import { silentBucket } from '../backup/silent-bucket.ts'
import { bystander, NOW, plant, shortly, T } from './planting.ts'

const withChecker = (
  work: (checker: Checker, databases: Databases, clock: { now: Date }) => Promise<void>,
  options: Partial<CheckerOptions> = {},
): Promise<void> =>
  withDatabases(async (databases) => {
    const clock = { now: NOW }
    const policies = () => readPolicies({ dataDir: databases.dir })
    await using checker = createChecker({ paths: databases.paths, policies, now: () => clock.now, ...options })
    await work(checker, databases, clock)
  })

const subscription = (userId: string) =>
  `insert into "Subscription" (id, userId, tier, status, createdAt, updatedAt) values ('s-${userId}', '${userId}', 'FREE', 'active', '${T}', '${T}')`
const children = () => process.getActiveResourcesInfo().filter((name) => name === 'ProcessWrap').length
const withoutBackups = (found: readonly Finding[]) => shortly(found.filter(({ check }) => check !== 'backups'))

test('a turn finds what the command finds, and keeps it with its time', () =>
  withChecker(async (checker, databases) => {
    expect(checker.state()).toEqual({
      running: undefined,
      often: undefined,
      whole: undefined,
      findings: [],
      failedAt: undefined,
    })
    plant(databases, 'identity', bystander)
    plant(databases, 'billing', subscription('nobody'))
    const checked = await checker.run('often')
    expect(withoutBackups(checked.findings)).toEqual(['warning billing.Subscription.userId links 1'])
    expect(checked.findings.filter(({ check }) => check === 'backups')).toHaveLength(3)
    expect(checked).toMatchObject({ turn: 'often', at: NOW, tookMs: expect.any(Number) })
    expect(checker.state()).toMatchObject({ often: checked, whole: undefined, findings: checked.findings })
  }))

test('a turn looks at what lies beside the files where it knows the folder', () =>
  withDatabases(async ({ dir, paths }) => {
    mkdirSync(join(dir, 'undo'), { mode: 0o700 })
    writeFileSync(join(dir, 'undo/2026-06-01.jsonl'), '{}', { mode: 0o600 })
    const policies = () => readPolicies({ dataDir: dir })
    await using checker = createChecker({ paths, policies, dataDir: dir, now: () => new Date() })
    expect(withoutBackups((await checker.run('often')).findings)).toEqual(['notice identity undo files 1'])
  }))

test('what reads every page is left to the whole turn, and what that found stays known after the next quick one', () =>
  withChecker(async (checker, databases, clock) => {
    // Free pages that still hold what was deleted: this tool writes without secure_delete.
    const rows = 'with recursive n(i) as (select 1 union all select i + 1 from n where i < 200)'
    plant(databases, 'billing', `create table x as ${rows} select hex(randomblob(500)) as a from n`, 'drop table x')
    const names = () => checker.state().findings.map(({ check }) => check)
    await checker.run('often')
    expect(names()).not.toContain('traces')
    const whole = await checker.run('whole')
    expect(names()).toContain('traces')
    clock.now = new Date(clock.now.getTime() + 600_000)
    await checker.run('often')
    expect(names()).toContain('traces')
    expect(checker.state().whole).toBe(whole)
  }))

test('those who ask while a turn runs get that one, or the next where it looks at less', () =>
  withChecker(async (checker) => {
    const often = checker.run('often')
    expect(checker.state().running).toEqual({ turn: 'often', since: NOW })
    const [same, first, second] = await Promise.all([checker.run('often'), checker.run('whole'), checker.run('whole')])
    expect(same).toBe(await often)
    expect(first.turn).toBe('whole')
    expect(second).toBe(first)
    expect(checker.state()).toMatchObject({ running: undefined, often: same, whole: first })
  }))

test('disposing kills what runs, and whoever waits is told', () =>
  withChecker(async (checker) => {
    const before = children()
    const turn = checker.run('whole')
    const refused = expect(turn).rejects.toMatchObject({ code: 'stopped' })
    expect(children()).toBe(before + 1)
    await checker[Symbol.asyncDispose]()
    await refused
    expect(children()).toBe(before)
    await expect(checker.run('often')).rejects.toMatchObject({ code: 'stopped' })
    expect(children()).toBe(before)
  }))

test('what waits for ever is killed as well', async () => {
  await using silent = await silentBucket()
  await withChecker(
    async (checker) => {
      const refused = expect(checker.run('often')).rejects.toMatchObject({ code: 'stopped' })
      await silent.asked
      await checker[Symbol.asyncDispose]()
      await refused
    },
    { policies: () => ({ ...readPolicies({ dataDir: '/nowhere' }), billing: silent.policy }) },
  )
})

test('a turn that comes to no end leaves what was known, and says since when', async () => {
  let fails = false
  const policies = () => {
    if (fails) throw new Error('no policies')
    return readPolicies({ dataDir: '/nowhere' })
  }
  await withChecker(
    async (checker) => {
      const good = await checker.run('often')
      fails = true
      await expect(checker.run('often')).rejects.toThrow('no policies')
      expect(checker.state()).toMatchObject({ running: undefined, often: good, failedAt: NOW })
      fails = false
      await checker.run('often')
      expect(checker.state().failedAt).toBeUndefined()
    },
    { policies },
  )
})

test('a task that cannot be sent leaves no process behind', () =>
  withChecker(
    async (checker) => {
      const before = children()
      await expect(checker.run('often')).rejects.toThrow()
      expect(children()).toBeLessThanOrEqual(before + 1)
      expect(checker.state()).toMatchObject({ running: undefined, failedAt: NOW })
    },
    { policies: (() => ({ billing: () => 0 })) as unknown as CheckerOptions['policies'] },
  ))

test('every check is in a turn, and the quick turn leaves out exactly these', () => {
  expect(checksOf('whole')).toEqual(Object.keys(CHECKS))
  const left = checksOf('whole').filter((name) => !checksOf('often').includes(name))
  expect(left).toEqual(['integrity', 'foreign keys', 'secure delete', 'traces'])
})

const checked = (turn: Checked['turn'], minutes: number, ...checks: readonly string[]): Checked => ({
  turn,
  at: new Date(NOW.getTime() + minutes * 60_000),
  tookMs: 1,
  findings: checks.map((check) => ({ check, severity: 'error', place: { file: 'billing' }, message: '', next: '' })),
})

test('what is known is the newest, with what only a whole turn looks for', () => {
  const names = (often?: Checked, whole?: Checked) => newestFindings(often, whole).map(({ check }) => check)
  expect(names()).toEqual([])
  expect(names(checked('often', 0, 'outbox'))).toEqual(['outbox'])
  expect(names(undefined, checked('whole', 0, 'integrity', 'links'))).toEqual(['integrity', 'links'])
  expect(names(checked('often', 0, 'outbox'), checked('whole', 1, 'integrity'))).toEqual(['integrity'])
  expect(names(checked('often', 2, 'outbox'), checked('whole', 1, 'integrity', 'links'))).toEqual([
    'outbox',
    'integrity',
  ])
})

test('the first turn is a quick one, then a whole one is due each day', () => {
  const at = (minutes: number) => new Date(NOW.getTime() + minutes * 60_000)
  const often = checked('often', 0)
  const whole = checked('whole', 10)
  expect(dueTurn({ often: undefined, whole: undefined }, at(0))).toBe('often')
  expect(dueTurn({ often, whole: undefined }, at(10))).toBe('whole')
  expect(dueTurn({ often, whole }, at(20))).toBe('often')
  expect(dueTurn({ often: undefined, whole }, at(20))).toBe('often')
  expect(dueTurn({ often, whole }, at(10 + 24 * 60 - 1))).toBe('often')
  expect(dueTurn({ often, whole }, at(10 + 24 * 60))).toBe('whole')
})
