// Each check, shown red by the fault that it is there for.
import { chmodSync, chownSync, closeSync, openSync, readFileSync, rmSync, truncateSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openReader, openWriter } from '../../../src/database/connections.ts'
import { DOMAINS, type Domain } from '../../../src/database/domains.ts'
import type { AlarmCode } from '../../../src/ops/backup/promises.ts'
import { CHECKS, type CheckOptions } from '../../../src/ops/check/checks.ts'
import { type Databases, withDatabases } from '../../helpers/databases.ts'
import * as planting from './planting.ts'
import { findings, NOW, plant, shortly } from './planting.ts'

const HOUR = 3_600_000
const ago = (milliseconds: number) => new Date(NOW.getTime() - milliseconds).toISOString().replace('Z', '+00:00')

it('finds nothing in files as they should be', () =>
  withDatabases(async (databases) => {
    plant(databases, 'identity', planting.user('u1'), planting.session('s1', 'u1'))
    plant(databases, 'billing', planting.subscription('sub1', 'u1'), planting.payment('p1', 'u1'))
    plant(databases, 'admin', planting.voucher('v1', { userId: 'u1', createdBy: 'u1' }))
    expect(await findings(databases)).toEqual([])
  }))

interface Case {
  readonly name: string
  readonly fault: (databases: Databases) => void
  readonly options?: Partial<CheckOptions>
  readonly found: readonly string[]
}

const cases: readonly Case[] = [
  {
    name: 'a file that is missing',
    fault: ({ paths }) => rmSync(paths.billing),
    found: ['error billing open'],
  },
  {
    name: 'a file of another domain, by its application id',
    fault: (databases) => plant(databases, 'admin', `pragma application_id = ${0x47474964}`),
    found: ['error admin open'],
  },
  {
    name: 'a broken page',
    fault: ({ paths }) => overwrite(paths.billing, rootOf(paths.billing, 'billing', 'Subscription_createdAt_id_idx')),
    found: ['error billing integrity 1'],
    options: { only: ['integrity'] },
  },
  {
    name: 'an index that does not agree with its table',
    fault: (databases) => {
      plant(databases, 'identity', planting.user('u1'))
      spoilIndex(databases.paths.identity)
    },
    found: ['error identity integrity 1'],
    options: { only: ['integrity'] },
  },
  {
    name: 'a row against a foreign key',
    fault: (databases) =>
      plant(
        databases,
        'admin',
        'create table a (id integer primary key)',
        'create table b (a integer references a(id))',
        'insert into b values (1), (2)',
      ),
    found: ['error admin.b foreign keys 2'],
  },
  {
    name: 'a migration that is not applied',
    fault: (databases) =>
      plant(databases, 'billing', `delete from "_prisma_migrations" where migration_name like '%_changes'`),
    found: ['error billing migrations 1'],
  },
  {
    name: 'a migration that was changed',
    fault: (databases) => plant(databases, 'billing', `update "_prisma_migrations" set checksum = 'x'`),
    found: ['error billing migrations'],
  },
  {
    name: 'a migration that nobody knows',
    fault: (databases) =>
      plant(
        databases,
        'billing',
        `update "_prisma_migrations" set migration_name = '20300101000000_x' where migration_name like '%_init'`,
      ),
    found: ['error billing migrations'],
  },
  {
    name: 'a file that everybody may read',
    fault: ({ paths }) => chmodSync(paths.identity, 0o644),
    // SQLite gives -wal and -shm the rights of their file.
    found: ['error identity modes', 'error identity modes', 'error identity modes'],
  },
  {
    name: 'a folder that the group may write to',
    fault: ({ paths }) => chmodSync(dirname(paths.identity), 0o770),
    found: ['warning identity modes'],
  },
  {
    name: 'a log that is not emptied',
    fault: () => undefined,
    options: { limits: { walBytes: -1 }, only: ['wal'] },
    found: ['warning identity wal 0', 'warning billing wal 0', 'warning admin wal 0'],
  },
  {
    name: 'free pages, and what lies in them',
    fault: (databases) =>
      plant(
        databases,
        'billing',
        'pragma secure_delete = OFF',
        'create table big (a)',
        `insert into big select 'deleted ' || hex(randomblob(1000)) from (select value from json_each('[1,2,3,4,5,6,7,8]'))`,
        'drop table big',
      ),
    options: { limits: { freeBytes: 0, freeShare: 0 } },
    found: ['notice billing free pages 5', 'warning billing traces 4'],
  },
  {
    name: 'a full disk',
    fault: () => undefined,
    options: { freeBytes: () => 1 << 20, domains: ['admin'] },
    found: ['error admin disk 1048576'],
  },
  {
    name: 'a disk with no room for a copy',
    fault: () => undefined,
    options: { freeBytes: () => 1 << 10, limits: { diskBytes: 0 }, domains: ['admin'] },
    found: ['warning admin disk 1024'],
  },
  {
    name: 'writers that leave what they delete',
    fault: () => undefined,
    options: {
      domains: ['billing'],
      openWriter: (...args) => {
        const writer = openWriter(...args)
        writer.pragma('secure_delete = OFF')
        return writer
      },
    },
    found: ['error billing secure delete'],
  },
  {
    name: 'a message that is late',
    fault: (databases) => plant(databases, 'identity', planting.message('m1', { createdAt: ago(120_000) })),
    found: ['warning identity.OutboxMessage outbox 1'],
  },
  {
    name: 'a message that is overdue',
    fault: (databases) =>
      plant(databases, 'identity', planting.message('m1', { createdAt: ago(2 * HOUR) }), planting.message('m2')),
    found: ['error identity.OutboxMessage outbox 1'],
  },
  {
    name: 'a dead letter',
    fault: (databases) => plant(databases, 'identity', planting.message('m1', { deadAt: planting.T })),
    found: ['error identity.OutboxMessage dead letters 1'],
  },
  {
    name: 'a message that was received and still lies there',
    fault: (databases) => {
      plant(databases, 'identity', planting.message('m1', { createdAt: ago(61_000), deadAt: planting.T }))
      plant(databases, 'billing', `insert into "InboxMessage" values ('m1', 'user-created', '${planting.T}')`)
    },
    options: { only: ['inbox'] },
    found: ['warning identity.OutboxMessage inbox 1'],
  },
  {
    name: 'messages without a handler: unknown type, wrong target, no such file',
    fault: (databases) =>
      plant(
        databases,
        'identity',
        planting.message('m1', { type: 'user-painted' }),
        planting.message('m2', { target: 'admin' }),
        planting.message('m3', { target: 'audit' }),
      ),
    found: [
      'error identity.OutboxMessage handlers 1',
      'error identity.OutboxMessage handlers 1',
      'error identity.OutboxMessage handlers 1',
    ],
  },
  {
    name: 'a tombstone that one file lacks',
    fault: (databases) => {
      plant(databases, 'identity', planting.tombstone('u9'))
      plant(databases, 'admin', planting.tombstone('u9'))
    },
    found: ['error billing.Tombstone tombstones 1', 'error billing.Tombstone tombstones 1'],
  },
  {
    name: 'a user without a subscription',
    fault: (databases) => plant(databases, 'identity', planting.user('u1')),
    found: ['notice billing.Subscription.userId subscriptions 1'],
  },
  {
    name: 'a user with two, where the index is gone',
    fault: (databases) => {
      plant(databases, 'identity', planting.user('u1'))
      const twice = ['sub1', 'sub2'].map((id) => planting.subscription(id, 'u1'))
      plant(databases, 'billing', 'drop index "Subscription_userId_key"', ...twice)
    },
    found: ['error billing.Subscription.userId subscriptions 1'],
  },
  {
    name: 'backups: the first that is not there yet, one that was missed, one that nobody can see, and no drill',
    fault: () => undefined,
    options: {
      only: ['backups'],
      backups: async (domain: Domain) => {
        const alarm = (code: AlarmCode) => ({ domain, code, message: `it is about ${code}` })
        if (domain === 'identity') return { alarms: [alarm('missed')], newest: undefined }
        const newest = { id: 'b1', takenAt: NOW.toISOString() }
        if (domain === 'admin') return { alarms: [alarm('out-of-reach')], newest: undefined }
        return { alarms: [alarm('missed'), alarm('failed-check'), alarm('no-drill')], newest }
      },
    },
    found: [
      'warning identity backups',
      'error billing backups',
      'error billing backups',
      'warning billing backups',
      'notice admin backups',
    ],
  },
]

describe('a planted fault is found', () => {
  it.each(cases)('$name', ({ fault, options, found }) =>
    withDatabases(async (databases) => {
      fault(databases)
      const all = await findings(databases, options)
      // What a fault also leads to is not what its case is about.
      const asked = new Set(found.map((line) => line.split(' ')[1]))
      expect(shortly(all).filter((line) => asked.has(line.split(' ')[1]))).toEqual(found)
      for (const { message, next } of all) expect([message, next].every((text) => text.length > 10)).toBe(true)
    }),
  )

  it("an owner who is not the folder's", () =>
    withDatabases(async (databases) => {
      if (process.getuid?.() !== 0) return
      chownSync(databases.paths.billing, 12_345, 12_345)
      const file = shortly(await findings(databases, { only: ['owners'] }))
      expect(file.length).toBeGreaterThan(0)
      expect(new Set(file)).toEqual(new Set(['error billing owners']))
    }))
})

it('says of a half file that it is broken, and goes on with the others', () =>
  withDatabases(async (databases) => {
    truncateSync(databases.paths.identity, 8_192)
    const lines = shortly(await findings(databases))
    expect(lines).toContain('error identity open')
    expect(lines.filter((line) => line.startsWith('error billing'))).toEqual([])
  }))

it('leaves the indexes out where it has to be quick', () =>
  withDatabases(async (databases) => {
    plant(databases, 'identity', planting.user('u1'))
    spoilIndex(databases.paths.identity)
    expect(shortly(await findings(databases, { quick: true, only: ['integrity'] }))).toEqual([])
  }))

it('finds within one file only what was asked for, with the other files as the ends of its links', () =>
  withDatabases(async (databases) => {
    plant(databases, 'identity', planting.bystander)
    chmodSync(databases.paths.identity, 0o644)
    plant(databases, 'billing', planting.payment('p1', 'nobody'))
    expect(shortly(await findings(databases, { domains: ['billing'] }))).toEqual([
      'notice billing.ProcessedPayment.userId links 1',
    ])
    rmSync(databases.paths.identity)
    expect(shortly(await findings(databases, { domains: ['billing'] }))).toEqual(['notice identity open'])
  }))

it('tells of each check of each file before it runs', () =>
  withDatabases(async (databases) => {
    const seen: string[] = []
    await findings(databases, {
      onCheck: (name, domain, done, total) => seen.push(`${domain} ${name} ${done}/${total}`),
    })
    expect(seen).toHaveLength(DOMAINS.length * Object.keys(CHECKS).length)
    expect(seen[0]).toBe(`identity integrity 0/${seen.length}`)
  }))

function rootOf(path: string, domain: Domain, name: string): number {
  const reader = openReader(domain, path)
  const root = reader.prepare('select rootpage from sqlite_schema where name = ?').pluck().get(name) as number
  reader.close()
  return root
}

function overwrite(path: string, page: number): void {
  const file = openSync(path, 'r+')
  writeSync(file, Buffer.alloc(4_096, 0xff), 0, 4_096, (page - 1) * 4_096)
  closeSync(file)
}

/** In the index alone, user u1 is called u9. */
function spoilIndex(path: string): void {
  const at = (rootOf(path, 'identity', 'User_createdAt_id_idx') - 1) * 4_096
  const page = readFileSync(path).subarray(at, at + 4_096)
  const file = openSync(path, 'r+')
  writeSync(file, '9', at + page.indexOf('u1') + 1)
  closeSync(file)
}
