import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { fetchBackup } from '../../../src/ops/backup/fetch.ts'
import { listBackups } from '../../../src/ops/backup/list.ts'
import { openStore } from '../../../src/ops/backup/open-store.ts'
import { pruneBackups } from '../../../src/ops/backup/prune.ts'
import { verifyBackup } from '../../../src/ops/backup/verify.ts'
import { workPath } from '../../../src/ops/backup/work-folder.ts'
import { withFolder } from '../../helpers/databases.ts'
import { type TestBucket, withBucket } from './bucket.ts'
import { contentsOf, keyFile, type World, withWorld } from './world.ts'

const inBucket = <T>(work: (world: World, bucket: TestBucket) => Promise<T>): Promise<T> =>
  withWorld((world) =>
    withBucket(world.dir, (bucket) => {
      const policy = {
        ...world.policy,
        target: bucket.target,
        workFolder: join(world.dir, 'work'),
        keyFile: keyFile(world.dir),
      }
      return work({ ...world, policy, take: (changes = {}, set) => world.take({ ...policy, ...changes }, set) }, bucket)
    }),
  )

describe('a bucket', () => {
  it('takes backups, lists, checks, fetches and prunes them', () =>
    inBucket(async (world) => {
      const { policy, sources } = world
      world.fill(0, 3_000)
      const first = await world.take()
      sources.set(new Date(sources.now().getTime() + 60_000))
      world.fill(3_000, 3_100)
      const second = await world.take()
      expect((await listBackups(policy)).backups.map(({ manifest }) => manifest)).toEqual([second, first])
      expect(await verifyBackup({ policy, backup: { manifest: second }, sources })).toMatchObject({
        passed: true,
        findings: [],
      })
      const target = join(world.dir, 'fetched.db')
      await fetchBackup({ policy, manifest: second, target })
      expect(contentsOf(target)).toEqual(contentsOf(world.path))
      expect(readdirSync(workPath(policy, 'take'))).toEqual(['lock.db'])
      const keep = { last: 1, hourly: 0, daily: 0, weekly: 0, monthly: 0, sets: 0 }
      const pruned = await pruneBackups({ ...policy, keep }, { now: sources.now() })
      expect(pruned.removed).toEqual([first.id])
      using store = openStore(policy.target)
      expect((await store.list()).map(({ name }) => name).sort()).toEqual(
        [
          second.archive,
          `${second.id}.json`,
          `${second.id}.verified.json`,
          'history-billing.json',
          'since-billing.json',
        ].sort(),
      )
    }))

  it('gets large archives in parts, and gives them back as they were', () =>
    withFolder((dir) =>
      withBucket(dir, async ({ target, requests }) => {
        const bytes = randomBytes((40 << 20) + 123)
        writeFileSync(join(dir, 'large'), bytes)
        using store = openStore(target)
        await store.put('large', join(dir, 'large'))
        expect(requests.filter((line) => /PUT .*partNumber=/.test(line)).length).toBe(3)
        const sum = (content: Buffer) => createHash('sha256').update(content).digest('hex')
        expect(sum(await buffer(await store.read('large')))).toBe(sum(bytes))
        expect(await store.list('la')).toMatchObject([{ name: 'large', bytes: bytes.length }])
      }),
    ))

  it('is tried again where it fails for a moment', () =>
    inBucket(async (world, { failNext }) => {
      failNext(/^PUT .*\.enc/, 503, 2)
      const manifest = await world.take()
      expect((await listBackups(world.policy)).backups.map((backup) => backup.manifest.id)).toEqual([manifest.id])
    }))

  it('that goes on failing is one error without secrets, shows no backup, and takes the parts back', () =>
    inBucket(async (world, { failNext, requests }) => {
      failNext(/^PUT .*\.enc/, 500, 99)
      const error = (await world.take().catch((thrown: unknown) => thrown)) as Error & { code: string; hint: string }
      expect(error).toMatchObject({
        code: 'unavailable',
        message: expect.stringMatching(/^s3:\/\/backups\/gogga\/billing could not be used: /),
      })
      expect(JSON.stringify([error.message, error.hint, error.cause, { ...error }])).not.toMatch(
        /S3RVER|Signature|Authorization/i,
      )
      expect((await listBackups(world.policy)).backups).toEqual([])
      expect(readdirSync(workPath(world.policy, 'take'))).toEqual(['lock.db'])
      writeFileSync(join(world.dir, 'large'), randomBytes(20 << 20))
      failNext(/partNumber=2/, 500, 99)
      using store = openStore(world.policy.target)
      await expect(store.put('large', join(world.dir, 'large'))).rejects.toMatchObject({ code: 'unavailable' })
      expect(requests.some((line) => /^DELETE .*large.*uploadId=/.test(line))).toBe(true)
      expect(await store.list('large')).toEqual([])
    }))

  it.each([
    ['that is not there', { bucket: 'none' }, /s3:\/\/none\/gogga\/billing could not be used: NoSuchBucket/],
    ['that nobody answers for', { endpoint: 'http://127.0.0.1:9' }, /could not be used: ECONNREFUSED/],
  ])('%s is named in the error', (_name, changes, says) =>
    withFolder((dir) =>
      withBucket(dir, async ({ target }) => {
        using store = openStore({ ...target, ...changes })
        await expect(store.list()).rejects.toMatchObject({ code: 'unavailable', message: expect.stringMatching(says) })
      }),
    ),
  )

  it('with credentials that are none says where, and not what they hold', () =>
    withFolder((dir) =>
      withBucket(dir, async ({ target }) => {
        const credentialsFile = join(dir, 'wrong.json')
        writeFileSync(credentialsFile, '{"accessKeyId": "AKIASECRET", oops')
        const open = () => openStore({ ...target, credentialsFile })
        expect(open).toThrow(/wrong\.json cannot be read: it is no JSON/)
        expect(open).not.toThrow(/AKIASECRET/)
        writeFileSync(credentialsFile, '{"accessKeyId": "AKIASECRET"}')
        expect(open).toThrow(/does not hold accessKeyId and secretAccessKey/)
        expect(existsSync(join(dir, 's3/backups/gogga'))).toBe(false)
      }),
    ))

  it('says that a name is not in it', () =>
    withFolder((dir) =>
      withBucket(dir, async ({ target }) => {
        using store = openStore(target)
        await expect(store.read('none')).rejects.toMatchObject({ code: 'not-found' })
        expect(await store.readText('none')).toBeUndefined()
        await store.remove('none')
      }),
    ))
})
