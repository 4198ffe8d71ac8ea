// `gogga serve` as a person runs it, on machines that are set up wrongly.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { DOMAINS } from '../../src/database/domains.ts'
import { findStartProblems, startScreen } from '../../src/ops/start-checks.ts'
import { type Databases, withDatabases, withFolder } from '../helpers/databases.ts'

const GOGGA = join(import.meta.dirname, '../../scripts/gogga.ts')

async function serve({ dir }: Pick<Databases, 'dir'>, env: Readonly<Record<string, string>> = {}, args: string[] = []) {
  const merged = { ...process.env, GOGGA_DATA_DIR: dir, PORT: '0', ...env }
  const child = spawn(process.execPath, [GOGGA, 'serve', ...args], { env: merged, stdio: ['ignore', 'pipe', 'pipe'] })
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { code, out, err }
}

/** Findings of one group, each with its message and next step. */
const linesOf = (screen: string, group: string): readonly string[] =>
  (screen.split(/^(?=\S)/m).find((part) => part.startsWith(`${group}\n`)) ?? '').split('\n').filter(Boolean).slice(1)

test('everything that is wrong is told at once, grouped, each with its next step, and nothing is left half-started', () =>
  withDatabases(async (databases) => {
    const { identity, billing, admin } = databases.paths
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as { port: number }
    rmSync(identity)
    sql(billing, 'delete from "_prisma_migrations"')
    sql(admin, 'pragma application_id = 7')
    const before = filesIn(databases.dir)
    const { code, out, err } = await serve(databases, {
      PORT: String(port),
      GOGGA_BUSY_TIMEOUT_MS: 'soon',
      PAYFAST_MERCHANT_ID: '10000100',
      GOGGA_MAIL_FROM: 'nobody at all',
      GOGGA_BACKUP_POLICY: join(databases.dir, 'no-policy.json'),
      GOGGA_SIGNING_KEY_FILE: join(databases.dir, 'no-key.pem'),
    })
    taken.close()
    expect(code).toBe(1)
    expect(out).toBe('')
    expect(err.split('\n')[0]).toBe('gogga cannot start: 10 things are wrong.')
    expect(linesOf(err, 'environment').join('\n')).toMatch(
      /GOGGA_BUSY_TIMEOUT_MS[\s\S]+PAYFAST_MERCHANT_KEY[\s\S]+PASSPHRASE/,
    )
    expect(linesOf(err, 'mail')).toHaveLength(2)
    expect(linesOf(err, 'backups').join('\n')).toMatch(/no-policy\.json cannot be read[\s\S]+JSON file/)
    expect(linesOf(err, 'signing key').join('\n')).toMatch(
      /GOGGA_SIGNING_KEY_FILE: the key file \S+no-key\.pem is not there[\s\S]+openssl genpkey/,
    )
    expect(linesOf(err, 'identity.db').join('\n')).toMatch(
      /is missing[\s\S]+restore identity --from latest[\s\S]+gogga migrate --domain identity/,
    )
    expect(linesOf(err, 'billing.db').join('\n')).toMatch(/lacks \d+ of its migrations[\s\S]+gogga migrate/)
    expect(linesOf(err, 'admin.db').join('\n')).toMatch(/an unknown database \(application_id 0x7\)[\s\S]+ADMIN_DB_URL/)
    expect(linesOf(err, 'port').join('\n')).toContain('another process listens there')
    expect(err.split('\n').length).toBeLessThan(40)
    expect(err).not.toContain('    at ')
    expect(filesIn(databases.dir)).toEqual(before)
  }))

function sql(path: string, statement: string): void {
  const connection = new Database(path)
  connection.exec(statement)
  connection.close()
}

const filesIn = (dir: string): readonly string[] => readdirSync(dir, { recursive: true }).map(String).sort()

test('--json answers the same as data', () =>
  withFolder(async (dir) => {
    const { code, out } = await serve({ dir }, {}, ['--json'])
    expect(code).toBe(1)
    const { findings } = JSON.parse(out)
    expect(findings.map(({ group, level }: { group: string; level: string }) => [group, level])).toEqual(
      DOMAINS.map((domain) => [`${domain}.db`, 'error']),
    )
    expect(existsSync(join(dir, 'identity'))).toBe(false)
  }))

test('start checks what it does not make itself', () =>
  withFolder((dir) => {
    const env = { ...process.env, GOGGA_DATA_DIR: dir, PORT: 'x', PAYFAST_TIMEOUT_MS: '1' }
    const { status, stderr } = spawnSync(process.execPath, [GOGGA, 'start'], { encoding: 'utf8', env })
    expect(status).toBe(1)
    expect(stderr).toContain('2 things are wrong')
    expect(readdirSync(dir)).toEqual([])
  }))

describe('one file', () => {
  const examine = async ({ dir }: Databases, env = {}) =>
    await findStartProblems(readConfig({ GOGGA_DATA_DIR: dir, PORT: '0', ...env }), [])

  test('nothing is wrong with fresh ones', () =>
    withDatabases(async (databases) => {
      for (const path of Object.values(databases.paths)) chmodSync(path, 0o600)
      expect(await examine(databases)).toEqual([])
      expect(filesIn(databases.dir).filter((name) => /-(wal|shm)$/.test(name))).toEqual([])
    }))

  test('modes that let others in are warnings', () =>
    withDatabases(async (databases) => {
      for (const path of Object.values(databases.paths)) chmodSync(path, 0o600)
      chmodSync(databases.paths.billing, 0o644)
      chmodSync(join(databases.dir, 'admin'), 0o755)
      chmodSync(join(databases.dir, 'identity'), 0o750)
      const found = await examine(databases)
      expect(found.map(({ group, level }) => [group, level])).toEqual([
        ['billing.db', 'warning'],
        ['admin.db', 'warning'],
      ])
      expect(found.map(({ message }) => /mode \d+/.exec(message)?.[0])).toEqual(['mode 644', 'mode 755'])
      expect(startScreen(found)).toContain('gogga starts: 2 are worth a look.')
    }))

  test('no SQLite file at all', () =>
    withDatabases(async (databases) => {
      writeFileSync(databases.paths.billing, 'x'.repeat(5_000), { mode: 0o600 })
      const found = await examine(databases)
      const errors = found.filter(({ level }) => level === 'error')
      expect(errors).toHaveLength(1)
      expect(errors[0]).toMatchObject({
        group: 'billing.db',
        message: expect.stringMatching(/cannot be opened|damaged/),
      })
    }))

  test('a migration of a newer program', () =>
    withDatabases(async (databases) => {
      sql(databases.paths.admin, `update "_prisma_migrations" set migration_name = '99990101000000_future'`)
      const found = await examine(databases)
      expect(
        found
          .filter(({ level }) => level === 'error')
          .map(({ hint }) => hint)
          .join(),
      ).toContain('newer')
    }))

  test('an address that this machine does not have, and one port twice', () =>
    withDatabases(async (databases) => {
      const errors = async (env: object) => (await examine(databases, env)).filter(({ group }) => group === 'port')
      expect(await errors({ HOST: '192.0.2.1', PORT: '47123' })).toMatchObject([{ message: /no such address/ }])
      expect(await errors({ PORT: '47123', GOGGA_METRICS_PORT: '47123' })).toMatchObject([{ message: /both 47123/ }])
    }))

  /** Root may do everything: what others may not is tried as somebody else. */
  test.runIf(process.getuid?.() === 0)('folders and files that this user may not use', () =>
    withDatabases(async (databases) => {
      const child = join(import.meta.dirname, 'children/start-checks.ts')
      chmodSync(databases.dir, 0o755)
      for (const domain of DOMAINS) chmodSync(join(databases.dir, domain), 0o755)
      chmodSync(databases.paths.identity, 0o600)
      chmodSync(databases.paths.billing, 0o644)
      chmodSync(databases.paths.admin, 0o666)
      const run = spawnSync(process.execPath, [child, databases.dir], { encoding: 'utf8', uid: 65_534, gid: 65_534 })
      expect(run.stderr).toBe('')
      const found = (JSON.parse(run.stdout) as { group: string; level: string; message: string }[]).filter(
        ({ level }) => level === 'error',
      )
      const of = (group: string) =>
        found.filter((one) => one.group === group).map(({ message }) => message.split(':')[0])
      const [read, write, folder] = ['read the file', 'write the file', 'write to its folder'].map(
        (what) => `this user may not ${what}`,
      )
      expect(of('identity.db')).toEqual([read, write, folder])
      expect(of('billing.db')).toEqual([write, folder])
      expect(of('admin.db')).toEqual([folder])
      chmodSync(join(databases.dir, 'admin'), 0o700)
      const closed = spawnSync(process.execPath, [child, databases.dir], { encoding: 'utf8', uid: 65_534, gid: 65_534 })
      expect(closed.stdout).toContain('may not enter its folder')
    }),
  )
})

const canMount = spawnSync('unshare', ['-rm', 'sh', '-c', 'mount -t tmpfs tmpfs /tmp']).status === 0

test.runIf(canMount)('a disk that is nearly full', () =>
  withFolder((dir) => {
    const [disk, child] = [join(dir, 'disk'), join(import.meta.dirname, 'children/start-checks.ts')]
    mkdirSync(disk)
    for (const [size, level] of [
      ['32m', 'error'],
      ['128m', 'warning'],
    ]) {
      const script = `mount -t tmpfs -o size=${size} tmpfs "$1" && exec "$2" "$3" "$1" migrate`
      const run = spawnSync('unshare', ['-rm', 'sh', '-c', script, 'sh', disk, process.execPath, child], {
        encoding: 'utf8',
      })
      const found = JSON.parse(run.stdout) as { group: string; level: string; message: string }[]
      expect(found.map(({ group, level }) => [group, level])).toEqual(DOMAINS.map((domain) => [`${domain}.db`, level]))
      expect(found[0]?.message).toMatch(/MiB left/)
    }
    expect(statSync(disk).isDirectory()).toBe(true)
  }),
)
