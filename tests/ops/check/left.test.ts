// What restores and repairs leave beside the files, modes of all of it, and words that nobody knows.
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { CheckOptions } from '../../../src/ops/check/checks.ts'
import { openWork, workFolder } from '../../../src/ops/restore/work.ts'
import { type Databases, withDatabases } from '../../helpers/databases.ts'
import { findings, NOW, payment, plant, schedule, shortly, subscription, voucher } from './planting.ts'

const foldersOf = ({ dir }: Databases): NonNullable<CheckOptions['folders']> => ({
  undo: join(dir, 'undo'),
  backups: (domain) => join(dir, 'backups', domain),
})
const told = async (databases: Databases, ...only: string[]) =>
  await findings(databases, { folders: foldersOf(databases), only })

function put(path: string, mode = 0o600): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  writeFileSync(path, 'x'.repeat(100))
  chmodSync(path, mode)
}

const keep = ({ paths }: Databases, time: string, mode?: number) => put(`${paths.billing}.before-restore-${time}`, mode)

describe('old files that restores kept', () => {
  it('are told of after a week, with their logs', () =>
    withDatabases(async (databases) => {
      keep(databases, '20260524T115959Z')
      keep(databases, '20260524T115959Z-wal')
      keep(databases, '20260525T120001Z')
      const found = await told(databases, 'kept files')
      expect(shortly(found)).toEqual(['warning billing kept files 2'])
      expect(found[0]?.next).toContain('gogga restore billing --forget-old')
    }))

  it('are let lie for a week', () =>
    withDatabases(async (databases) => {
      keep(databases, '20260525T120001Z')
      expect(await told(databases, 'kept files')).toEqual([])
    }))
})

describe('undo files of repairs', () => {
  const WEEK_LATER = new Date(Date.now() + 8 * 86_400_000)

  it.each([
    ['are noticed', NOW, 'notice identity undo files 2'],
    ['are warned of after a week', WEEK_LATER, 'warning identity undo files 2'],
  ])('%s', (_name, now, line) =>
    withDatabases(async (databases) => {
      put(join(databases.dir, 'undo/2026-06-01T12-00-00.000Z.jsonl'))
      put(join(databases.dir, 'undo/2026-06-01T12-00-01.000Z.jsonl.new'))
      put(join(databases.dir, 'undo/notes.txt'))
      const found = await findings(databases, { folders: foldersOf(databases), only: ['undo files'], now })
      expect(shortly(found)).toEqual([line])
      expect(found[0]?.next).toContain('gogga check --forget-undo')
    }),
  )

  it('are not looked for in no folder', () =>
    withDatabases(async (databases) => {
      expect(await told(databases, 'undo files')).toEqual([])
      expect(await findings(databases, { only: ['undo files'] })).toEqual([])
    }))
})

describe('modes', () => {
  it.each([
    ['a kept file', (databases: Databases) => keep(databases, '20260601T000000Z', 0o640), 'warning billing modes 1'],
    ['a log', ({ paths }: Databases) => put(`${paths.admin}-wal`, 0o644), 'error admin modes'],
    ['the shared memory', ({ paths }: Databases) => put(`${paths.admin}-shm`, 0o644), 'error admin modes'],
    ['a backup', ({ dir }: Databases) => put(join(dir, 'backups/admin/a.db.zst'), 0o644), 'error admin modes 1'],
    ['a drill', ({ dir }: Databases) => put(join(dir, 'backups/admin/drills/a.json'), 0o660), 'warning admin modes 1'],
    ['an undo file', ({ dir }: Databases) => put(join(dir, 'undo/a.jsonl'), 0o604), 'error identity modes 1'],
  ])('of %s', (_name, fault, line) =>
    withDatabases(async (databases) => {
      fault(databases)
      expect(shortly(await told(databases, 'modes'))).toContain(line)
    }),
  )

  it('of the folder of backups', () =>
    withDatabases(async (databases) => {
      put(join(databases.dir, 'backups/admin/a.db.zst'))
      chmodSync(join(databases.dir, 'backups/admin'), 0o755)
      expect(shortly(await told(databases, 'modes'))).toEqual(['error admin modes 1'])
    }))

  it('of what is at work in a hidden folder do not matter', () =>
    withDatabases(async (databases) => {
      put(join(databases.dir, 'backups/admin/.gogga-backup-take-admin/lock.db'), 0o644)
      expect(await told(databases, 'modes')).toEqual([])
    }))
})

describe('a restore that was cut off', () => {
  it('is an error where its successor is ready, also where the file is missing', () =>
    withDatabases(async (databases) => {
      put(join(workFolder('billing', databases.paths), 'journal.json'))
      const found = await told(databases, 'modes')
      expect(shortly(found)).toEqual(['error billing restores'])
      expect(found[0]?.next).toContain('npx gogga migrate')
    }))

  it('is a warning where it changed nothing', () =>
    withDatabases(async (databases) => {
      put(join(workFolder('billing', databases.paths), 'successor.db'))
      expect(shortly(await told(databases, 'modes'))).toEqual(['warning billing restores'])
    }))

  it('is none while it is at work', () =>
    withDatabases(async (databases) => {
      using _work = openWork('billing', databases.paths)
      expect(existsSync(workFolder('billing', databases.paths))).toBe(true)
      expect(await told(databases, 'modes')).toEqual([])
    }))
})

it('what cannot be read names the command that restores it', () =>
  withDatabases(async (databases) => {
    writeFileSync(databases.paths.billing, 'no database at all')
    const [found] = await told(databases, 'modes')
    expect(found).toMatchObject({ check: 'open', severity: 'error', message: expect.stringContaining('SQLITE_NOTADB') })
    expect(found?.next).toContain('gogga restore billing --from latest')
  }))

describe('words that the application does not know', () => {
  it('are counted for each column, and not told', () =>
    withDatabases(async (databases) => {
      plant(databases, 'billing', ...['a', 'b', 'c'].map((id) => subscription(id, id)))
      plant(databases, 'billing', `update "Subscription" set status = 'foo' where id in ('a', 'b')`)
      plant(
        databases,
        'billing',
        `update "Subscription" set tier = 'GOLD', nextTier = 'ann@mail.example' where id = 'c'`,
      )
      plant(databases, 'billing', payment('p1', 'a'), `update "ProcessedPayment" set type = 'gift'`)
      plant(databases, 'billing', schedule('r1', 'a'), `update "RecurringSchedule" set status = 'stuck'`)
      plant(databases, 'admin', voucher('v1'), voucher('v2'), `update "Voucher" set type = 'R300' where id = 'v1'`)
      const found = await told(databases, 'words')
      expect(shortly(found)).toEqual([
        'warning billing.Subscription.tier words 1',
        'warning billing.Subscription.status words 2',
        'warning billing.Subscription.nextTier words 1',
        'warning billing.ProcessedPayment.type words 1',
        'warning billing.RecurringSchedule.status words 1',
        'warning admin.Voucher.type words 1',
      ])
      expect(JSON.stringify(found)).not.toMatch(/foo|GOLD|ann@|gift|stuck|R300/)
    }))
})
