// Encrypted archives: what opens them, and that nothing else does.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAGIC, RECORD_HEAD_BYTES } from '../../../src/ops/backup/archive.ts'
import { fetchBackup } from '../../../src/ops/backup/fetch.ts'
import { readKey } from '../../../src/ops/backup/keys.ts'
import type { BackupPolicy } from '../../../src/ops/backup/policy.ts'
import type { Manifest } from '../../../src/ops/backup/types.ts'
import { verifyBackup } from '../../../src/ops/backup/verify.ts'
import { withFolder } from '../../helpers/databases.ts'
import { contentsOf, keyFile, type World, withWorld } from './world.ts'

interface Sealed extends World {
  readonly policy: BackupPolicy
  readonly manifest: Manifest
  readonly archive: string
}

/** Several MiBs, so that there are several records; uncompressed, so that records are of one size. */
const withSealed = <T>(work: (sealed: Sealed) => Promise<T>): Promise<T> =>
  withWorld(async (world) => {
    world.fill(0, 9_000)
    const policy = { ...world.policy, keyFile: keyFile(world.dir), compression: 'none' as const }
    const manifest = await world.take(policy)
    return await work({ ...world, policy, manifest, archive: join(world.target, manifest.archive) })
  })

let count = 0
async function fetched({ dir, policy, manifest }: Pick<Sealed, 'dir' | 'policy' | 'manifest'>): Promise<string> {
  const target = join(dir, `fetched-${count++}.db`)
  await fetchBackup({ policy, manifest, target })
  return target
}

interface Records {
  readonly head: Buffer
  readonly records: readonly Buffer[]
}

function cut(archive: Buffer): Records {
  const start = MAGIC.length + 4 + archive.readUInt32LE(MAGIC.length)
  const records: Buffer[] = []
  for (let at = start; at < archive.length; ) {
    const end = at + RECORD_HEAD_BYTES + archive.readUInt32LE(at + 8)
    records.push(archive.subarray(at, end))
    at = end
  }
  return { head: archive.subarray(0, start), records }
}

const join_ = ({ head, records }: Records) => Buffer.concat([head, ...records])
const flipped = (bytes: Buffer, at: number) => {
  const copy = Buffer.from(bytes)
  copy[at] = (copy[at] ?? 0) ^ 1
  return copy
}

describe('an encrypted backup', () => {
  it('comes back with its key, and holds neither plain text nor key', () =>
    withSealed(async (sealed) => {
      const target = await fetched(sealed)
      expect(contentsOf(target)).toEqual(contentsOf(sealed.path))
      const bytes = readFileSync(sealed.archive)
      const key = readKey(sealed.policy.keyFile ?? '')
      expect(sealed.manifest.archive).toBe(`${sealed.manifest.id}.db.enc`)
      expect(sealed.manifest.encryption).toEqual({ algorithm: 'aes-256-gcm', keyId: key.id })
      for (const secret of ['SQLite format 3', 'ProcessedPayment', key.bytes, key.bytes.toString('hex')])
        expect(bytes.includes(secret)).toBe(false)
      expect(readFileSync(join(sealed.target, `${sealed.manifest.id}.json`), 'utf8')).not.toContain(
        key.bytes.toString('hex'),
      )
    }))

  it('is different bytes each time', () =>
    withSealed(async (sealed) => {
      sealed.sources.newId()
      const other = await sealed.take(sealed.policy)
      const [first, second] = [await fetched(sealed), await fetched({ ...sealed, manifest: other })]
      expect(readFileSync(first).equals(readFileSync(second))).toBe(true)
      const [a, b] = [cut(readFileSync(sealed.archive)), cut(readFileSync(join(sealed.target, other.archive)))]
      for (const [index, record] of a.records.entries()) expect(record.equals(b.records[index] as Buffer)).toBe(false)
    }))

  it('compressed and encrypted comes back as well', () =>
    withWorld(async (world) => {
      world.fill(0, 6_000)
      const policy = { ...world.policy, keyFile: keyFile(world.dir) }
      const manifest = await world.take(policy)
      expect(manifest.archive).toBe(`${manifest.id}.db.zst.enc`)
      expect(contentsOf(await fetched({ ...world, policy, manifest }))).toEqual(contentsOf(world.path))
    }))

  it('does not open without a key or with another; the message names both keys by their ids', () =>
    withSealed(async (sealed) => {
      const other = { ...sealed.policy, keyFile: keyFile(sealed.dir, 'other') }
      const { id } = readKey(other.keyFile)
      const message = `${sealed.manifest.id} is encrypted with key ${sealed.manifest.encryption?.keyId}, the policy has key ${id}`
      await expect(fetched({ ...sealed, policy: other })).rejects.toMatchObject({ code: 'usage', message })
      const none = { ...sealed.policy, keyFile: undefined }
      await expect(fetched({ ...sealed, policy: none })).rejects.toMatchObject({
        code: 'usage',
        message: expect.stringContaining('there is no key'),
      })
      await expect(verifyBackup({ policy: other, backup: sealed, sources: sealed.sources })).rejects.toMatchObject({
        code: 'usage',
      })
    }))

  it('does not open when anything in it was changed, moved, repeated or cut off', () =>
    withSealed(async (sealed) => {
      const whole = readFileSync(sealed.archive)
      const { head, records } = cut(whole)
      const [first, second, ...rest] = records as [Buffer, Buffer, ...Buffer[]]
      expect(rest.length).toBeGreaterThan(1)
      const again = cut(readFileSync(join(sealed.target, (await sealed.take(sealed.policy)).archive)))
      const cases: Record<string, Buffer> = {
        'a byte of a record': flipped(whole, head.length + 5_000),
        'a byte of the tag': flipped(whole, whole.length - 1),
        'the length of a record': flipped(whole, head.length + 8),
        'the salt': flipped(whole, whole.indexOf('"salt":"') + 8),
        'two records in the other order': join_({ head, records: [second, first, ...rest] }),
        'a record twice': join_({ head, records: [first, first, ...rest] }),
        'a record left out': join_({ head, records: [first, ...rest] }),
        'the last record left out': join_({ head, records: records.slice(0, -1) }),
        'half of the last record': whole.subarray(0, whole.length - 2_000),
        'more after the last record': join_({ head, records: [...records, records.at(-1) as Buffer] }),
        'a record of another backup with the same key': join_({
          head,
          records: [first, again.records[1] as Buffer, ...rest],
        }),
        'the head of another backup': join_({ head: again.head, records }),
        'nothing but the head': head,
        nothing: Buffer.alloc(0),
      }
      for (const [name, bytes] of Object.entries(cases)) {
        writeFileSync(sealed.archive, bytes)
        const outcome = await fetched(sealed).then(
          () => 'opened',
          (error: { code?: string }) => error.code,
        )
        expect([name, outcome]).toEqual([name, 'file'])
      }
      writeFileSync(sealed.archive, whole)
      await fetched(sealed)
    }))

  it('is guarded by the seal alone, without the checksums of the manifest', () =>
    withSealed(async (sealed) => {
      const { head, records } = cut(readFileSync(sealed.archive))
      const [first, second, ...rest] = records as [Buffer, Buffer, ...Buffer[]]
      const cases = [records.slice(0, -1), [second, first, ...rest], [first, first, ...rest], [first, ...rest]]
      for (const moved of cases) {
        writeFileSync(sealed.archive, join_({ head, records: moved }))
        await expect(fetched(sealed)).rejects.toThrow(/record \d+ of the archive is not what was written/)
      }
    }))
})

describe('an archive without a key', () => {
  it.each(['zstd', 'none'] as const)('with one changed byte anywhere is found (%s)', (compression) =>
    withWorld(async (world) => {
      world.fill(0, 2_000)
      const manifest = await world.take({ compression })
      const path = join(world.target, manifest.archive)
      const whole = readFileSync(path)
      await fc.assert(
        fc.asyncProperty(fc.nat(whole.length - 1), async (at) => {
          writeFileSync(path, flipped(whole, at))
          await expect(fetched({ ...world, manifest })).rejects.toMatchObject({ code: 'file' })
        }),
        { numRuns: 30, seed: 4 },
      )
      writeFileSync(path, whole.subarray(0, whole.length - 1))
      await expect(fetched({ ...world, manifest })).rejects.toMatchObject({ code: 'file' })
    }),
  )
})

describe('a key file', () => {
  const key = Buffer.alloc(32, 7)
  it.each([
    ['raw', key],
    ['hexadecimal with a line end', `${key.toString('hex')}\n`],
    ['base64', key.toString('base64')],
  ])('may be %s', (_name, content) =>
    withFolder((dir) => {
      writeFileSync(join(dir, 'key'), content)
      expect(readKey(join(dir, 'key'))).toEqual({ bytes: key, id: '4bb06f8e' })
    }),
  )

  it.each([
    ['too short', 'c0ffee'],
    ['too long', 'ab'.repeat(33)],
    ['empty', ''],
  ])('that is %s is refused without showing it', (_name, content) =>
    withFolder((dir) => {
      writeFileSync(join(dir, 'key'), content)
      expect(() => readKey(join(dir, 'key'))).toThrow(/does not hold 32 bytes/)
      if (content) expect(() => readKey(join(dir, 'key'))).not.toThrow(content)
    }),
  )
})
