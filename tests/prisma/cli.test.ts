// The real CLI of Prisma on real files, without a network: what the engine behind it must do as the binary does.
import { readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { DOMAINS, FILES } from '../../src/database/domains.ts'
import { migrate } from '../../src/database/migrations.ts'
import { type Project, withProject } from './project.ts'

const COLUMN = 'erasedAt  DateTime\n'
const TABLES = `select group_concat(name) from sqlite_master where type = 'table' and name not like '\\_%' escape '\\'`

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8)
const applicationId = (project: Project) =>
  project.inspect('admin', (db) => db.pragma('application_id', { simple: true }))

describe.concurrent('Prisma CLI', { timeout: 180_000 }, () => {
  test('schemas and migrations say the same, and a changed schema is noticed', async () => {
    await withProject(async (project) => {
      const diff = (domain: (typeof DOMAINS)[number]) => {
        const from = `prisma/migrations/${domain}`
        const to = `prisma/${domain}.prisma`
        return project.prisma(domain, ['migrate', 'diff', '--from-migrations', from, '--to-schema', to, '--exit-code'])
      }
      for (const domain of DOMAINS) {
        const { code, output } = await diff(domain)
        // The text as well: the CLI ends with 0 if its engine breaks down.
        expect(output).toContain('No difference detected')
        expect({ domain, code }).toEqual({ domain, code: 0 })
      }
      project.editSchema('billing', COLUMN, `${COLUMN}  note String?\n`)
      const changed = await diff('billing')
      expect(changed.output).toMatch(/Changed the `Tombstone` table[\s\S]*Added column `note`/)
      expect(changed.code).toBe(2)
    })
  })

  test('deploy creates the file for its owner alone; status and db pull tell what is there', async () => {
    await withProject(async (project) => {
      const own = project.migrations('admin')
      const before = await project.prisma('admin', ['migrate', 'status'])
      expect(before).toMatchObject({
        code: 1,
        output: expect.stringMatching(/P1003: Database `admin.db` does not exist/),
      })

      const deploy = await project.prisma('admin', ['migrate', 'deploy'])
      expect(deploy).toMatchObject({ code: 0, output: expect.stringContaining('successfully applied') })
      expect(modeOf(project.path('admin'))).toBe('600')
      expect(modeOf(dirname(project.path('admin')))).toBe('700')
      expect(applicationId(project)).toBe(FILES.admin.applicationId)

      const pull = await project.prisma('admin', ['db', 'pull', '--print'])
      const models = (text: string) => text.match(/^model \w+/gm)?.sort()
      expect(models(pull.output)).toEqual(models(readFileSync(join(project.dir, 'prisma/admin.prisma'), 'utf8')))

      project.writeMigration('admin', '29990101000000_more', 'create table "More" ("id" text primary key not null);')
      const behind = await project.prisma('admin', ['migrate', 'status'])
      expect(behind).toMatchObject({
        code: 1,
        output: expect.stringMatching(/not yet been applied:\n29990101000000_more/),
      })
      for (const name of own) expect(behind.output).not.toContain(name)
    })
  })

  test('dev writes and applies one migration after the other and keeps rows and application_id', async () => {
    await withProject(async (project) => {
      const before = project.migrations('admin')
      await project.prisma('admin', ['migrate', 'dev'])
      project.inspect('admin', (db) => db.exec(`insert into Tombstone values ('s1', '2026-01-01T00:00:00.000+00:00')`))
      project.editSchema('admin', COLUMN, `${COLUMN}  /// @plain\n  note String?\n`)
      const first = await project.prisma('admin', ['migrate', 'dev', '--name', 'a_note'])
      expect(first).toMatchObject({ code: 0, output: expect.stringContaining('_a_note') })
      // Another type: SQLite needs the table to be made anew.
      project.editSchema('admin', 'note String?', 'note Int @default(7)')
      const second = await project.prisma('admin', ['migrate', 'dev', '--name', 'b_note'])
      expect(second).toMatchObject({ code: 0, output: expect.stringContaining('_b_note') })
      const written = project.migrations('admin').filter((name) => !before.includes(name))
      expect(written.map((name) => name.slice(15))).toEqual(['a_note', 'b_note'])
      expect(project.inspect('admin', (db) => db.prepare('select subjectId, note from Tombstone').raw().all())).toEqual(
        [['s1', 7]],
      )
      expect(applicationId(project)).toBe(FILES.admin.applicationId)
      expect(await project.prisma('admin', ['migrate', 'status'])).toMatchObject({ code: 0 })
    })
  })

  test('a migration that fails says where and why, stops the next deploy, and can be resolved either way', async () => {
    await withProject(async (project) => {
      const bad = '29990101000000_bad'
      project.writeMigration('admin', bad, 'create table "Half" ("id" text);\ncreate table "Half" ("id" text);')
      const failed = await project.prisma('admin', ['migrate', 'deploy'])
      expect(failed.code).toBe(1)
      expect(failed.output).toMatch(
        /P3018\n[\s\S]*Migration name: 29990101000000_bad[\s\S]*table "Half" already exists/,
      )
      expect((await project.prisma('admin', ['migrate', 'status'])).output).toMatch(/have failed:\n29990101000000_bad/)
      expect((await project.prisma('admin', ['migrate', 'deploy'])).output).toMatch(/P3009\n[\s\S]*29990101000000_bad/)

      expect(await project.prisma('admin', ['migrate', 'resolve', '--rolled-back', bad])).toMatchObject({ code: 0 })
      project.inspect('admin', (db) => db.exec('drop table "Half"'))
      expect((await project.prisma('admin', ['migrate', 'deploy'])).output).toContain('P3018')

      expect(await project.prisma('admin', ['migrate', 'resolve', '--applied', bad])).toMatchObject({ code: 0 })
      const after = await project.prisma('admin', ['migrate', 'status'])
      expect(after).toMatchObject({ code: 0, output: expect.stringContaining('up to date') })
    })
  })

  test('a file with tables but without history is refused, and can be baselined', async () => {
    await withProject(async (project) => {
      await project.prisma('admin', ['db', 'push'])
      expect(applicationId(project)).toBe(FILES.admin.applicationId)
      expect((await project.prisma('admin', ['migrate', 'deploy'])).output).toContain('P3005')
      for (const name of project.migrations('admin')) {
        expect(await project.prisma('admin', ['migrate', 'resolve', '--applied', name])).toMatchObject({ code: 0 })
      }
      expect(await project.prisma('admin', ['migrate', 'status'])).toMatchObject({ code: 0 })
    })
  })

  test('reset leaves the migrated tables, and no byte of what was in them', async () => {
    await withProject(async (project) => {
      await project.prisma('admin', ['migrate', 'deploy'])
      const tables = project.inspect('admin', (db) => {
        const before = db.prepare(TABLES).pluck().get()
        db.exec(`insert into Tombstone values ('somebody-in-particular', '2026-01-01T00:00:00.000+00:00')`)
        db.exec('create table "Extra" ("id" integer primary key autoincrement); create view "V" as select 1; analyze')
        return before
      })
      expect(await project.prisma('admin', ['migrate', 'reset', '--force'])).toMatchObject({ code: 0 })
      expect(project.inspect('admin', (db) => db.prepare(TABLES).pluck().get())).toBe(tables)
      expect(readFileSync(project.path('admin')).includes('somebody-in-particular')).toBe(false)
      expect(applicationId(project)).toBe(FILES.admin.applicationId)
    })
  })

  test('the CLI and the program agree on what is applied', async () => {
    await withProject(async (project) => {
      migrate('admin', project.path('admin'))
      const status = await project.prisma('admin', ['migrate', 'status'])
      expect(status).toMatchObject({ code: 0, output: expect.stringContaining('up to date') })
      await project.prisma('billing', ['migrate', 'deploy'])
      expect(migrate('billing', project.path('billing'))).toEqual([])
    })
  })

  test('a wrong, locked or unreadable file is named, and left alone', async () => {
    await withProject(async (project) => {
      await project.prisma('billing', ['migrate', 'deploy'])
      const bytes = readFileSync(project.path('billing'))
      const wrong = await project.prisma('admin', ['migrate', 'deploy'], {
        env: { ADMIN_DB_URL: `file:${project.path('billing')}` },
      })
      expect(wrong.code).toBe(1)
      expect(wrong.output).toMatch(/expected admin .*found billing .*ADMIN_DB_URL/)
      expect(readFileSync(project.path('billing')).equals(bytes)).toBe(true)

      const locked = new Database(project.path('billing'))
      locked.exec('begin exclusive')
      const busy = await project.prisma('billing', ['db', 'execute', '--stdin'], { input: 'drop table Tombstone' })
      locked.close()
      expect(busy).toMatchObject({ code: 1, output: expect.stringMatching(/P1008\n.*billing\.db.* is locked/) })

      const text = join(project.dir, 'package.json')
      const noDatabase = await project.prisma('admin', ['migrate', 'deploy'], { env: { ADMIN_DB_URL: `file:${text}` } })
      expect(noDatabase.code).toBe(1)
      expect(noDatabase.output).toMatch(/package\.json` cannot be read: file is not a database/)
    })
  })

  test('execute, validate and generate work; a panic of the engine is an error', async () => {
    await withProject(async (project) => {
      await project.prisma('identity', ['migrate', 'deploy'])
      const row = (id: string) => `insert into Tombstone values ('${id}', '2026-01-01T00:00:00.000+00:00');`
      const input = `${row('kept')} ${row('gone-for-good')} delete from Tombstone where subjectId = 'gone-for-good'; select 1;`
      expect(await project.prisma('identity', ['db', 'execute', '--stdin'], { input })).toMatchObject({ code: 0 })
      expect(project.inspect('identity', (db) => db.prepare('select subjectId from Tombstone').pluck().all())).toEqual([
        'kept',
      ])
      expect(readFileSync(project.path('identity')).includes('gone-for-good')).toBe(false)
      expect(await project.prisma('identity', ['validate'])).toMatchObject({ code: 0 })
      expect(await project.prisma('identity', ['generate'])).toMatchObject({ code: 0 })
      expect(readFileSync(join(project.dir, 'src/generated/identity/client.ts'), 'utf8')).toContain('PrismaClient')

      const panic = await project.prisma('identity', ['migrate', 'deploy'], { env: { FORCE_PANIC_SCHEMA_ENGINE: '1' } })
      expect(panic).toMatchObject({ code: 1, output: expect.stringMatching(/schema engine broke: it panicked/) })
    })
  })

  test('generate refuses a column without a class and a link to nothing, each with its line', async () => {
    await withProject(async (project) => {
      project.editSchema('billing', '  /// @plain\n  packSize', '  packSize')
      project.editSchema('admin', '@link admin.Voucher.id', '@link admin.Coupon.id')
      const lineOf = (domain: 'billing' | 'admin', start: string) => {
        const lines = readFileSync(join(project.dir, 'prisma', `${domain}.prisma`), 'utf8').split('\n')
        return lines.findIndex((line) => line.startsWith(start)) + 1
      }
      const refused = await project.prisma('identity', ['generate'])
      expect(refused.code).toBe(1)
      expect(refused.output).toContain(
        `prisma/billing.prisma:${lineOf('billing', '  packSize')}  billing.CreditPurchase.packSize has no class`,
      )
      expect(refused.output).toContain(
        `prisma/admin.prisma:${lineOf('admin', '  voucherId')}  admin.VoucherLog.voucherId links to admin.Coupon.id`,
      )
    })
  })

  test('an unknown domain and a URL of another kind are refused in a sentence', async () => {
    await withProject(async (project) => {
      const unknown = await project.prisma('admin', ['validate'], { env: { GOGGA_DOMAIN: 'payments' } })
      expect(unknown.code).toBe(1)
      expect(unknown.output).toContain('GOGGA_DOMAIN is "payments"; expected one of identity, billing, admin')
      const postgres = await project.prisma('admin', ['validate'], { env: { ADMIN_DB_URL: 'postgres://u:secret@h/d' } })
      expect(postgres.code).toBe(1)
      expect(postgres.output).toContain('ADMIN_DB_URL must begin with "file:", got "postgres:…"')
      expect(postgres.output).not.toContain('secret')
    })
  })
})
