// From wherever and however backups are kept; and where one cannot be used, a sentence, a next step, and an untouched live file.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { FileError, type GoggaError, NotFoundError, UsageError } from '../../../src/errors.ts'
import type { BackupPolicy } from '../../../src/ops/backup/policy.ts'
import type { Manifest } from '../../../src/ops/backup/types.ts'
import { restore } from '../../../src/ops/restore/restore.ts'
import { type TestBucket, withBucket } from '../backup/bucket.ts'
import { contentsOf, keyFile, type World, withWorld } from '../backup/world.ts'

interface Kept {
  readonly world: World
  readonly policy: BackupPolicy
  /** Of 300 payments, an hour before `second`, which has 400; the live file has 500. */
  readonly first: Manifest
  readonly second: Manifest
  readonly bucket: TestBucket | undefined
}

type Place = 'folder' | 'bucket'

const HOUR = 3_600_000

const withKept = (place: Place, work: (kept: Kept) => Promise<void>): Promise<void> =>
  withWorld(async (world) => {
    const prepare = async (bucket?: TestBucket) => {
      const target = bucket ? { target: bucket.target, workFolder: join(world.dir, 'work') } : {}
      const policy = { ...world.policy, ...target, keyFile: keyFile(world.dir) }
      const pass = () => world.sources.set(new Date(world.sources.now().getTime() + HOUR))
      world.fill(0, 300)
      const first = await world.take(policy)
      pass()
      world.fill(300, 400)
      const second = await world.take(policy)
      pass()
      world.fill(400, 500)
      await work({ world, policy, first, second, bucket })
    }
    if (place === 'folder') await prepare()
    else await withBucket(world.dir, prepare)
  })

const run = ({ world: { dir, domain, path, sources }, policy }: Kept, wanted: { from: string } | { at: Date }) => {
  const other = (name: string) => join(dir, name, `${name}.db`)
  const paths = { identity: other('identity'), billing: other('billing'), admin: other('admin'), [domain]: path }
  return restore({ policy, wanted, paths, dryRun: false, sources })
}

const payments = ({ world }: Kept) => contentsOf(world.path).ProcessedPayment?.length

describe.each(['folder', 'bucket'] as const)('encrypted backups in a %s', (place) => {
  it('are restored by id', () =>
    withKept(place, async (kept) => {
      expect((await run(kept, { from: kept.first.id })).backup.id).toBe(kept.first.id)
      expect(payments(kept)).toBe(300)
    }))

  it('are restored by time: the newest of that time or before', () =>
    withKept(place, async (kept) => {
      const between = new Date(Date.parse(kept.second.takenAt) - 1)
      expect((await run(kept, { at: between })).backup.id).toBe(kept.first.id)
      expect(payments(kept)).toBe(300)
      expect((await run(kept, { at: new Date(kept.second.takenAt) })).backup.id).toBe(kept.second.id)
      expect(payments(kept)).toBe(400)
    }))
})

interface Refused {
  readonly name: string
  readonly spoil: (kept: Kept) => Kept | Promise<Kept>
  readonly wanted?: (kept: Kept) => { from: string } | { at: Date }
  readonly type: typeof FileError | typeof NotFoundError | typeof UsageError
  readonly says: RegExp
  readonly hint: RegExp
}

/** Changes the archive of `first`, in the folder of backups. */
const change = (kept: Kept, work: (path: string) => void): Kept => {
  work(join(kept.world.target, kept.first.archive))
  return kept
}
const withKey = (kept: Kept, file: string): Kept => ({ ...kept, policy: { ...kept.policy, keyFile: file } })
const without = (kept: Kept): Kept => ({ ...kept, policy: { ...kept.policy, keyFile: undefined } })

const REFUSED: readonly Refused[] = [
  {
    name: 'another key',
    spoil: (kept) => withKey(kept, keyFile(kept.world.dir, 'another')),
    type: UsageError,
    says: /key/,
    hint: /keyFile/,
  },
  { name: 'no key in the policy', spoil: without, type: UsageError, says: /encrypted/, hint: /keyFile/ },
  {
    name: 'a key file that is gone',
    spoil: (kept) => withKey(kept, join(kept.world.dir, 'none.key')),
    type: UsageError,
    says: /none\.key cannot be read: ENOENT/,
    hint: /keyFile in the backup policy/,
  },
  {
    name: 'a damaged archive',
    spoil: (kept) =>
      change(kept, (path) => {
        const bytes = readFileSync(path)
        writeFileSync(path, bytes.fill(bytes[900] === 1 ? 2 : 1, 900, 901))
      }),
    type: FileError,
    says: /is not what was written: changed, moved or cut off/,
    hint: /backup list/,
  },
  {
    name: 'a truncated archive',
    spoil: (kept) => change(kept, (path) => truncateSync(path, 1_000)),
    type: FileError,
    says: /is damaged: it is cut off/,
    hint: /backup list/,
  },
  {
    name: 'another archive under its name',
    spoil: (kept) => change(kept, (path) => renameSync(join(kept.world.target, kept.second.archive), path)),
    type: FileError,
    says: /is that of billing-20260601T130000Z/,
    hint: /backup list/,
  },
  {
    name: 'an archive that is gone',
    spoil: (kept) => change(kept, (path) => rmSync(path)),
    type: NotFoundError,
    says: /is not in/,
    hint: /backup list/,
  },
  {
    name: 'a time before all backups',
    spoil: (kept) => kept,
    wanted: () => ({ at: new Date('2020-01-01') }),
    type: NotFoundError,
    says: /No good backup of billing\.db is of 2020-01-01/,
    hint: /backup list billing/,
  },
]

describe('a restore says what to do, and changes nothing, where there is', () => {
  it.each(REFUSED)('$name', ({ spoil, wanted = ({ first }) => ({ from: first.id }), type, says, hint }) =>
    withKept('folder', async (kept) => {
      const live = readFileSync(kept.world.path)
      const before = createHash('sha256').update(live).digest('hex')
      const spoilt = await spoil(kept)
      const error = await run(spoilt, wanted(spoilt)).catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(type)
      expect((error as GoggaError).message).toMatch(says)
      expect((error as GoggaError).hint).toMatch(hint)
      expect(createHash('sha256').update(readFileSync(kept.world.path)).digest('hex')).toBe(before)
      const names = readdirSync(dirname(kept.world.path)).filter((name) => !/-(wal|shm)$/.test(name))
      expect(names).toEqual(['billing.db'])
    }),
  )

  it('a bucket that is out of reach', () =>
    withKept('bucket', async (kept) => {
      kept.bucket?.failNext(/./, 503, 1_000)
      const error = await run(kept, { from: kept.first.id }).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: 'unavailable' })
      expect((error as GoggaError).hint).toBeTruthy()
      expect(payments(kept)).toBe(500)
    }))
})
