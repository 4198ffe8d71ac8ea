import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openWriter } from '../../src/database/connections.ts'
import { DOMAINS } from '../../src/database/domains.ts'
import { migrationsOf } from '../../src/database/migrations.ts'
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

test('keys are not made in a new identity.db where the old one was lost', () =>
  withDatabases(({ dir, paths }) => {
    const writer = openWriter('admin', paths.admin)
    const insert = `insert into "Voucher" (id, code, type, createdBy, expiresAt) values ('v', 'GOGGA-1', 'R200', 'boss', ?)`
    writer.prepare(insert).run('2027-01-01T00:00:00.000+00:00')
    writer.close()
    rmSync(paths.identity)
    const env = { ...process.env, GOGGA_DATA_DIR: dir }
    const args = [GOGGA, 'keys', 'create', '--scope', 'ops']
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env })
    expect([status, existsSync(paths.identity)]).toEqual([1, false])
    expect(stderr).toContain('identity.db is missing, while admin.db has rows')
  }))
