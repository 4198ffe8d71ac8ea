import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { DOMAINS } from '../../src/database/domains.ts'
import { migrationsOf } from '../../src/database/migrations.ts'
import { withFolder } from '../helpers/databases.ts'

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
