// Stores as a server sees them: one that does not answer is not waited for, and those who ask at once ask it once.
import { expect, test } from 'vitest'
import { readPolicies } from '../../../src/ops/backup/policy.ts'
import { seeBackups } from '../../../src/ops/backup/seen.ts'
import { withFolder } from '../../helpers/databases.ts'
import { START, testSources } from '../../helpers/one-file.ts'
import { silentBucket } from './silent-bucket.ts'

test('a store that does not answer is out of sight, and the others are seen', () =>
  withFolder(async (dir) => {
    await using silent = await silentBucket()
    const policies = { ...readPolicies({ dataDir: dir }), billing: silent.policy }
    const seen = seeBackups(
      () => policies,
      () => START,
      20,
    )
    const visible = (await seen.lists()).map(({ domain, isVisible }) => [domain, isVisible])
    expect(visible).toEqual([
      ['identity', true],
      ['billing', false],
      ['admin', true],
    ])
    const codes = (await seen.promises()).map(({ alarms }) => alarms.map(({ code }) => code))
    expect(codes).toEqual([['missed'], ['out-of-reach'], ['missed']])
  }))

test('it is asked once in two seconds, however many want to know', () =>
  withFolder(async (dir) => {
    const sources = testSources()
    const policies = readPolicies({ dataDir: dir })
    let asked = 0
    const counting = () => {
      asked += 1
      return policies
    }
    const seen = seeBackups(counting, () => sources.now())
    const [first, second] = await Promise.all([seen.lists(), seen.lists()])
    expect(second).toBe(first)
    expect(await seen.lists()).toBe(first)
    const once = asked
    sources.setNow(new Date(START.getTime() + 2_000))
    expect(await seen.lists()).not.toBe(first)
    expect(asked).toBe(2 * once)
  }))
