// Restore and drill as processes, as operations staff use them; and the server that ends a restore that was cut off.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { readSigningKey } from '../../src/compliance/signing.ts'
import { makeKey } from '../compliance/chain/world.ts'
import { withDatabases } from '../helpers/databases.ts'
import { payment, plant, rowsOf, user } from '../ops/check/planting.ts'
import { type Ended, gogga } from './gogga-child.ts'

const ROOT = join(import.meta.dirname, '../..')

afterEach(() => void vi.unstubAllEnvs())

interface Past {
  readonly id: string
  readonly run: (...args: readonly string[]) => Promise<Ended>
  readonly payments: () => readonly unknown[]
  /** Ids of the keys that signed the marks of restores. */
  readonly signers: () => readonly (string | null)[]
  readonly dir: string
  readonly paths: { readonly billing: string }
}

/** p1 is in the backup, p2 is not. */
const withPast = (work: (past: Past) => Promise<void>) =>
  withDatabases(async (databases) => {
    const { dir, paths } = databases
    const run = (...args: readonly string[]) => gogga(dir, ...args)
    plant(databases, 'identity', user('ann'))
    plant(databases, 'billing', payment('p1', 'ann'))
    const [{ id }] = JSON.parse((await run('backup', 'billing', '--json')).out).backups
    plant(databases, 'billing', payment('p2', 'ann'))
    const payments = () => rowsOf<{ id: string }>(databases, 'billing', 'select id from "ProcessedPayment"')
    const marks = () => rowsOf<{ keyId: string | null }>(databases, 'admin', 'select keyId from "ChainHead"')
    const signers = () => marks().map(({ keyId }) => keyId)
    await work({ id, run, payments: () => payments().map(({ id }) => id), signers, dir, paths })
  })

const keptIn = ({ paths }: Past) =>
  readdirSync(dirname(paths.billing)).filter((name) => name.includes('before-restore'))

describe('gogga restore', () => {
  it('says what would be lost, restores, and removes the old file when asked', () =>
    withPast(async (past) => {
      const { id, run, payments } = past
      const plan = await run('restore', 'billing', '--from', id, '--dry-run')
      expect(plan.code).toBe(0)
      expect(plan.out).toMatch(new RegExp(`^Would restore billing\\.db from ${id}, taken at 20`))
      expect(plan.out).toContain('ProcessedPayment: 1 rows lost, 0 as they were before, 0 deleted ones in the backup')
      expect(payments()).toEqual(['p1', 'p2'])

      const key = makeKey(past.dir)
      vi.stubEnv('GOGGA_SIGNING_KEY_FILE', key)
      const done = await run('restore', 'billing', '--at', new Date().toISOString(), '--json')
      expect(done.code).toBe(0)
      expect(past.signers()).toEqual([readSigningKey(key).id])
      const { losses, kept } = JSON.parse(done.out)
      expect(losses).toMatchObject([{ table: 'ProcessedPayment', lost: { rows: 1, ids: ['p2'] } }])
      expect(payments()).toEqual(['p1'])
      expect(keptIn(past).length).toBeGreaterThan(0)

      expect((await run('restore', 'billing', '--forget-old', '--dry-run')).out).toContain(`would remove ${kept}\n`)
      expect(keptIn(past).length).toBeGreaterThan(0)
      expect((await run('restore', 'billing', '--forget-old')).out).toContain(`removed ${kept}\n`)
      expect((await run('restore', 'billing', '--forget-old')).out).toBe('No restore of billing.db kept an old file.\n')
      expect(keptIn(past)).toEqual([])
    }))

  it.each([
    ['no file', ['restore'], /Expected 1 argument/],
    [
      'a file that is none',
      ['restore', 'users', '--from', 'x'],
      /Expected one of identity, billing, admin, got "users"/,
    ],
    ['no backup', ['restore', 'billing'], /needs either --from .* or --at/],
    ['both', ['restore', 'billing', '--from', 'x', '--at', '2026-01-01'], /needs either --from .* or --at/],
    ['a time that is none', ['restore', 'billing', '--at', 'yesterday'], /--at needs a time such as/],
    ['a time without a zone', ['restore', 'billing', '--at', '2026-01-01T10:00'], /--at needs a time such as/],
    ['the backup of another file', ['restore', 'billing', '--from', 'admin-x'], /is no backup of billing\.db/],
  ])('refuses %s, exit code 2', (_name, args, says) =>
    withDatabases(async ({ dir }) => {
      expect(await gogga(dir, ...args)).toMatchObject({ code: 2, out: '', err: expect.stringMatching(says) })
    }),
  )

  it('refuses while a server runs, exit code 1; a server ends a restore that was killed', () =>
    withPast(async (past) => {
      const { id, run, payments, dir } = past
      const first = await serve(dir)
      const refused = await run('restore', 'billing', '--from', id)
      expect(refused).toMatchObject({ code: 1, out: '', err: expect.stringContaining('is in use') })
      await first.stop()
      expect(payments()).toEqual(['p1', 'p2'])

      const child = join(ROOT, 'tests/ops/restore/children/restore.ts')
      const killed = execFile(process.execPath, [child, dir, id, 'linked', new Date().toISOString()])
      await once(killed, 'exit')
      expect(killed.signalCode).toBe('SIGKILL')
      const second = await serve(dir)
      expect(payments()).toEqual(['p1'])
      expect(await second.stop()).toContain('The restore of billing.db that was cut off is over.')
    }))
})

/** `gogga serve` until it listens; `stop` gives what it said on stderr. */
async function serve(dir: string) {
  const env = { ...process.env, GOGGA_DATA_DIR: dir, PORT: '0', GOGGA_MAIL_DIR: join(dir, 'mail') }
  const child = spawn(process.execPath, [join(ROOT, 'scripts/gogga.ts'), 'serve', '--json'], { env, cwd: dir })
  let said = ''
  child.stderr.on('data', (data: Buffer) => {
    said += data
  })
  const [line] = await Promise.race([once(createInterface({ input: child.stdout }), 'line'), once(child, 'exit')])
  expect(String(line), said).toContain('address')
  return {
    async stop() {
      child.kill('SIGTERM')
      if (child.exitCode === null) await once(child, 'exit')
      return said
    },
  }
}

describe('gogga drill', () => {
  it('passes on a good backup, and keeps the promise', () =>
    withPast(async ({ run, id }) => {
      const passed = await run('drill', 'billing')
      expect(passed).toMatchObject({ code: 0, out: expect.stringMatching(new RegExp(`^passed ${id} in `)) })
      const json = JSON.parse((await run('drill', 'billing', '--json')).out)
      expect(json.drills).toMatchObject([{ domain: 'billing', backupId: id, passed: true, findings: [] }])
    }))

  it('fails where there is nothing to restore, exit code 1', () =>
    withPast(async ({ run }) => {
      expect(await run('drill')).toMatchObject({
        code: 1,
        err: expect.stringContaining('no good backup of identity.db'),
      })
    }))

  it('fails where the backup fails, exit code 1', () =>
    withPast(async ({ run, dir }) => {
      const folder = join(dir, 'backups/billing')
      const archive = readdirSync(folder).find((name) => name.endsWith('.zst')) ?? ''
      writeFileSync(join(folder, archive), readFileSync(join(folder, archive)).fill(1, 60, 70))
      const failed = await run('drill', 'billing')
      expect(failed).toMatchObject({ code: 1, out: expect.stringMatching(/^FAILED .*\n {2}.*damaged/) })
    }))
})
