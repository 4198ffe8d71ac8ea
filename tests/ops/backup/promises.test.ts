import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { recordDrill } from '../../../src/ops/backup/fetch.ts'
import { readPolicies } from '../../../src/ops/backup/policy.ts'
import { promisesOf } from '../../../src/ops/backup/promises.ts'
import { verifyBackup } from '../../../src/ops/backup/verify.ts'
import { type World, withWorld } from './world.ts'

const MINUTE = 60_000
const DAY = 86_400_000
const time = (day: number, hour: number, minute = 0) => new Date(Date.UTC(2026, 5, day, hour, minute))

async function promised(world: World, now: Date, changes: Partial<World['policy']> = {}) {
  const policies = { ...readPolicies({ dataDir: world.dir }), billing: { ...world.policy, ...changes } }
  const [found] = await promisesOf(policies, now, ['billing'])
  if (!found) throw new Error('No promise')
  return { ...found, codes: found.alarms.map(({ code }) => code) }
}

const takeAt = (world: World, at: Date) => {
  world.sources.set(at)
  return world.take()
}

describe('the recovery point', () => {
  it('is promised by the schedule, and achieved by the age of the newest good backup', () =>
    withWorld(async (world) => {
      await takeAt(world, time(1, 12, 0))
      await takeAt(world, time(1, 12, 15))
      const newest = await takeAt(world, time(1, 12, 50))
      const found = await promised(world, time(1, 13, 1))
      expect(found).toMatchObject({
        configured: { recoveryPointMs: 15 * MINUTE },
        achieved: { recoveryPointMs: 11 * MINUTE, longestGapMs: 35 * MINUTE, recoveryTimeMs: undefined },
        backups: 3,
        newest: { id: newest.id },
        alarms: [],
      })
    }))

  it('remembers gaps of backups that were pruned, and counts the time since the last', () =>
    withWorld(async (world) => {
      const first = await takeAt(world, time(1, 12))
      await takeAt(world, time(1, 18))
      rmSync(join(world.target, `${first.id}.json`))
      expect((await promised(world, time(1, 19))).achieved.longestGapMs).toBe(6 * 60 * MINUTE)
      expect((await promised(world, time(3, 18))).achieved.longestGapMs).toBe(2 * DAY)
    }))
})

describe('an alarm', () => {
  it('rings when a run is missed beyond its grace, or there is nothing at all', () =>
    withWorld(async (world) => {
      expect((await promised(world, time(1, 12))).codes).toEqual(['missed'])
      await takeAt(world, time(1, 12, 0))
      expect((await promised(world, time(1, 12, 29))).codes).toEqual([])
      const late = await promised(world, time(1, 12, 30))
      expect(late.codes).toEqual(['missed'])
      expect(late.alarms[0]?.message).toBe(
        'The backup of billing.db due at 2026-06-01T12:15:00.000Z is missing; the newest is of 2026-06-01T12:00:00.000Z',
      )
      expect((await promised(world, time(1, 12, 30), { graceMinutes: 60 })).codes).toEqual([])
    }))

  it('rings when an archive fails its check, is gone, or a manifest cannot be read', () =>
    withWorld(async (world) => {
      const first = await takeAt(world, time(1, 11, 45))
      const second = await takeAt(world, time(1, 12, 0))
      writeFileSync(join(world.target, first.archive), 'x')
      await verifyBackup({ policy: world.policy, backup: { manifest: first }, sources: world.sources })
      const found = await promised(world, time(1, 12, 5))
      expect(found.codes).toEqual(['failed-check'])
      expect(found.alarms[0]?.message).toMatch(new RegExp(`^${first.id} failed its check: .*damaged`))
      rmSync(join(world.target, second.archive))
      writeFileSync(join(world.target, 'billing-20260601T110000Z-bad.json'), '{}')
      const worse = await promised(world, time(1, 12, 5))
      expect(worse.codes).toEqual(['missed', 'failed-check', 'failed-check', 'unreadable'])
      expect(worse.alarms.map(({ message }) => message)).toContain(`${second.id}: its archive is gone`)
    }))

  it('rings when no drill passed for too long, once there was time for one', () =>
    withWorld(async (world) => {
      const manifest = await takeAt(world, time(1, 12))
      const grace = { graceMinutes: 100_000, drillDays: 7 }
      expect((await promised(world, time(8, 11), grace)).codes).toEqual([])
      expect((await promised(world, time(8, 13), grace)).codes).toEqual(['no-drill'])
      const drill = { domain: 'billing' as const, backupId: manifest.id, tookMs: 4_200, findings: [] as string[] }
      await recordDrill(
        world.policy,
        { ...drill, at: time(8, 12).toISOString(), passed: false, findings: ['x'] },
        { now: () => time(8, 12) },
      )
      expect((await promised(world, time(8, 13), grace)).codes).toEqual(['failed-drill', 'no-drill'])
      await recordDrill(
        world.policy,
        { ...drill, at: time(8, 13).toISOString(), passed: true },
        { now: () => time(8, 13) },
      )
      const found = await promised(world, time(8, 14), grace)
      expect(found).toMatchObject({
        codes: [],
        lastDrillAt: time(8, 13).toISOString(),
        achieved: { recoveryTimeMs: 4_200 },
      })
      expect((await promised(world, time(8, 14), { ...grace, drillDays: 0 })).codes).toEqual([])
    }))

  it('rings for want of a drill also where backups are kept for a shorter time', () =>
    withWorld(async (world) => {
      const first = await takeAt(world, time(1, 12))
      await takeAt(world, time(20, 12))
      for (const name of [`${first.id}.json`, first.archive]) rmSync(join(world.target, name))
      const grace = { graceMinutes: 100_000, drillDays: 14 }
      expect((await promised(world, time(14, 12), grace)).codes).toEqual([])
      expect((await promised(world, time(20, 13), grace)).codes).toEqual(['no-drill'])
    }))

  it('is an old one where a younger backup has passed its check', () =>
    withWorld(async (world) => {
      const first = await takeAt(world, time(1, 11, 45))
      const second = await takeAt(world, time(1, 12, 0))
      writeFileSync(join(world.target, first.archive), 'x')
      const verify = (manifest: typeof first) =>
        verifyBackup({ policy: world.policy, backup: { manifest }, sources: world.sources })
      await verify(first)
      expect((await promised(world, time(1, 12, 5))).alarms).toEqual([expect.not.objectContaining({ isOld: true })])
      await verify(second)
      expect((await promised(world, time(1, 12, 5))).alarms).toMatchObject([{ code: 'failed-check', isOld: true }])
    }))

  it('rings when the store is out of reach', () =>
    withWorld(async (world) => {
      const target = {
        kind: 's3',
        bucket: 'b',
        prefix: '',
        region: 'x',
        endpoint: 'http://127.0.0.1:9',
        forcePathStyle: true,
      } as const
      const credentialsFile = join(world.dir, 'credentials.json')
      writeFileSync(credentialsFile, '{"accessKeyId":"a","secretAccessKey":"b"}')
      const found = await promised(world, time(1, 12), { target: { ...target, credentialsFile } })
      expect(found.codes).toEqual(['out-of-reach'])
    }))
})
