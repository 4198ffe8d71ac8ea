import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  watch,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openWriter } from '../../src/database/connections.ts'
import { DOMAINS } from '../../src/database/domains.ts'
import { migrate, migrationsOf } from '../../src/database/migrations.ts'
import { withDatabases, withFolder } from '../helpers/databases.ts'

const GOGGA = join(import.meta.dirname, '../../scripts/gogga.ts')

test('migrate makes what is missing, once; --dry-run changes nothing', () =>
  withFolder((dir) => {
    const run = (...args: string[]) => {
      const env = { ...process.env, GOGGA_DATA_DIR: dir }
      const { stdout, status } = spawnSync(process.execPath, [GOGGA, 'migrate', ...args], { encoding: 'utf8', env })
      expect(status).toBe(0)
      return stdout
    }
    const applied = (text: string) => JSON.parse(text).files.map((file: { applied: string[] }) => file.applied)
    const all = DOMAINS.map((domain) => migrationsOf(domain).map(({ name }) => name))
    expect(applied(run('--dry-run', '--json'))).toEqual(all)
    expect(readdirSync(dir)).toEqual([])
    expect(applied(run('--domain', 'billing', '--json'))).toEqual([all[1]])
    expect(readdirSync(dir)).toEqual(['billing'])
    expect(applied(run('--json'))).toEqual([all[0], [], all[2]])
    expect(applied(run('--json'))).toEqual([[], [], []])
    expect(run()).toMatch(/^identity\.db at .*: nothing is missing$/m)
  }))

test('a file that was lost is not made anew, unless that is said', () =>
  withDatabases(({ dir, paths }) => {
    const writer = openWriter('identity', paths.identity)
    writer.exec(`insert into "Contact" (id, email, emailKey) values ('c1', 'Ann@example.com', 'ann@example.com')`)
    writer.close()
    rmSync(paths.billing)
    const run = (...args: string[]) => {
      const env = { ...process.env, GOGGA_DATA_DIR: dir, PORT: '0' }
      return spawnSync(process.execPath, [GOGGA, ...args], { encoding: 'utf8', env })
    }
    for (const args of [['migrate'], ['migrate', '--domain', 'billing'], ['start']]) {
      const { status, stderr } = run(...args)
      expect(stderr, args.join(' ')).toMatch(
        /billing\.db is missing, while identity\.db has rows[\s\S]*gogga restore billing/,
      )
      expect([status, existsSync(paths.billing)]).toEqual([1, false])
    }
    expect(run('migrate', '--domain', 'admin').status).toBe(0)
    expect(run('migrate', '--new')).toMatchObject({ status: 2, stderr: expect.stringContaining('--domain billing') })
    expect(run('migrate', '--domain', 'billing', '--new').status).toBe(0)
    expect(existsSync(paths.billing)).toBe(true)
  }))

test('keys are not made in a file that is missing, or lacks a migration', () =>
  withDatabases(({ dir, paths }) => {
    const env = { ...process.env, GOGGA_DATA_DIR: dir }
    const args = [GOGGA, 'keys', 'create', '--scope', 'ops']
    const create = () => spawnSync(process.execPath, args, { encoding: 'utf8', env })
    const writer = openWriter('identity', paths.identity)
    writer.exec('delete from "_prisma_migrations" where rowid = (select max(rowid) from "_prisma_migrations")')
    writer.close()
    expect(create()).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/lacks 1 of its migrations[\s\S]*gogga migrate/),
    })
    rmSync(paths.identity)
    expect(create()).toMatchObject({ status: 1, stderr: expect.stringContaining('identity.db is missing') })
    expect(existsSync(paths.identity)).toBe(false)
  }))

test('what is left of a log is not played into a new file, nor removed', () =>
  withDatabases(({ dir, paths }) => {
    const writer = openWriter('billing', paths.billing)
    writer.exec('create table t as select randomblob(100000) as a')
    const log = readFileSync(`${paths.billing}-wal`)
    writer.close()
    rmSync(paths.billing)
    for (const ending of ['-wal', '-journal']) {
      writeFileSync(`${paths.billing}${ending}`, log)
      for (const args of [
        ['migrate'],
        ['migrate', '--domain', 'billing', '--new'],
        ['migrate', '--dry-run'],
        ['start'],
      ]) {
        const env = { ...process.env, GOGGA_DATA_DIR: dir, PORT: '0' }
        const { status, stderr } = spawnSync(process.execPath, [GOGGA, ...args], { encoding: 'utf8', env })
        expect(stderr, args.join(' ')).toContain(
          `billing.db is missing, and its log is there: ${paths.billing}${ending}`,
        )
        expect([status, existsSync(paths.billing)]).toEqual([1, false])
      }
      expect(() => migrate('billing', paths.billing)).toThrow('its log is there')
      expect(readFileSync(`${paths.billing}${ending}`).equals(log)).toBe(true)
      rmSync(`${paths.billing}${ending}`)
    }
  }))

test('a migrate that is killed while it makes a file leaves nothing that stays', () =>
  withFolder(async (dir) => {
    const folder = join(dir, 'billing')
    const env = { ...process.env, GOGGA_DATA_DIR: dir }
    mkdirSync(folder, { mode: 0o700 })
    for (let nth = 0; nth < 3; nth++) {
      const child = spawn(process.execPath, [GOGGA, 'migrate', '--domain', 'billing'], { env })
      const ended = once(child, 'exit')
      const watcher = watch(folder)
      await Promise.race([once(watcher, 'change'), ended])
      child.kill('SIGKILL')
      watcher.close()
      await ended
      const names = readdirSync(folder).filter((name) => !name.startsWith('.'))
      // Nothing yet, or the whole.
      expect(names.length === 0 || migrate('billing', join(folder, 'billing.db')).length === 0).toBe(true)
      for (const name of names) rmSync(join(folder, name))
    }
    expect(migrate('billing', join(folder, 'billing.db'))).toHaveLength(migrationsOf('billing').length)
    expect(readdirSync(folder)).toEqual(['billing.db'])
  }))

test('a file without a byte counts as none', () =>
  withDatabases(({ dir, paths }) => {
    const run = (...args: string[]) =>
      spawnSync(process.execPath, [GOGGA, ...args], { encoding: 'utf8', env: { ...process.env, GOGGA_DATA_DIR: dir } })
    truncateSync(paths.billing)
    expect(run('check', '--domain', 'billing').stdout).toContain('billing.db is missing: a file without a byte is at')
    expect(run('migrate')).toMatchObject({ status: 0 })
    expect(openWriter('billing', paths.billing).pragma('application_id', { simple: true })).toBe(0x47474269)
    truncateSync(paths.billing)
    const writer = openWriter('identity', paths.identity)
    writer.exec(`insert into "Contact" (id, email, emailKey) values ('c1', 'Ann@example.com', 'ann@example.com')`)
    writer.close()
    expect(run('migrate')).toMatchObject({ status: 1, stderr: expect.stringContaining('billing.db is missing, while') })
    expect(statSync(paths.billing).size).toBe(0)
  }))
