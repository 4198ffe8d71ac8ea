import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { listBackups, newestBackup } from '../../../src/ops/backup/list.ts'
import { pruneBackups } from '../../../src/ops/backup/prune.ts'
import type { Manifest } from '../../../src/ops/backup/types.ts'
import { verifyBackup } from '../../../src/ops/backup/verify.ts'
import { checksumOf } from './checksums.ts'
import { keyFile, type World, withWorld } from './world.ts'

const verify = ({ policy, sources }: World, manifest: Manifest) =>
  verifyBackup({ policy, backup: { manifest }, sources })

/** A backup of a file that somebody changed by hand, under the manifest of the sound one. */
async function swapped(world: World, change: (database: Database.Database) => void): Promise<Manifest> {
  const sound = await world.take({ compression: 'none' })
  change(new Database(world.path))
  world.sources.set(new Date(world.sources.now().getTime() + 1_000))
  const other = await world.take({ compression: 'none' })
  const mixed: Manifest = { ...sound, archive: other.archive, bytes: other.bytes, checksum: other.checksum }
  writeFileSync(join(world.target, `${sound.id}.json`), JSON.stringify(mixed))
  return mixed
}

describe('a check', () => {
  it('passes a sound backup and is kept beside it', () =>
    withWorld(async (world) => {
      world.fill(0, 200)
      const manifest = await world.take()
      expect((await newestBackup(world.policy)).verified).toBeUndefined()
      const result = await verify(world, manifest)
      expect(result).toEqual({
        backupId: manifest.id,
        at: '2026-06-01T12:00:00.000Z',
        tookMs: 0,
        passed: true,
        findings: [],
      })
      expect((await newestBackup(world.policy)).verified).toEqual(result)
    }))

  it('finds an archive that is gone or changed, and the newest good one is then another', () =>
    withWorld(async (world) => {
      world.fill(0, 200)
      const older = await world.take()
      world.sources.set(new Date(world.sources.now().getTime() + 3_600_000))
      const newer = await world.take()
      const archive = join(world.target, newer.archive)
      const bytes = readFileSync(archive)
      bytes[100] = (bytes[100] ?? 0) ^ 1
      writeFileSync(archive, bytes)
      expect(await verify(world, newer)).toMatchObject({
        passed: false,
        findings: [expect.stringContaining('damaged')],
      })
      expect((await newestBackup(world.policy)).manifest.id).toBe(older.id)
      rmSync(archive)
      expect(await verify(world, newer)).toMatchObject({
        passed: false,
        findings: [expect.stringContaining('is not in')],
      })
      rmSync(join(world.target, older.archive))
      await expect(newestBackup(world.policy)).rejects.toMatchObject({ code: 'not-found' })
    }))

  it.each([
    [
      'rows that are missing',
      'delete from "ProcessedPayment" where id = \'p3\'',
      /rows differ: .*"ProcessedPayment":200.*"ProcessedPayment":199/,
    ],
    [
      'a migration that nobody knows',
      "update \"_prisma_migrations\" set migration_name = '20990101000000_later' where migration_name like '%init'",
      /has the migration 20990101000000_later, which this version/,
    ],
  ])('finds %s', (_name, sql, says) =>
    withWorld(async (world) => {
      world.fill(0, 200)
      const change = (database: Database.Database) => {
        database.exec(sql)
        database.close()
      }
      const result = await verify(world, await swapped(world, change))
      expect(result.passed).toBe(false)
      expect(result.findings.join('\n')).toMatch(says)
    }),
  )

  it('finds another application_id', () =>
    withWorld(async (world) => {
      const manifest = await world.take({ compression: 'none' })
      // Offset 68 of the header is the application_id (sqlite.org/fileformat.html).
      const bytes = readFileSync(join(world.target, manifest.archive))
      bytes.writeUInt32BE(7, 68)
      writeFileSync(join(world.target, manifest.archive), bytes)
      const result = await verify(world, { ...manifest, checksum: checksumOf(bytes) })
      expect(result).toMatchObject({ passed: false, findings: [expect.stringMatching(/an unknown database/)] })
    }))

  it('finds an index that names rows which its table does not have', () =>
    withWorld(async (world) => {
      world.fill(0, 200)
      const manifest = await swapped(world, (database) => {
        // Same number of entries, other values: quick_check, which a backup makes, does not see it.
        database.exec('create index "mine" on "ProcessedPayment" (pfPaymentId)')
        database.exec(
          'create table "t" (a); insert into "t" select userId from "ProcessedPayment"; create index "theirs" on "t" (a)',
        )
        const page = database.prepare("select rootpage from sqlite_schema where name = 'theirs'").pluck().get()
        database.unsafeMode(true)
        database.pragma('writable_schema = ON')
        database.prepare("update sqlite_schema set rootpage = ? where name = 'mine'").run(page)
        database.exec("delete from sqlite_schema where name = 'theirs'")
        database.close()
      })
      const { passed, findings } = await verify(world, manifest)
      expect(passed).toBe(false)
      expect(findings.join('\n')).toMatch(/missing from index mine/)
    }))

  it('says nothing about a backup whose key is not there', () =>
    withWorld(async (world) => {
      const manifest = await world.take({ keyFile: keyFile(world.dir) })
      await expect(verify(world, manifest)).rejects.toMatchObject({ code: 'usage' })
      expect((await listBackups(world.policy)).backups[0]?.verified).toBeUndefined()
    }))
})

describe('pruning', () => {
  it('removes archive, manifest and result of what the policy does not keep, or says so', () =>
    withWorld(async (world) => {
      const ids: string[] = []
      for (let hour = 0; hour < 6; hour++) {
        world.sources.set(new Date(Date.UTC(2026, 5, 1, hour, 30)))
        const manifest = await world.take()
        if (hour === 0 || hour === 2) await verify(world, manifest)
        ids.push(manifest.id)
      }
      const policy = { ...world.policy, keep: { last: 1, hourly: 2, daily: 1, weekly: 0, monthly: 0, sets: 0 } }
      const now = world.sources.now()
      const plan = await pruneBackups(policy, { now, dryRun: true })
      expect(plan.removed).toEqual([ids[3], ids[1], ids[0]])
      expect(plan.kept.map(({ id }) => id)).toEqual([ids[5], ids[4], ids[2]])
      expect((await listBackups(policy)).backups.length).toBe(6)
      expect(await pruneBackups(policy, { now })).toEqual(plan)
      expect((await listBackups(policy)).backups.map(({ manifest }) => manifest.id)).toEqual([ids[5], ids[4], ids[2]])
      expect(await pruneBackups(policy, { now })).toMatchObject({ removed: [], bytes: 0 })
      for (const id of plan.removed) {
        const left = readdirSync(world.target).filter((name) => name.startsWith(id))
        expect(left).toEqual([])
      }
    }))
})
