// Repairs follow the catalog's policies, touch no money, and can be taken back value by value.
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { type Files, openFile } from '../../../src/database/clients.ts'
import { DOMAINS } from '../../../src/database/domains.ts'
import { type RepairReport, repair, undoRepair } from '../../../src/ops/check/repair.ts'
import { openReaders } from '../../../src/ops/check/view.ts'
import { type Databases, withDatabases } from '../../helpers/databases.ts'
import * as planting from './planting.ts'
import { findings, NOW, plant, rowsOf, shortly } from './planting.ts'

const OPTIONS = { busyTimeoutMs: 500, cacheMb: 8 }

/** Every row of every table that a repair might touch. */
const everything = (databases: Databases) => ({
  sessions: rowsOf(databases, 'identity', 'select * from "Session" order by id'),
  originals: rowsOf(databases, 'identity', 'select *, typeof(value) from "LegacyOriginal" order by rowId'),
  subscriptions: rowsOf(
    databases,
    'billing',
    'select *, typeof(startedAt), typeof(nextBilling) from "Subscription" order by id',
  ),
  payments: rowsOf(databases, 'billing', 'select * from "ProcessedPayment" order by id'),
  schedules: rowsOf(databases, 'billing', 'select * from "RecurringSchedule" order by id'),
  vouchers: rowsOf(databases, 'admin', 'select * from "Voucher" order by id'),
})

function plantOrphans(databases: Databases): void {
  plant(
    databases,
    'identity',
    planting.user('u1'),
    planting.session('s1', 'gone'),
    planting.session('s2', 'u1'),
    `insert into "LegacyOriginal" values ('T', 'c', '1', 'blob', x'00ff10', 'x', 'gone9')`,
  )
  plant(
    databases,
    'billing',
    planting.subscription('sub1', 'u1'),
    planting.subscription('sub2', 'gone'),
    planting.payment('p1', 'gone'),
    planting.schedule('r1', 'gone'),
    // Values of every storage class, also such as a typed column should not hold.
    `update "Subscription" set creditsUsed = 9007199254740993, startedAt = 1.5, nextBilling = x'c3', nextTier = '"é😀'`,
  )
  plant(databases, 'admin', planting.voucher('v1', { userId: 'gone' }), planting.voucher('v2', { userId: 'u1' }))
}

async function withFiles<T>({ paths }: Databases, work: (files: Files) => Promise<T>): Promise<T> {
  await using identity = await openFile('identity', paths.identity, OPTIONS)
  await using billing = await openFile('billing', paths.billing, OPTIONS)
  await using admin = await openFile('admin', paths.admin, OPTIONS)
  return await work({ identity, billing, admin })
}

const undoFolder = ({ dir }: Databases): string => join(dir, 'undo')

async function repaired(
  databases: Databases,
  more: { dryRun?: boolean; domains?: typeof DOMAINS; evenIfMany?: boolean } = {},
): Promise<RepairReport> {
  const { readers } = openReaders(databases.paths, DOMAINS)
  try {
    return await withFiles(databases, (files) =>
      repair({ files, readers, domains: DOMAINS, undoFolder: undoFolder(databases), now: NOW, dryRun: false, ...more }),
    )
  } finally {
    for (const reader of Object.values(readers)) reader.close()
  }
}

const MONEY = { link: 'billing.RecurringSchedule.userId', rows: 1, why: 'money' }
const LINKS = [
  { link: 'identity.Session.userId', policy: 'delete', rows: 1 },
  { link: 'identity.LegacyOriginal.subjectId', policy: 'delete', rows: 1 },
  { link: 'billing.Subscription.userId', policy: 'delete', rows: 1 },
  { link: 'admin.Voucher.userId', policy: 'null', rows: 1 },
]

it('follows each policy, leaves money, and finds nothing more to do', () =>
  withDatabases(async (databases) => {
    plantOrphans(databases)
    const before = everything(databases)
    const report = await repaired(databases)
    expect(report).toMatchObject({ dryRun: false, repaired: LINKS, left: [MONEY] })
    const after = everything(databases)
    expect(after).toMatchObject({ payments: before.payments, schedules: before.schedules })
    expect(after.sessions).toEqual(before.sessions.slice(1))
    expect(after.originals).toEqual([])
    expect(after.subscriptions).toEqual(before.subscriptions.slice(0, 1))
    expect(after.vouchers).toEqual([{ ...(before.vouchers[0] as object), userId: null }, before.vouchers[1]])
    expect(shortly(await findings(databases, { only: ['links'] }))).toEqual([
      'notice billing.ProcessedPayment.userId links 1',
      'warning billing.RecurringSchedule.userId links 1',
    ])
    expect(await repaired(databases)).toEqual({ dryRun: false, undo: null, repaired: [], left: [MONEY] })
  }))

it('takes it all back, whatever the values', () =>
  withDatabases(async (databases) => {
    plantOrphans(databases)
    const before = everything(databases)
    const { undo } = await repaired(databases)
    expect(everything(databases)).not.toEqual(before)
    expect(await withFiles(databases, (files) => undoRepair(files, undo ?? ''))).toEqual({ restored: 4, left: 0 })
    expect(everything(databases)).toEqual(before)
    expect(await withFiles(databases, (files) => undoRepair(files, undo ?? ''))).toEqual({ restored: 0, left: 4 })
    expect(everything(databases)).toEqual(before)
  }))

it('does not undo over what came in the meantime', () =>
  withDatabases(async (databases) => {
    plantOrphans(databases)
    const { undo } = await repaired(databases)
    plant(databases, 'billing', planting.subscription('sub3', 'gone'))
    plant(databases, 'admin', `update "Voucher" set userId = 'u1' where id = 'v1'`)
    const before = everything(databases)
    expect(await withFiles(databases, (files) => undoRepair(files, undo ?? ''))).toEqual({ restored: 2, left: 2 })
    expect(everything(databases)).toMatchObject({ subscriptions: before.subscriptions, vouchers: before.vouchers })
  }))

it('writes nothing in a dry run', () =>
  withDatabases(async (databases) => {
    plantOrphans(databases)
    const before = everything(databases)
    expect(await repaired(databases, { dryRun: true })).toEqual({
      dryRun: true,
      undo: null,
      repaired: LINKS,
      left: [MONEY],
    })
    expect(everything(databases)).toEqual(before)
    expect(readdirSync(databases.dir)).not.toContain('undo')
  }))

it('keeps the undo file from everybody else, and writes it before it changes anything', () =>
  withDatabases(async (databases) => {
    plantOrphans(databases)
    plant(databases, 'admin', `create trigger no before update on "Voucher" begin select raise(abort, 'no'); end`)
    const before = everything(databases)
    await expect(repaired(databases, { domains: ['admin'] as never })).rejects.toThrow()
    expect(everything(databases)).toEqual(before)
    const [name = '', ...more] = readdirSync(undoFolder(databases))
    expect([name, more]).toEqual(['2026-06-01T12-00-00.000Z.jsonl', []])
    const path = join(undoFolder(databases), name)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700)
    const [head, line] = readFileSync(path, 'utf8')
      .split('\n')
      .map((text) => (text ? JSON.parse(text) : undefined))
    expect(head).toMatchObject({ gogga: 'undo', version: 1 })
    expect(line).toMatchObject({
      file: 'admin',
      table: 'Voucher',
      action: 'null',
      column: 'userId',
      row: { userId: { text: 'gone' } },
    })
  }))

it('leaves a row whose parent came back after it was read', () =>
  withDatabases(async (databases) => {
    plantOrphans(databases)
    const { readers } = openReaders(databases.paths, DOMAINS)
    const report = await withFiles(databases, (files) => {
      // The undo file is written, the first row is about to change: now the user comes back.
      const waiting = {
        ...files.identity,
        change: (work: never) => {
          plantOnce()
          return files.identity.change(work)
        },
      }
      let planted = false
      const plantOnce = () => {
        if (!planted) plant(databases, 'identity', planting.user('gone'))
        planted = true
      }
      const options = { readers, domains: DOMAINS, undoFolder: undoFolder(databases), now: NOW, dryRun: false }
      return repair({ files: { ...files, identity: waiting as unknown as Files['identity'] }, ...options })
    })
    for (const reader of Object.values(readers)) reader.close()
    expect(report.repaired).toEqual([LINKS[1]])
    expect(report.left).toEqual([
      MONEY,
      ...[LINKS[0], LINKS[2], LINKS[3]].map((link) => ({ link: link?.link, rows: 1, why: 'changed meanwhile' })),
    ])
  }))

it.each([
  ['nothing', undefined, /nothing is there/],
  ['an empty file', '', /it is empty/],
  ['another file', '{"hello":1}\n', /its head is missing/],
  ['half a line', '{"gogga":"undo","version":1}\n{"file":"bil', /line 2 is not JSON/],
  [
    'a table that is none',
    '{"gogga":"undo","version":1}\n{"file":"billing","table":"User","action":"null","column":"id","row":{}}',
    /line 2 names nothing/,
  ],
  [
    'a column that is none',
    '{"gogga":"undo","version":1}\n{"file":"identity","table":"User","action":"delete","column":"id","row":{"x":null}}',
    /line 2 has a column/,
  ],
])('refuses to undo from %s', (_name, content, says) =>
  withDatabases(async (databases) => {
    const path = join(databases.dir, 'undo.jsonl')
    if (content !== undefined) writeFileSync(path, content)
    await expect(withFiles(databases, (files) => undoRepair(files, path))).rejects.toThrow(says)
  }),
)

it('says where the undo file cannot be written, and changes nothing', () =>
  withDatabases(async (databases) => {
    plantOrphans(databases)
    const before = everything(databases)
    writeFileSync(join(databases.dir, 'undo'), 'a file, not a folder')
    chmodSync(join(databases.dir, 'undo'), 0o600)
    await expect(repaired(databases)).rejects.toThrow(/EEXIST|ENOTDIR/)
    expect(everything(databases)).toEqual(before)
  }))

it.each([
  ['a plan', `tier = 'JIVE'`],
  ['credits', 'credits = 1'],
  ['a token', `payfastToken = 'tok'`],
])('leaves a subscription with %s', (_name, what) =>
  withDatabases(async (databases) => {
    plant(databases, 'identity', planting.user('u1'))
    plant(databases, 'billing', planting.subscription('sub1', 'gone'), planting.subscription('sub2', 'gone2'))
    plant(databases, 'billing', `update "Subscription" set ${what} where id = 'sub1'`)
    const link = 'billing.Subscription.userId'
    const expected = { repaired: [{ link, policy: 'delete', rows: 1 }], left: [{ link, rows: 1, why: 'money' }] }
    expect(await repaired(databases, { dryRun: true })).toMatchObject(expected)
    expect(await repaired(databases)).toMatchObject(expected)
    expect(rowsOf(databases, 'billing', 'select id from "Subscription"')).toEqual([{ id: 'sub1' }])
  }),
)

it('leaves everything where the file that it would name was lost and made anew, unless that is said', () =>
  withDatabases(async (databases) => {
    plant(databases, 'billing', planting.subscription('sub1', 'u1'), planting.payment('p1', 'u1'))
    const found = await findings(databases, { only: ['links'] })
    expect(shortly(found)).toEqual([
      'error billing.Subscription.userId links 1',
      'error billing.ProcessedPayment.userId links 1',
    ])
    for (const { next } of found) expect(next).toContain('gogga restore identity --from latest')
    const link = 'billing.Subscription.userId'
    expect(await repaired(databases)).toMatchObject({ undo: null, repaired: [], left: [{ link, why: 'target lost' }] })
    expect(await repaired(databases, { evenIfMany: true })).toMatchObject({ repaired: [{ link, rows: 1 }], left: [] })
  }))

it.each([
  ['more than a hundred, and more than a tenth of all', 101, 908, true],
  ['a hundred, and more than a tenth', 100, 100, false],
  ['more than a hundred, and a tenth', 101, 909, false],
])('where %s would go, says so or goes on', (_name, gone, there, isLeft) =>
  withDatabases(async (databases) => {
    plant(databases, 'identity', planting.user('u1'))
    const sessions = (count: number, userId: string) =>
      Array.from({ length: count }, (_, nth) => planting.session(`${userId}${nth}`, userId))
    plant(databases, 'identity', 'begin', ...sessions(gone, 'gone'), ...sessions(there, 'u1'), 'commit')
    const link = 'identity.Session.userId'
    const left = { repaired: [], left: [{ link, rows: gone, why: 'too many' }] }
    const went = { repaired: [{ link, policy: 'delete', rows: gone }], left: [] }
    expect(await repaired(databases)).toMatchObject(isLeft ? left : went)
    if (isLeft) expect(await repaired(databases, { evenIfMany: true })).toMatchObject(went)
  }),
)
