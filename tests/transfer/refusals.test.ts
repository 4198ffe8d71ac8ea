import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import type { GoggaError } from '../../src/errors.ts'
import { merge } from '../../src/transfer/merge.ts'
import { split } from '../../src/transfer/split.ts'
import { withFolder } from '../helpers/databases.ts'
import { buildLegacyDatabase } from '../helpers/legacy-database.ts'
import { transferContext } from '../helpers/transfer.ts'

interface Case {
  readonly name: string
  /** Makes the input at the path. */
  readonly make: (legacy: string, dir: string) => void
  readonly message: RegExp
  readonly exitCode: 1 | 2
  readonly unassigned?: 'refuse'
}

const sql =
  (...statements: string[]) =>
  (legacy: string) => {
    buildLegacyDatabase(legacy, { users: 5 })
    const database = new Database(legacy)
    for (const statement of statements) database.exec(statement)
    database.close()
  }

const CASES: Case[] = [
  { name: 'a missing file', make: () => undefined, message: /Nothing is at/, exitCode: 2 },
  { name: 'a folder', make: (legacy) => mkdirSync(legacy), message: /is a folder/, exitCode: 2 },
  { name: 'an empty file', make: (legacy) => writeFileSync(legacy, ''), message: /is empty/, exitCode: 1 },
  {
    name: 'an encrypted file',
    make: (legacy) => writeFileSync(legacy, createHash('sha512').update('x').digest()),
    message: /encrypted/,
    exitCode: 1,
  },
  {
    name: 'half a file',
    make: (legacy) => {
      buildLegacyDatabase(legacy)
      truncateSync(legacy, 40_960)
    },
    message: /only half of it/,
    exitCode: 1,
  },
  {
    name: 'a damaged page',
    make: (legacy) => {
      buildLegacyDatabase(legacy, { users: 500 })
      overwrite(legacy, 400_000)
    },
    message: /is damaged/,
    exitCode: 1,
  },
  {
    name: 'a database of something else',
    make: (legacy) => new Database(legacy).exec('create table t(x)').close(),
    message: /none of the unified database's tables/,
    exitCode: 1,
  },
  {
    name: 'a view in place of a table',
    make: sql('drop table "AuthLog"', 'create view "AuthLog" as select 1 as id'),
    message: /AuthLog is a view/,
    exitCode: 1,
  },
  {
    name: 'an id that is an email',
    make: sql(`update "Voucher" set id = 'jo@mail.example' where id = 'vt1'`),
    message: /Voucher\.id holds an email in 1 row/,
    exitCode: 1,
  },
  {
    name: 'an id that is an IP address',
    make: sql(`update "Voucher" set id = '41.13.252.7' where id = 'vt1'`),
    message: /Voucher\.id holds personal information in 1 row/,
    exitCode: 1,
  },
  {
    name: 'rows without an id',
    make: sql(
      'drop table "AuthLog"',
      'create table "AuthLog" (id text, action text)',
      'insert into "AuthLog" values (null, 1), (null, 2)',
    ),
    message: /AuthLog\.id is no text in 2 rows/,
    exitCode: 1,
  },
  {
    name: 'an id twice',
    make: sql(
      'drop table "AuthLog"',
      'create table "AuthLog" (id text, action text)',
      `insert into "AuthLog" values ('a', 1), ('a', 2)`,
    ),
    message: /AuthLog\.id has 1 value in more than one row/,
    exitCode: 1,
  },
  {
    name: 'a table without an id',
    make: sql('drop table "AuthLog"', 'create table "AuthLog" (action text)'),
    message: /AuthLog has no column "id"/,
    exitCode: 1,
  },
  {
    name: 'unknown parts that are refused',
    make: (legacy) => void buildLegacyDatabase(legacy),
    unassigned: 'refuse',
    message: /UsageEvent is an unknown table \(3 rows\).*User\.isTester is an unknown column/,
    exitCode: 1,
  },
]

describe('an input that cannot be split', () => {
  test.each<Case>(CASES)('$name', async ({ make, message, exitCode, ...options }) => {
    await withFolder(async (dir) => {
      const [legacy, into] = [join(dir, 'legacy.db'), join(dir, 'made/on/the/way')]
      make(legacy, dir)
      const before = traceOf(dir)
      const error = await failure(
        split({ legacy, into, unassigned: options.unassigned ?? 'carry', context: transferContext() }),
      )
      expect(error.message).toMatch(message)
      expect(error.exitCode).toBe(exitCode)
      expect(error.hint).toBeTruthy()
      expect(traceOf(dir)).toEqual(before)
    })
  })
})

test('an existing target stays as it is', async () => {
  await withFolder(async (dir) => {
    const [legacy, into] = [join(dir, 'legacy.db'), join(dir, 'data')]
    buildLegacyDatabase(legacy)
    mkdirSync(into)
    writeFileSync(join(into, 'something'), 'of value')
    const before = traceOf(dir)
    const error = await failure(split({ legacy, into, context: transferContext() }))
    expect(error.message).toMatch(/is not empty \(something\)/)
    expect(traceOf(dir)).toEqual(before)
    const merged = join(dir, 'merged.db')
    writeFileSync(merged, 'of value')
    await split({ legacy, into: join(dir, 'files'), context: transferContext() })
    const refused = await failure(merge({ from: join(dir, 'files'), into: merged, context: transferContext() }))
    expect(refused.message).toMatch(/Something is at/)
    expect(readFileSync(merged, 'utf8')).toBe('of value')
  })
})

test('an empty folder may be the target', async () => {
  await withFolder(async (dir) => {
    const [legacy, into] = [join(dir, 'legacy.db'), join(dir, 'data')]
    buildLegacyDatabase(legacy)
    mkdirSync(into)
    await split({ legacy, into, context: transferContext() })
    expect(readdirSync(into)).toContain('split-report.json')
  })
})

test('a dry run reports everything and leaves nothing', async () => {
  await withFolder(async (dir) => {
    const legacy = join(dir, 'legacy.db')
    buildLegacyDatabase(legacy)
    const before = traceOf(dir)
    const report = await split({ legacy, into: join(dir, 'data'), dryRun: true, context: transferContext() })
    expect(report.dryRun).toBe(true)
    expect(report.tables.every(({ equal }) => equal)).toBe(true)
    expect(report.unassigned.tables.map(({ table }) => table)).toEqual(['UsageEvent', 'ModelPricing', 'ExchangeRate'])
    expect(traceOf(dir)).toEqual(before)
  })
})

test('merge refuses a file of another domain and a missing one', async () => {
  await withFolder(async (dir) => {
    const [legacy, from, into] = [join(dir, 'legacy.db'), join(dir, 'data'), join(dir, 'merged.db')]
    buildLegacyDatabase(legacy)
    await split({ legacy, into: from, context: transferContext() })
    copyFileSync(join(from, 'admin/admin.db'), join(from, 'billing/billing.db'))
    const wrong = await failure(merge({ from, into, context: transferContext() }))
    expect(wrong.message).toMatch(/billing\.db is admin .*expected billing/)
    const missing = await failure(merge({ from: dir, into, context: transferContext() }))
    expect(missing.message).toMatch(/identity\.db is missing/)
    expect(readdirSync(dir).sort()).toEqual(['data', 'legacy.db'])
  })
})

test('an unreadable file', async () => {
  await withFolder((dir) => {
    const legacy = join(dir, 'legacy.db')
    buildLegacyDatabase(legacy)
    chmodSync(legacy, 0)
    chmodSync(dir, 0o755)
    // Nothing is unreadable to root: the child becomes nobody.
    const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
    const args = [join(import.meta.dirname, '../helpers/split-child.ts'), legacy, join(dir, 'data')]
    const child = spawnSync(process.execPath, args, { encoding: 'utf8', ...nobody })
    expect(child.stderr).toMatch(/FileError: .*legacy\.db cannot be read/)
    expect(readdirSync(dir)).toEqual(['legacy.db'])
  })
})

async function failure(work: Promise<unknown>): Promise<GoggaError> {
  return await work.then(
    () => Promise.reject(new Error('It did not fail')),
    (error: GoggaError) => error,
  )
}

/** Every file below a folder with its content and times. */
function traceOf(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .map((entry) => {
      const path = join(entry.parentPath, entry.name)
      const content = entry.isFile() ? createHash('sha256').update(readFileSync(path)).digest('hex') : ''
      return `${path} ${entry.isFile() ? statSync(path).mtimeMs : ''} ${content}`
    })
    .sort()
}

function overwrite(path: string, at: number): void {
  const file = openSync(path, 'r+')
  writeSync(file, Buffer.alloc(20_000, 0xa5), 0, 20_000, at)
  closeSync(file)
}
