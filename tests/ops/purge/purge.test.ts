// What is due by the schemas' @retain goes, in small batches, and nothing else.
import { statSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Context } from '../../../src/context.ts'
import { allModels } from '../../../src/database/catalog.ts'
import type { Clock } from '../../../src/database/clock.ts'
import { openReader, openWriter } from '../../../src/database/connections.ts'
import { DOMAINS } from '../../../src/database/domains.ts'
import { cutoffOf } from '../../../src/database/retention.ts'
import { besideCheckpoints } from '../../../src/ops/purge/checkpoints.ts'
import { type Batch, countDue, nextSize, purge, purgeStep, restAfter } from '../../../src/ops/purge/purge.ts'
import { giveBack, spaceOf, vacuum } from '../../../src/ops/purge/space.ts'
import { DAY, NOW, outboxOf, SECOND, type World, withWorld } from '../../saga/world.ts'
import { payment, plant, rowsOf, T, tombstone } from '../check/planting.ts'

const at = (ms: number) => new Date(NOW.getTime() + ms).toISOString().replace('Z', '+00:00')
const idsOf = ({ databases }: World, domain: 'identity' | 'billing' | 'admin', table: string, key = 'id') =>
  rowsOf<{ id: string }>(databases, domain, `select ${key} as id from "${table}" order by 1`).map(({ id }) => id)

const authLog = (id: string, createdAt: string | number) =>
  `insert into "AuthLog" (id, action, createdAt) values ('${id}', 'login', ${typeof createdAt === 'number' ? createdAt : `'${createdAt}'`})`
const token = (id: string, expiresAt: string, used: 0 | 1) =>
  `insert into "LoginToken" (id, token, email, expiresAt, used) values ('${id}', 't-${id}', 'a@mail.example', '${expiresAt}', ${used})`
const change = (id: string, createdAt: string) =>
  `insert into "Change" values ('${id}', 'x', 'x', null, null, 200, '{}', '${createdAt}')`
const adminLog = (id: string, createdAt: string) =>
  `insert into "AdminLog" (id, adminId, action, createdAt) values ('${id}', 'boss', 'x', '${createdAt}')`
const accessLog = (id: string, createdAt: string) =>
  `insert into "AccessLog" (id, apiKeyId, route, fields, subjects, requestId, createdAt)
   values ('${id}', 'k', 'GET /', '', '[]', 'r', '${createdAt}')`

const YEAR = 365 * DAY
const SEVEN_YEARS = '2019-06-01T12:00:00.000+00:00'
const FIVE_YEARS = '2021-06-01T12:00:00.000+00:00'

/** On each side of each limit, by a millisecond. */
function plantAges(world: World): void {
  plant(
    world.databases,
    'identity',
    authLog('old', at(-YEAR - 1)),
    authLog('kept', at(-YEAR)),
    token('old', at(-DAY - 1), 1),
    token('unused', at(-DAY - 1), 0),
    token('kept', at(-DAY), 1),
    accessLog('old', FIVE_YEARS.replace('12:00:00.000', '11:59:59.999')),
    accessLog('kept', FIVE_YEARS),
    change('old', at(-DAY - 1)),
    change('kept', at(-DAY)),
  )
  const paid = (id: string, userId: string, time: string) => payment(id, userId).replace(T, time)
  plant(
    world.databases,
    'billing',
    change('old', at(-DAY - 1)),
    change('kept', at(-DAY)),
    tombstone('erased'),
    paid('old', 'erased', SEVEN_YEARS.replace('12:00:00.000', '11:59:59.999')),
    paid('kept', 'erased', SEVEN_YEARS),
    paid('of-somebody', 'ann', '2001-01-01T00:00:00.000+00:00'),
  )
  plant(
    world.databases,
    'admin',
    change('old', at(-DAY - 1)),
    adminLog('old', '2020-01-01T00:00:00.000+00:00'),
    adminLog('kept', FIVE_YEARS),
  )
  for (const domain of DOMAINS)
    plant(world.databases, domain, `insert into "InboxMessage" values ('m', 'x', '2001-01-01T00:00:00.000+00:00')`)
}

const left = (world: World) => ({
  authLogs: idsOf(world, 'identity', 'AuthLog'),
  tokens: idsOf(world, 'identity', 'LoginToken'),
  accessLogs: idsOf(world, 'identity', 'AccessLog'),
  adminLogs: idsOf(world, 'admin', 'AdminLog'),
  payments: idsOf(world, 'billing', 'ProcessedPayment'),
  changes: DOMAINS.map((domain) => idsOf(world, domain, 'Change')),
  inbox: DOMAINS.map((domain) => idsOf(world, domain, 'InboxMessage')),
})

const KEPT = {
  authLogs: ['kept'],
  tokens: ['kept'],
  accessLogs: ['kept'],
  adminLogs: ['kept'],
  payments: ['kept', 'of-somebody'],
  changes: [['kept'], ['kept'], []],
  inbox: [['m'], ['m'], ['m']],
}

const readersOf = ({ files }: Context) => ({
  identity: files.identity.reader,
  billing: files.billing.reader,
  admin: files.admin.reader,
})

describe('purge', () => {
  it('removes to the millisecond what the schemas say, as it counted before', () =>
    withWorld(async (world) => {
      plantAges(world)
      const due = countDue(readersOf(world.context), { now: NOW })
      expect(left(world)).not.toEqual(KEPT)
      const purged = await purge(world.context.files, { now: NOW })
      expect(purged).toEqual(due)
      expect(purged.map(({ model, rows }) => [model, rows])).toEqual([
        ['identity.LoginToken', 2],
        ['identity.AuthLog', 1],
        ['identity.AccessLog', 1],
        ['identity.Change', 1],
        ['identity.PiiAttempt', 0],
        ['billing.CreditPurchase', 0],
        ['billing.ProcessedPayment', 1],
        ['billing.SubscriptionEvent', 0],
        ['billing.ChargeAttempt', 0],
        ['billing.Change', 1],
        ['admin.Voucher', 0],
        ['admin.VoucherLog', 0],
        ['admin.AdminLog', 1],
        ['admin.Change', 1],
      ])
      expect(left(world)).toEqual(KEPT)
      expect((await purge(world.context.files, { now: NOW })).every(({ rows }) => rows === 0)).toBe(true)
    }))

  it('knows every @retain of the schemas', () => {
    const retained = allModels.filter(({ retain }) => retain !== undefined)
    expect(retained.length).toBeGreaterThan(5)
    for (const model of retained) {
      const retention = { model, ...(model.retain as NonNullable<typeof model.retain>) }
      expect(cutoffOf(retention, NOW) < NOW).toBe(true)
      const leading = [...model.indexes.map(([first]) => first)]
      expect(leading, `${model.name}: without an index each batch would read the table`).toContain(
        retention.erased ?? retention.column,
      )
    }
  })

  it('keeps rows whose time is none, since nobody knows how old they are', () =>
    withWorld(async (world) => {
      const odd = [authLog('a', ''), authLog('b', 'yesterday'), authLog('c', 1_600_000_000_000), authLog('d', '0')]
      plant(world.databases, 'identity', ...odd, authLog('e', '1999-01-01T00:00:00.000+00:00'))
      const [purged] = (await purge(world.context.files, { now: NOW })).filter(({ model }) => model.endsWith('AuthLog'))
      expect(purged?.rows).toBe(1)
      expect(left(world).authLogs).toEqual(['a', 'b', 'c', 'd'])
    }))

  it('touches only the files that it is asked for', () =>
    withWorld(async (world) => {
      plantAges(world)
      await purge(world.context.files, { now: NOW, domains: ['admin'] })
      expect(left(world)).toMatchObject({ adminLogs: ['kept'], authLogs: ['kept', 'old'] })
    }))

  it('lets the address of an administrator go with the log’s row, in the other file', () =>
    withWorld(async (world) => {
      const { context, databases, pass } = world
      plant(databases, 'admin', adminLog('old', '2020-01-01T00:00:00.000+00:00'), adminLog('kept', at(0)))
      const origin = (id: string) => `insert into "AdminLogOrigin" values ('${id}', '192.0.2.1')`
      plant(databases, 'identity', origin('old'), origin('kept'))
      const posted: string[] = []
      await purge(context.files, { now: NOW, onPosted: (origin_, id) => posted.push(`${origin_} ${id}`) })
      expect(posted).toEqual(['admin parent-deleted-identity:admin.AdminLog:old'])
      expect(outboxOf(context, 'admin')).toHaveLength(1)
      pass(4 * SECOND)
      await context.sagas.courier.sweep()
      expect(idsOf(world, 'identity', 'AdminLogOrigin', 'adminLogId')).toEqual(['kept'])
    }))

  it('works in batches that follow from the time that the last one held the writer', () =>
    withWorld(async (world) => {
      plant(world.databases, 'identity', ...many(500))
      // Each row takes a millisecond of a clock that only this test moves.
      const batches: Batch[] = []
      const clock = rowClock(world)
      await purge(world.context.files, { now: NOW, clock, onBatch: (batch) => batches.push(batch) })
      expect(batches.reduce((sum, { rows }) => sum + rows, 0)).toBe(500)
      expect(batches[0]).toMatchObject({ rows: 20, heldMs: 20 })
      expect(batches.slice(1).every(({ heldMs }) => heldMs <= 10)).toBe(true)
      expect(batches.length).toBeLessThan(100)
    }))

  it.each([
    [20, 1.5, 30],
    [20, 3, 20],
    [20, 12, 5],
    [1_000, 0, 1_000],
    [100, 1_000, 5],
  ])('goes on from %i rows in %i ms with %i', (size, heldMs, next) => expect(nextSize(size, heldMs)).toBe(next))

  it('leaves the writer as it was: it empties its own log again', () =>
    withWorld(async (world) => {
      const { writer } = world.context.files.identity.connections
      plant(world.databases, 'identity', ...many(100))
      const during: unknown[] = []
      const onBatch = () => during.push(writer.pragma('wal_autocheckpoint', { simple: true }))
      await purge(world.context.files, { now: NOW, onBatch })
      expect(new Set(during)).toEqual(new Set([0]))
      expect(writer.pragma('wal_autocheckpoint', { simple: true })).toBe(1_000)
    }))

  it('lets nobody move a short log, moves a long one beside the writer, and at the end all of it', () =>
    withWorld(async ({ context: { files } }) => {
      const { writer } = files.identity.connections
      const waiting = (how: 'NOOP' | 'PASSIVE') => {
        type Row = { log: number; checkpointed: number }
        const [{ log, checkpointed }] = writer.pragma(`wal_checkpoint(${how})`) as [Row]
        return log - checkpointed
      }
      const grow = () => files.identity.change((tx) => void tx.run(many(200)[0] ?? ''))
      const clear = () => files.identity.change((tx) => void tx.run('delete from "AuthLog"'))
      await besideCheckpoints(files, 'identity', {}, async (between) => {
        await grow()
        expect(await between()).toBe(false)
        await clear()
        expect(waiting('PASSIVE'), 'another process’s COMMIT does this').toBeGreaterThan(5)
      })
      expect(waiting('NOOP')).toBe(0)
      await besideCheckpoints(files, 'identity', { logPages: 5 }, async (between) => {
        await grow()
        expect([await between(), waiting('NOOP')]).toEqual([true, 0])
        await files.identity.checkpoint() // Whoever wants it empty has the time for it.
        expect(await between()).toBe(false)
      })
    }))

  it('leaves everybody else the writer for four times as long, and for no longer where the disk was slow for once', () =>
    expect([0, 2, 3, 500].map(restAfter)).toEqual([0, 8, 12, 24]))

  it('ends a step after so many batches, and takes the rest the next time', () =>
    withWorld(async (world) => {
      plant(world.databases, 'identity', ...many(60))
      expect((await purge(world.context.files, { now: NOW, maxBatches: 1 })).map(({ rows }) => rows).sort()).toContain(
        20,
      )
      expect(left(world).authLogs).toHaveLength(40)
      expect(await purgeStep(world.context.files, NOW)).toBe(40)
      expect(await purgeStep(world.context.files, NOW)).toBe(0)
    }))
})

const many = (count: number) => [
  `insert into "AuthLog" (id, action, meta, createdAt)
   with recursive n(i) as (select 1 union all select i + 1 from n where i < ${count})
   select 'a' || i, 'login', printf('%0400d', i), '2020-01-01T00:00:00.000+00:00' from n`,
]

/** Tells as many milliseconds more as rows of the sign-in log have gone. */
function rowClock({ context }: World): Clock {
  const count = context.files.identity.reader.prepare('select count(*) from "AuthLog"').pluck()
  const after: Clock['after'] = (_, callback) => {
    callback()
    return () => undefined
  }
  return { now: () => -(count.get() as number), after }
}

describe('the space', () => {
  it('goes back to the disk, a few pages at a time, and the log is empty', () =>
    withWorld(async ({ context: { files }, databases }) => {
      plant(databases, 'identity', ...many(5_000))
      await files.identity.checkpoint()
      const before = statSync(databases.paths.identity).size
      await purge(files, { now: NOW, domains: ['identity'] })
      const free = spaceOf('identity', files.identity.reader)
      expect(free.incremental).toBe(true)
      expect(free.freeBytes).toBeGreaterThan(1_000_000)
      const space = await giveBack(files, 'identity')
      expect(space.freeBytes).toBe(0)
      expect(statSync(databases.paths.identity).size).toBe(space.bytes)
      expect(space.bytes).toBeLessThan(before - 1_500_000)
      expect(statSync(`${databases.paths.identity}-wal`).size).toBe(0)
      expect(files.identity.reader.pragma('integrity_check', { simple: true })).toBe('ok')
    }))

  it('stays in a file that was made otherwise, until VACUUM changes that for good', () =>
    withWorld(async ({ context: { files }, databases }) => {
      plant(databases, 'admin', 'pragma auto_vacuum = NONE', 'vacuum', 'create table big (a)', BIG, 'drop table big')
      const space = await giveBack(files, 'admin')
      expect(space).toMatchObject({ incremental: false })
      expect(space.freeBytes).toBeGreaterThan(100_000)
      vacuum('admin', databases.paths.admin)
      const reader = openReader('admin', databases.paths.admin)
      expect(spaceOf('admin', reader)).toMatchObject({ incremental: true, freeBytes: 0 })
      reader.close()
    }))

  it('leaves the log where somebody still reads from it', () =>
    withWorld(async ({ context: { files }, databases }) => {
      plant(databases, 'admin', 'create table big (a)', BIG)
      const other = openReader('admin', databases.paths.admin)
      other.exec('begin')
      other.prepare('select count(*) from big').get()
      plant(databases, 'admin', 'delete from big')
      await giveBack(files, 'admin')
      expect(other.prepare('select count(*) from big').pluck().get()).toBe(200)
      other.close()
    }))

  it('is not copied while somebody writes', { timeout: 20_000 }, () =>
    withWorld(async ({ databases }) => {
      const other = openWriter('admin', databases.paths.admin)
      other.exec('begin immediate')
      expect(() => vacuum('admin', databases.paths.admin)).toThrow(/admin\.db at .* is locked/)
      other.close()
    }),
  )
})

const BIG = `insert into big with recursive n(i) as (select 1 union all select i + 1 from n where i < 200)
  select hex(randomblob(1000)) from n`
