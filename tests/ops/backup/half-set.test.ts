// A set that was killed between two of its backups is no restore point, and what is left of it are backups like others.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { DOMAINS } from '../../../src/database/domains.ts'
import { listBackups } from '../../../src/ops/backup/list.ts'
import { type Policies, readPolicies } from '../../../src/ops/backup/policy.ts'
import { pruneBackups } from '../../../src/ops/backup/prune.ts'
import { type TakenSet, takeSet } from '../../../src/ops/backup/set.ts'
import { setsIn, withOthers } from '../../../src/ops/backup/whole-sets.ts'
import { gogga } from '../../commands/gogga-child.ts'
import { type Databases, withDatabases } from '../../helpers/databases.ts'
import { backupSources, START } from './world.ts'

const CHILD = join(import.meta.dirname, 'children/take-set.ts')
const LATER = new Date(START.getTime() + 3_600_000)

interface Half {
  readonly databases: Databases
  readonly policies: Policies
  readonly whole: TakenSet
  /** Id of what is left of the newer set, and the set's name. */
  readonly left: string
  readonly set: string
}

const withHalf = (work: (half: Half) => Promise<void>) =>
  withDatabases(async (databases) => {
    const { dir, paths } = databases
    const policies = readPolicies({ dataDir: dir })
    const whole = await takeSet({ policies, paths, sources: backupSources(), elapsed: () => performance.now() })
    const killed = spawnSync(process.execPath, [CHILD, dir, LATER.toISOString()], { encoding: 'utf8' })
    expect([killed.signal, killed.stderr]).toEqual(['SIGKILL', ''])
    const [newest] = (await listBackups(policies.identity)).backups
    await work({ databases, policies, whole, left: newest?.manifest.id ?? '', set: newest?.manifest.set ?? '' })
  })

describe('half a set', () => {
  it('is marked in the list, also of one file, and over --json', () =>
    withHalf(async ({ databases: { dir }, whole, left, set }) => {
      expect(set).not.toBe(whole.set)
      for (const args of [['identity'], []]) {
        const lines = (await gogga(dir, 'backup', 'list', ...args)).out.split('\n')
        expect(lines.find((line) => line.startsWith(left))).toMatch(
          new RegExp(`HALF A SET ${set}, without billing and admin$`),
        )
        expect(lines.filter((line) => line.endsWith(`  set ${whole.set}`))).toHaveLength(args.length === 1 ? 1 : 3)
      }
      const { sets } = JSON.parse((await gogga(dir, 'backup', 'list', 'billing', '--json')).out)
      expect(sets).toMatchObject([
        { set, members: [left], missing: ['billing', 'admin'], unseen: [] },
        { set: whole.set, missing: [], unseen: [] },
      ])
      expect(sets[1].members).toHaveLength(3)
    }))

  it('does not stand for a restore point when backups are pruned', () =>
    withHalf(async ({ policies, whole, left }) => {
      const keep = { last: 0, hourly: 0, daily: 0, weekly: 0, monthly: 0, sets: 1 }
      for (const domain of DOMAINS) await pruneBackups({ ...policies[domain], keep }, { now: LATER, policies })
      const ids = async (domain: 'identity' | 'billing') =>
        (await listBackups(policies[domain])).backups.map(({ manifest }) => manifest.id)
      const wholeId = whole.backups.find(({ domain }) => domain === 'identity')?.id
      // The newest good one stays as any newest backup does.
      expect(await ids('identity')).toEqual([left, wholeId])
      expect(await ids('billing')).toHaveLength(1)
    }))

  it('can be restored from, file by file', () =>
    withHalf(async ({ databases: { dir }, left }) => {
      const restored = await gogga(dir, 'restore', 'identity', '--from', left)
      expect(restored).toMatchObject({ code: 0, out: expect.stringContaining(`Restored identity.db from ${left}`) })
    }))

  it('is not told where the backups of another file cannot be read', () =>
    withHalf(async ({ policies, set }) => {
      const mine = [{ domain: 'identity' as const, ...(await listBackups(policies.identity)) }]
      const away = { kind: 's3', bucket: 'b', prefix: '', region: 'r', forcePathStyle: true } as const
      const gone = { ...away, endpoint: 'http://127.0.0.1:9', credentialsFile: '/nowhere' }
      const others = { ...policies, billing: { ...policies.billing, target: gone } }
      const found = setsIn(await withOthers(mine, others)).find((one) => one.set === set)
      expect(found).toMatchObject({ missing: ['admin'], unseen: ['billing'] })
    }))

  it('is followed by whole ones', () =>
    withHalf(async ({ databases: { dir, paths }, policies }) => {
      const sources = backupSources(new Date(LATER.getTime() + 1_000))
      const next = await takeSet({ policies, paths, sources, elapsed: () => performance.now() })
      const { sets } = JSON.parse((await gogga(dir, 'backup', 'list', '--json')).out)
      expect(sets.map(({ missing }: { missing: string[] }) => missing.length)).toEqual([0, 2, 0])
      expect(sets[0].set).toBe(next.set)
    }))
})
