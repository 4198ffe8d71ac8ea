// Real processes under real Unix users, in a folder of their own. Only root may start programs as somebody else.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { DOMAINS } from '../../src/database/domains.ts'
import { withFolder } from '../helpers/databases.ts'

const SCRIPT = join(import.meta.dirname, '../../scripts/separate-users.mjs')
const GOGGA = join(import.meta.dirname, '../../scripts/gogga.ts')
const LEAKY = join(import.meta.dirname, 'children/leaky.mjs')
const NOBODY = { uid: 65_534, gid: 65_534 }
const FIRST_UID = 61_301
const isRoot = process.getuid?.() === 0
/** The program itself must be readable to them, which a folder of root's own is not. */
const canRun =
  isRoot &&
  spawnSync(process.execPath, ['-e', `require('fs').readFileSync(${JSON.stringify(SCRIPT)})`], NOBODY).status === 0

interface Proof {
  readonly address: string
  readonly rows: readonly { job: string; path: string; read: string; write: string; holds: boolean }[]
  readonly backups: readonly { job: string; domain: string; code: number }[]
  readonly problems: readonly string[]
}

const argsFor = (dir: string, ...more: string[]) => [
  ...[SCRIPT, '--data', join(dir, 'data'), '--port', '0', '--first-uid', String(FIRST_UID)],
  ...more,
]

const withOpenFolder = (work: (dir: string) => Promise<void> | void) =>
  withFolder((dir) => {
    chmodSync(dir, 0o711)
    return work(dir)
  })

describe.runIf(canRun)('each process as its own user', () => {
  test("billing's backup cannot open identity.db, the server can, and each backup is of what its process may read", () =>
    withOpenFolder((dir) => {
      const run = spawnSync(process.execPath, argsFor(dir, '--prove', '--json'), { encoding: 'utf8' })
      expect(run.status, run.stderr).toBe(0)
      const { rows, backups, problems } = JSON.parse(run.stdout) as Proof
      const on = (job: string, domain: string) => {
        const row = rows.find((one) => one.job === job && one.path === join(dir, 'data', domain, `${domain}.db`))
        return [row?.read, row?.write]
      }
      expect(on('billing-backup', 'identity')).toEqual(['EACCES', 'EACCES'])
      expect(on('billing-backup', 'admin')).toEqual(['EACCES', 'EACCES'])
      expect(on('billing-backup', 'billing')).toEqual(['ok', 'EACCES'])
      expect(on('backup', 'billing')).toEqual(['EACCES', 'EACCES'])
      for (const domain of DOMAINS) expect(on('api', domain)).toEqual(['ok', 'ok'])
      const keys = rows.filter(({ path }) => path.includes('/keys/'))
      expect(keys.filter(({ read }) => read === 'ok').map(({ job, path }) => [job, path.split('/').at(-1)])).toEqual([
        ['billing-backup', 'billing'],
        ['backup', 'identity'],
        ['backup', 'admin'],
      ])
      expect(rows.every(({ holds }) => holds)).toBe(true)
      const made = backups.filter(({ code }) => code === 0).map(({ job, domain }) => `${job} ${domain}`)
      expect(made).toEqual(['billing-backup billing', 'backup identity', 'backup admin'])
      expect(backups).toHaveLength(6)
      expect(problems).toEqual([])
      for (const domain of DOMAINS) {
        const folder = join(dir, 'data/backups', domain)
        expect(readdirSync(folder).filter((name) => name.endsWith('.db.zst.enc'))).toHaveLength(1)
        expect(statSync(folder).mode & 0o7777).toBe(0o2750)
      }
      const seen = (uid: number, domain: string) => {
        const env = {
          PATH: '',
          GOGGA_DATA_DIR: join(dir, 'data'),
          GOGGA_BACKUP_POLICY: join(dir, 'data/backup-policy.json'),
        }
        const options = { uid, gid: uid, env, encoding: 'utf8', cwd: '/' } as const
        const { status, stdout } = spawnSync(process.execPath, [GOGGA, 'backup', 'list', domain, '--json'], options)
        return status === 0 ? (JSON.parse(stdout).domains[0].backups as readonly unknown[]).length : 'nothing'
      }
      const opened = (uid: number, path: string) =>
        spawnSync(process.execPath, ['-e', `require('fs').openSync(${JSON.stringify(path)})`], { uid, gid: uid }).status
      const [api, billing] = [FIRST_UID, FIRST_UID + 1]
      expect(
        DOMAINS.map((domain) => seen(api, domain)),
        'the server lists all backups',
      ).toEqual([1, 1, 1])
      expect([seen(billing, 'billing'), seen(billing, 'identity')]).toEqual([1, 'nothing'])
      const folder = join(dir, 'data/backups/billing')
      const archive = join(folder, readdirSync(folder).find((name) => name.endsWith('.enc')) ?? '')
      expect([opened(api, archive), opened(billing, archive)]).toEqual([1, 0])
    }))

  test('a way to a file that nobody should have is found', () =>
    withOpenFolder((dir) => {
      const run = spawnSync(process.execPath, [LEAKY, join(dir, 'data'), String(FIRST_UID)], { encoding: 'utf8' })
      expect(run.status, run.stderr).toBe(0)
      const wrong = (JSON.parse(run.stdout) as Proof['rows']).filter(({ holds }) => !holds)
      expect(wrong).toMatchObject([
        { job: 'billing-backup', path: join(dir, 'data/identity/identity.db'), read: 'ok', write: 'EACCES' },
        { job: 'backup', path: join(dir, 'data/admin/admin.db'), read: 'ok', write: 'ok' },
      ])
    }))

  test('without --prove the three go on until a signal, each under its own number, and end cleanly', () =>
    withOpenFolder(async (dir) => {
      const child = spawn(process.execPath, argsFor(dir), { stdio: ['ignore', 'pipe', 'pipe'] })
      const exited = once(child, 'exit')
      let said = ''
      child.stderr.on('data', (part) => {
        said += String(part)
      })
      try {
        const [text] = await Promise.race([once(child.stdout, 'data'), exited.then(() => [said])])
        const [, address] = /listens on (\S+)\.\n/.exec(String(text)) ?? []
        expect((await fetch(`${address}/health/ready`)).status).toBe(200)
        const expected = [FIRST_UID, FIRST_UID + 1, FIRST_UID + 2]
        const users = () => childrenOf(child.pid ?? 0).map(({ uid }) => uid)
        while (users().length < 3 && child.exitCode === null) await new Promise((resolve) => setImmediate(resolve))
        expect(users().sort()).toEqual(expected)
      } finally {
        child.kill('SIGTERM')
      }
      expect((await exited)[0], said).toBe(0)
      for (const domain of DOMAINS) expect(readdirSync(join(dir, 'data', domain))).toEqual([`${domain}.db`])
    }))
})

/** The processes that this one began, each with the user that it runs as. */
function childrenOf(pid: number): readonly { uid: number }[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    try {
      const status = readFileSync(`/proc/${name}/status`, 'utf8')
      const field = (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(status)?.[1])
      return field('PPid') === pid && field('Uid') !== process.getuid?.() ? [{ uid: field('Uid') }] : []
    } catch {
      return [] // It ended meanwhile.
    }
  })
}

test.each([
  ['without a folder', [], /--data is missing/],
  ['with a port that is none', ['--data', '/tmp/x', '--port', 'http'], /--port is "http"/],
  ['with a user that may be root', ['--data', '/tmp/x', '--first-uid', '0'], /--first-uid is "0"/],
  ['with an unknown option', ['--folder', '/tmp/x'], /--folder/],
])('%s it says what was expected, exit code 2', (_, args, words) => {
  const { status, stderr } = spawnSync(process.execPath, [SCRIPT, ...args], { encoding: 'utf8' })
  expect(status).toBe(2)
  expect(stderr).toMatch(words)
})

test.runIf(canRun)('who is not root is told so, and nothing is made', () =>
  withOpenFolder((dir) => {
    const run = spawnSync(process.execPath, argsFor(dir), { encoding: 'utf8', ...NOBODY })
    expect(run.status).toBe(2)
    expect(run.stderr).toContain('Only root')
    expect(readdirSync(dir)).toEqual([])
  }),
)
