import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isGood, listBackups } from '../../../src/ops/backup/list.ts'
import { readPolicies } from '../../../src/ops/backup/policy.ts'
import { promisesOf } from '../../../src/ops/backup/promises.ts'
import { takeBackup } from '../../../src/ops/backup/take.ts'
import { runDrill } from '../../../src/ops/drill.ts'
import { type Databases, withDatabases } from '../../helpers/databases.ts'
import { backupSources, START } from '../backup/world.ts'
import { payment, plant, user } from '../check/planting.ts'

const withBackup = (work: (world: ReturnType<typeof worldOf> & { databases: Databases }) => Promise<void>) =>
  withDatabases(async (databases) => {
    for (let nth = 0; nth < 12; nth++) {
      plant(databases, 'identity', user(`u${nth}`))
      plant(databases, 'billing', payment(`p${nth}`, `u${nth}`))
    }
    const world = worldOf(databases)
    await takeBackup({ policy: world.policy, path: databases.paths.billing, sources: world.sources })
    world.sources.set(new Date(START.getTime() + 60_000))
    await work({ ...world, databases })
  })

function worldOf({ dir, paths }: Databases) {
  const work = join(dir, 'work')
  mkdirSync(work)
  const policies = readPolicies({ dataDir: dir })
  const policy = { ...policies.billing, workFolder: work }
  const sources = backupSources()
  return { policies, policy, sources, work, drill: () => runDrill({ policy, paths, sources }) }
}

describe('a drill', () => {
  it('passes on a good backup, is recorded beside it, and leaves nothing behind', () =>
    withBackup(async ({ drill, policies, policy, sources, work }) => {
      const report = await drill()
      expect(report).toMatchObject({ domain: 'billing', passed: true, findings: [], dangling: [], closed: [] })
      expect(readdirSync(work).filter((name) => name.startsWith('gogga-drill'))).toEqual([])
      expect((await listBackups(policy)).drills).toMatchObject([{ backupId: report.backupId, passed: true }])
      const [promised] = await promisesOf(policies, sources.now(), ['billing'])
      expect(promised).toMatchObject({ lastDrillAt: report.at, achieved: { recoveryTimeMs: report.tookMs } })
    }))

  it('tells which links would dangle, and passes while others fit', () =>
    withBackup(async ({ drill, databases }) => {
      plant(databases, 'identity', `delete from "User" where id = 'u3'`)
      expect(await drill()).toMatchObject({
        passed: true,
        dangling: [{ link: 'billing.ProcessedPayment.userId', policy: 'keep', rows: 1, of: 12 }],
      })
    }))

  it('fails where not one row fits the live files, which is not the fault of the backup', () =>
    withBackup(async ({ drill, databases, policy }) => {
      plant(databases, 'identity', 'delete from "User"')
      const { passed, findings } = await drill()
      expect((await listBackups(policy)).backups.filter(isGood)).toHaveLength(1)
      expect({ passed, findings }).toEqual({
        passed: false,
        findings: [expect.stringContaining('none of its 12 rows names a row that is there')],
      })
    }))

  it('passes without the other files, and says that they were not compared', () =>
    withBackup(async ({ drill, databases }) => {
      rmSync(databases.paths.identity)
      expect(await drill()).toMatchObject({ passed: true, closed: ['identity'] })
    }))

  it('fails on an archive that was changed, and records that', () =>
    withBackup(async ({ drill, policies, policy, sources }) => {
      const [backup] = (await listBackups(policy)).backups
      const archive = join((policy.target as { path: string }).path, backup?.manifest.archive ?? '')
      writeFileSync(archive, readFileSync(archive).fill(1, 40, 50))
      const { passed, findings, backupId } = await drill()
      expect({ passed, findings }).toEqual({ passed: false, findings: [expect.stringContaining('damaged')] })
      const { drills, backups } = await listBackups(policy)
      expect(drills).toMatchObject([{ backupId, passed: false, findings }])
      // No restore takes it for a good one any more.
      expect(backups.filter(isGood)).toEqual([])
      const [promised] = await promisesOf(policies, sources.now(), ['billing'])
      expect(promised?.alarms.map(({ code }) => code)).toEqual(['missed', 'failed-check', 'failed-drill'])
    }))

  it('fails where the counts are not those of the manifest', () =>
    withBackup(async ({ drill, policy }) => {
      const [backup] = (await listBackups(policy)).backups
      const path = join((policy.target as { path: string }).path, `${backup?.manifest.id}.json`)
      const manifest = JSON.parse(readFileSync(path, 'utf8'))
      manifest.rows.ProcessedPayment = 13
      writeFileSync(path, JSON.stringify(manifest))
      expect(await drill()).toMatchObject({ passed: false, findings: [expect.stringContaining('rows differ')] })
    }))

  it('refuses where there is no backup, and writes nothing', () =>
    withDatabases(async (databases) => {
      const { drill } = worldOf(databases)
      await expect(drill()).rejects.toThrow('There is no good backup of billing.db')
      expect(existsSync(join(databases.dir, 'backups'))).toBe(false)
    }))
})
