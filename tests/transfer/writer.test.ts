import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { split } from '../../src/transfer/split.ts'
import { withFolder } from '../helpers/databases.ts'
import { buildLegacyDatabase } from '../helpers/legacy-database.ts'
import { transferContext } from '../helpers/transfer.ts'

const CHILD = join(import.meta.dirname, '../helpers/writer-child.ts')

describe('another process writes all the time', () => {
  test.each(['WAL', 'DELETE'])('in journal mode %s, the split holds one moment of it', async (mode) => {
    await withFolder(async (dir) => {
      const [legacy, into] = [join(dir, 'legacy.db'), join(dir, 'data')]
      buildLegacyDatabase(legacy, { users: 300 })
      const writer = spawn(process.execPath, [CHILD, legacy, mode], { stdio: ['pipe', 'pipe', 'inherit'] })
      await once(writer.stdout, 'data')
      const report = await split({ legacy, into, context: transferContext() })
      writer.stdin.end()
      expect(await once(writer, 'exit')).toEqual([0, null])
      expect(report.tables.every(({ equal }) => equal)).toBe(true)
      const identity = new Database(join(into, 'identity/identity.db'), { readonly: true })
      const users = identity.prepare(`select count(*) from "User" where id like 'w%'`).pluck().get()
      const tokens = identity.prepare(`select count(*) from "LoginToken" where id like 'w%'`).pluck().get()
      identity.close()
      expect(users).toBeGreaterThanOrEqual(20)
      expect(tokens).toBe(users)
      const after = new Database(legacy)
      expect(after.pragma('integrity_check', { simple: true })).toBe('ok')
      expect(after.prepare(`select count(*) from "User" where id like 'w%'`).pluck().get()).toBeGreaterThanOrEqual(
        users as number,
      )
      after.close()
    })
  })
})

test.each([
  { mode: 'DELETE', said: 'SQLITE_BUSY, log emptied' },
  { mode: 'WAL', said: 'written, log kept' },
])('while the bytes are copied, nothing moves under the copy in journal mode $mode', async ({ mode, said }) => {
  await withFolder(async (dir) => {
    const [legacy, into] = [join(dir, 'legacy.db'), join(dir, 'data')]
    buildLegacyDatabase(legacy)
    const database = new Database(legacy)
    database.pragma(`journal_mode = ${mode}`)
    database.exec(`update "User" set "isAdmin" = 1 where id = 'admin0'`)
    let heard = ''
    const context = transferContext()
    const progress = ({ phase }: { phase: string }) => {
      if (phase !== 'read' || heard) return
      heard = spawnSync(process.execPath, [join(CHILD, '../write-once-child.ts'), legacy], { encoding: 'utf8' }).stdout
    }
    await split({ legacy, into, context: { ...context, progress } })
    expect(heard).toBe(said)
    expect(database.pragma('integrity_check', { simple: true })).toBe('ok')
    database.close()
    const free = spawnSync(process.execPath, [join(CHILD, '../write-once-child.ts'), legacy], { encoding: 'utf8' })
    expect(free.stdout).toContain('log emptied')
  })
})

test('committed rows that lie in a log alone are taken along, and the log is left as it was', async () => {
  await withFolder(async (dir) => {
    const legacy = join(dir, 'input', 'legacy.db')
    leaveLog(dir, legacy)
    const before = contentOf(join(dir, 'input'))
    expect(before['legacy.db-wal']).toBeTruthy()
    await split({ legacy, into: join(dir, 'data'), context: transferContext() })
    expect(contentOf(join(dir, 'input'))).toEqual(before)
    const identity = new Database(join(dir, 'data/identity/identity.db'), { readonly: true })
    expect(identity.prepare('select email from "User" where id = ?').pluck().get('logged')).toBe('logged@mail.example')
    identity.close()
  })
})

test('what a crashed writer began is rolled back in the copy alone', async () => {
  await withFolder(async (dir) => {
    const legacy = join(dir, 'input', 'legacy.db')
    leaveJournal(dir, legacy)
    const before = contentOf(join(dir, 'input'))
    expect(Object.keys(before)).toContain('legacy.db-journal')
    const report = await split({ legacy, into: join(dir, 'data'), context: transferContext() })
    expect(report.tables.find(({ table }) => table === 'AuthLog')?.rows.files).toBe(3_001)
    expect(contentOf(join(dir, 'input'))).toEqual(before)
  })
})

/** A WAL database as a crash leaves it: rows in the log, nobody there, no -shm. */
function leaveLog(dir: string, path: string): void {
  const source = join(dir, 'source.db')
  buildLegacyDatabase(source)
  const database = new Database(source)
  database.pragma('journal_mode = WAL')
  database
    .prepare('insert into "User" (id, email, "createdAt", "updatedAt") values (?, ?, 1, 1)')
    .run('logged', 'logged@mail.example')
  copyInput(source, path, ['', '-wal'])
  database.close()
}

/** A database in the middle of a transaction that has already spilled into the file. */
function leaveJournal(dir: string, path: string): void {
  const source = join(dir, 'source.db')
  buildLegacyDatabase(source, { users: 3_000 })
  const database = new Database(source)
  database.pragma('cache_size = 10')
  database.exec('begin immediate; delete from "AuthLog"; delete from "ProcessedPayment"')
  copyInput(source, path, ['', '-journal'])
  database.exec('rollback')
  database.close()
}

function copyInput(source: string, path: string, parts: readonly string[]): void {
  const folder = join(path, '..')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  for (const part of parts) if (existsSync(source + part)) copyFileSync(source + part, path + part)
}

const contentOf = (dir: string): Record<string, string> =>
  Object.fromEntries(readdirSync(dir).map((name) => [name, readFileSync(join(dir, name)).toString('base64')]))
