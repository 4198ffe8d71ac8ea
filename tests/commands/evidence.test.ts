// The whole way of a pack, by commands: made of files with people in them, signed, checked with the key and with another.
import { generateKeyPairSync } from 'node:crypto'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { entriesOf } from '../../src/compliance/evidence/verify-pack.ts'
import { readSigningKey } from '../../src/compliance/signing.ts'
import { makeKey } from '../compliance/chain/world.ts'
import { withDatabases } from '../helpers/databases.ts'
import { plant } from '../ops/check/planting.ts'
import { gogga } from './gogga-child.ts'

const MONTH = new Date().toISOString().slice(0, 'yyyy-mm'.length)

test('evidence makes a signed pack without paths of this machine, and verify believes it with the right key alone', () =>
  withDatabases(async (databases) => {
    const { dir } = databases
    const [signing, out] = [makeKey(dir), join(dir, 'pack.zip')]
    const drilled = [await gogga(dir, 'backup', 'admin'), await gogga(dir, 'drill', 'admin')]
    expect(drilled.map(({ code }) => code)).toEqual([0, 0])
    const made = await gogga(dir, 'evidence', '--month', MONTH, '--out', out, '--sign', signing, '--json')
    expect([made.code, made.err]).toEqual([0, ''])
    expect(JSON.parse(made.out)).toMatchObject({ month: MONTH, partial: true })
    expect(statSync(out).mode & 0o777).toBe(0o600)
    const entries = entriesOf(readFileSync(out))
    expect(JSON.parse(String(entries.get('operations/drills.json')))).toMatchObject([{ domain: 'admin', passed: true }])
    const promises = JSON.parse(String(entries.get('operations/promises.json')))
    expect(promises.promises).toHaveLength(3)
    for (const [name, bytes] of entries) expect(bytes.includes(dir), name).toBe(false)

    const [own, other] = [join(dir, 'own.pem'), join(dir, 'other.pem')]
    writeFileSync(own, readSigningKey(signing).publicPem)
    writeFileSync(other, generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }))
    const right = await gogga(dir, 'evidence', 'verify', out, '--public-key', own)
    expect([right.code, right.out]).toEqual([0, expect.stringContaining(readSigningKey(signing).id)])
    // Whoever names a key believes no other, also not the one of this machine.
    vi.stubEnv('GOGGA_SIGNING_KEY_FILE', signing)
    const wrong = await gogga(dir, 'evidence', 'verify', out, '--public-key', other)
    vi.unstubAllEnvs()
    expect([wrong.code, wrong.out]).toEqual([1, expect.stringContaining('none of the given keys')])

    plant(databases, 'billing', `update "_prisma_migrations" set checksum = 'other'`)
    const failed = await gogga(dir, 'evidence', '--month', MONTH, '--out', out, '--sign', signing)
    expect([failed.code, failed.out]).toEqual([
      1,
      expect.stringMatching(/^FAILED: billing\.db, migration .* checksum/m),
    ])
    expect(failed.out).toContain('missing: No audit was kept in this month')
    const told = await gogga(dir, 'evidence', 'verify', out, '--public-key', own)
    expect([told.code, told.out]).toEqual([0, expect.stringContaining('FAILED: billing.db, migration')])
  }))

test.each([
  [['--month', '2026-13'], 'Expected a month'],
  [['--month', '2999-01'], 'has not begun'],
  [[], 'Expected a month'],
])('evidence %j is refused and writes nothing', (args, message) =>
  withDatabases(async ({ dir }) => {
    const out = join(dir, 'pack.zip')
    const { code, err } = await gogga(dir, 'evidence', ...args, '--out', out)
    expect([code, err]).toEqual([2, expect.stringContaining(message)])
    expect(existsSync(out)).toBe(false)
  }),
)

test('a file that is no pack is told from one that is', () =>
  withDatabases(async ({ dir }) => {
    writeFileSync(join(dir, 'none.zip'), 'nothing of the kind, though it is long enough')
    const none = await gogga(dir, 'evidence', 'verify', 'none.zip')
    expect([none.code, none.err]).toEqual([1, expect.stringContaining('no whole evidence pack')])
    const missing = await gogga(dir, 'evidence', 'verify', 'missing.zip')
    expect([missing.code, missing.err]).toEqual([2, expect.stringContaining('ENOENT')])
  }))
