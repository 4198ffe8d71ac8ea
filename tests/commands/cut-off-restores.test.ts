// After a restore that was killed, whatever command comes next ends it before it opens or makes a file, or says so.
import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { openWork } from '../../src/ops/restore/work.ts'
import { type Databases, withDatabases } from '../helpers/databases.ts'
import { payment, plant, rowsOf, user } from '../ops/check/planting.ts'
import { type Ended, gogga } from './gogga-child.ts'

const ROOT = join(import.meta.dirname, '../..')
const OVER = 'The restore of billing.db that was cut off is over.'

interface CutOff {
  readonly databases: Databases
  readonly run: (...args: readonly string[]) => Promise<Ended>
  readonly payments: () => readonly string[]
}

/** p1 is in the backup, p2 is not; the restore was killed at a place. */
const withCutOff = (place: string, isMissing: boolean, work: (world: CutOff) => Promise<void>) =>
  withDatabases(async (databases) => {
    const { dir } = databases
    const run = (...args: readonly string[]) => gogga(dir, ...args)
    const payments = () =>
      rowsOf<{ id: string }>(databases, 'billing', 'select id from "ProcessedPayment"').map(({ id }) => id)
    copyAll(await cutOff(place, isMissing), dir)
    await work({ databases, run, payments })
  })

const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** A folder in that state, made once by processes and copied by every test. */
const made = new Map<string, Promise<string>>()
function cutOff(place: string, isMissing: boolean): Promise<string> {
  const key = `${place} ${isMissing}`
  const found = made.get(key) ?? makeCutOff(place, isMissing)
  made.set(key, found)
  return found
}

const makeCutOff = (place: string, isMissing: boolean): Promise<string> =>
  withDatabases(async (databases) => {
    const { dir, paths } = databases
    const run = (...args: readonly string[]) => gogga(dir, ...args)
    plant(databases, 'identity', user('ann'))
    plant(databases, 'billing', payment('p1', 'ann'))
    const [{ id }] = JSON.parse((await run('backup', 'billing', '--json')).out).backups
    plant(databases, 'billing', payment('p2', 'ann'))
    if (isMissing) rmSync(paths.billing)
    const child = join(ROOT, 'tests/ops/restore/children/restore.ts')
    const killed = execFile(process.execPath, [child, dir, id, place, new Date().toISOString()])
    await once(killed, 'exit')
    expect(killed.signalCode).toBe('SIGKILL')
    const copy = mkdtempSync(join(tmpdir(), 'gogga-cut-off-'))
    folders.push(copy)
    copyAll(dir, copy)
    return copy
  })

/** With modes and hard links. */
function copyAll(from: string, to: string): void {
  rmSync(to, { recursive: true })
  execFileSync('cp', ['-a', from, to])
}

const isCutOff = ({ paths }: Databases): boolean => existsSync(join(dirname(paths.billing), '.gogga-restore-billing'))

const CHANGING = [
  ['migrate'],
  ['keys', 'create', '--scope', 'ops'],
  ['keys', 'list'],
  ['check', '--repair'],
  ['backup', 'billing'],
  ['purge'],
  ['outbox', 'list'],
  ['restore', 'billing', '--forget-old'],
] as const

describe('where the file is missing, and its successor lies ready', () => {
  it.each(CHANGING.map((args) => [args.join(' '), args] as const))('gogga %s puts it in place first', (_name, args) =>
    withCutOff('logs-moved', true, async ({ databases, run, payments }) => {
      const ended = await run(...args)
      expect(ended.err).toContain(OVER)
      expect(ended.code).toBe(0)
      expect(payments()).toEqual(['p1'])
      expect(isCutOff(databases)).toBe(false)
      // No empty file was made and put aside.
      expect(readdirSync(dirname(databases.paths.billing)).filter((name) => name.includes('before-restore'))).toEqual(
        [],
      )
    }),
  )
})

describe('where the old file is still there', () => {
  it.each(CHANGING.slice(0, 2).map((args) => [args.join(' '), args] as const))(
    'gogga %s ends it first',
    (_name, args) =>
      withCutOff('linked', false, async ({ databases, run, payments }) => {
        expect((await run(...args)).err).toContain(OVER)
        expect(payments()).toEqual(['p1'])
        expect(isCutOff(databases)).toBe(false)
      }),
  )

  it.each(
    [
      ['check', '--quick'],
      ['drill', 'billing'],
      ['migrate', '--dry-run'],
      ['purge', '--dry-run'],
    ].map((args) => [args.join(' '), args] as const),
  )('gogga %s says so, and changes nothing', (_name, args) =>
    withCutOff('linked', false, async ({ databases, run, payments }) => {
      expect((await run(...args)).err).toContain('billing.db is in the middle of a restore that was cut off')
      expect(payments()).toEqual(['p1', 'p2'])
      expect(isCutOff(databases)).toBe(true)
    }),
  )

  it('gogga merge refuses, with the next step', () =>
    withCutOff('linked', false, async ({ databases: { dir }, run }) => {
      const refused = await run('merge', dir, '--into', join(dir, 'one.db'), '--purpose', 'moving-back')
      expect(refused.code).toBe(1)
      expect(refused.err).toContain(`A restore of billing.db in ${dir} was cut off and is not over`)
      expect(refused.err).toContain('gogga migrate')
      expect(existsSync(join(dir, 'one.db'))).toBe(false)
    }))
})

it("Prisma's CLI makes no empty file, and names the command that ends the restore", () =>
  withCutOff('logs-moved', true, async ({ databases: { dir, paths } }) => {
    const env = { ...process.env, GOGGA_DATA_DIR: dir, GOGGA_DOMAIN: 'billing' }
    const { status, stdout, stderr } = spawnSync('npx', ['prisma', 'migrate', 'deploy'], {
      cwd: ROOT,
      env,
      encoding: 'utf8',
    })
    expect(`${stdout}${stderr}`).toContain('npx gogga migrate')
    expect(status).not.toBe(0)
    expect(existsSync(paths.billing)).toBe(false)
  }))

it('while a restore is at work, what changes files is refused, what reads them says so', () =>
  withDatabases(async ({ dir, paths }) => {
    using _work = openWork('billing', paths)
    const refused = await gogga(dir, 'migrate')
    expect(refused).toMatchObject({ code: 1, out: '', err: expect.stringContaining('Another process is restoring') })
    expect((await gogga(dir, 'check', '--quick')).err).toContain('billing.db is being restored by another process')
  }))
