// After one file went back in time, each change across files has taken effect once, or is told.
import { rmSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Context } from '../../../src/context.ts'
import type { Domain } from '../../../src/database/domains.ts'
import { migrate } from '../../../src/database/migrations.ts'
import { timeText } from '../../../src/database/row-codec.ts'
import { overrideTier } from '../../../src/saga/administer.ts'
import { correctSubject } from '../../../src/saga/correct-subject.ts'
import { liftSubject, restrictSubject } from '../../../src/saga/restrict-subject.ts'
import { ADMIN, addPeople, addVouchers, asked, DAY, deleteUser, NOW } from '../../saga/people.ts'
import { findings, message, plant, subscription, tombstone, user } from '../check/planting.ts'

import { type RestoreWorld, redeem, SECOND, withRestoreWorld } from './world.ts'

const people = async (context: Context) => {
  await addPeople(context, 'ann', 'bob')
  await addVouchers(context, 'R200', 'v1', 'v2')
  await addVouchers(context, 'JIVE_1MONTH', 'm1', 'm2')
}

/** `before` is in the backup of the file, `after` is not; then the file goes back. */
const wentBack = async (
  world: RestoreWorld,
  domain: Domain,
  after: (context: Context) => Promise<unknown>,
  { before = async () => undefined as unknown, gone = false } = {} as {
    before?: (context: Context) => Promise<unknown>
    gone?: boolean
  },
) => {
  await world.run(people)
  await world.run(before)
  world.pass(SECOND)
  const { id } = await world.backup(domain)
  world.pass(10 * SECOND)
  await world.run(after)
  world.pass(10 * SECOND)
  if (gone) rmSync(world.databases.paths[domain])
  const report = await world.restore(domain, { from: id })
  world.pass(10 * SECOND)
  await world.run(async () => undefined)
  return report
}

const packs = (world: RestoreWorld) => world.rows('billing', 'select userId from "CreditPurchase" order by userId')
const vouchers = (world: RestoreWorld, id: string) =>
  world.rows('admin', `select redeemed, redeemedBy, userId from "Voucher" where id = '${id}'`)
const notes = (world: RestoreWorld) =>
  world.rows('identity', `select email from "AuthLog" where action = 'voucher_redeemed'`)
const steps = (world: RestoreWorld, id: string) =>
  world
    .rows<{ action: string }>('admin', `select action from "VoucherLog" where voucherId = '${id}' order by rowid`)
    .map(({ action }) => action)

describe.each([
  ['beside the old file', false],
  ['where the old file is gone', true],
])('%s', (_name, gone) => {
  it('billing.db gets the grant of a voucher that was redeemed after its backup, once', () =>
    withRestoreWorld(async (world) => {
      const before = (context: Context) => redeem(context, 'v1', 'ann')
      const report = await wentBack(world, 'billing', (context) => redeem(context, 'v2', 'bob'), { before, gone })
      expect(report.reconciled.sends.map(({ origin, message }) => [origin, message.id])).toEqual([
        ['admin', 'voucher-redeemed:v2:0'],
      ])
      expect(packs(world)).toEqual([{ userId: 'ann' }, { userId: 'bob' }])
      expect(notes(world)).toHaveLength(2)
      const again = await world.run((context) => redeem(context, 'v2', 'bob').catch((error: Error) => error.message))
      expect(again).toMatch(/redeemed already/)
    }))

  it('admin.db does not let a voucher be redeemed again that billing.db granted after its backup', () =>
    withRestoreWorld(async (world) => {
      const { reconciled } = await wentBack(world, 'admin', (context) => redeem(context, 'v1', 'ann'), { gone })
      expect(reconciled.done).toEqual({ 'vouchers redeemed again': 1 })
      const who = gone ? null : 'ann'
      expect(vouchers(world, 'v1')).toEqual([{ redeemed: 1, redeemedBy: who, userId: who }])
      expect(reconciled.unresolved.map(({ table, id }) => `${table} ${id}`)).toEqual(gone ? ['Voucher v1'] : [])
      const again = await world.run((context) => redeem(context, 'v1', 'bob').catch((error: Error) => error.message))
      expect(again).toMatch(/redeemed already/)
      expect(packs(world)).toEqual([{ userId: 'ann' }])
      expect(vouchers(world, 'v2')).toEqual([{ redeemed: 0, redeemedBy: null, userId: null }])
    }))

  it('admin.db lets a voucher be redeemed that billing.db refused, and its next claim is granted', () =>
    withRestoreWorld(async (world) => {
      const refusedOnce = async (context: Context) => {
        const { sagas, files } = context
        // Claimed while nothing speaks against it; refused since another tier runs when the claim arrives.
        await files.admin.change((tx) =>
          tx.update(
            'Voucher',
            { id: 'm1' },
            { redeemed: true, redeemedAt: sagas.now(), redeemedBy: 'ann', userId: 'ann' },
          ),
        )
        await files.admin.change((tx) => {
          const payload = JSON.stringify({ voucherId: 'm1', userId: 'ann', voucherType: 'JIVE_1MONTH' })
          const message = { id: 'voucher-redeemed:m1:0', type: 'voucher-redeemed', target: 'billing', payload }
          const times = { attempts: 0, createdAt: NOW, nextAttemptAt: NOW }
          tx.insert('OutboxMessage', { ...message, subjectId: 'ann', changeId: null, ...times })
        })
        await sagas.courier.sweep()
        await sagas.courier.sweep()
      }
      const before = async ({ files }: Context) => {
        const until = new Date(NOW.getTime() + 20 * DAY)
        const { openSubscription } = await import('../../../src/billing/subscriptions.ts')
        await files.billing.change((tx) => {
          openSubscription(tx, { userId: 'ann' }, { now: () => NOW, newId: () => 's-ann' } as never)
          tx.update('Subscription', { userId: 'ann' }, { tier: 'JIGGA', status: 'active', nextBilling: until })
        })
      }
      const report = await wentBack(world, 'admin', refusedOnce, { before, gone })
      expect(report.reconciled.done).toEqual({ 'refused claims given back': 1 })
      expect(vouchers(world, 'm1')).toEqual([{ redeemed: 0, redeemedBy: null, userId: null }])
      expect(steps(world, 'm1')).toEqual(['released'])
      await world.run((context) => redeem(context, 'm1', 'bob'))
      expect(world.rows('billing', `select tier from "Subscription" where userId = 'bob'`)).toEqual([{ tier: 'JIVE' }])
    }))

  it('identity.db gets the note of a voucher that was granted after its backup', () =>
    withRestoreWorld(async (world) => {
      const { reconciled } = await wentBack(world, 'identity', (context) => redeem(context, 'v1', 'ann'), { gone })
      expect(reconciled.sends.map(({ origin, message }) => [origin, message.id])).toEqual([
        ['billing', 'voucher-noted:v1'],
      ])
      expect(notes(world)).toEqual([{ email: 'ann@mail.example' }])
    }))

  it('billing.db gets subscriptions for users who came after its backup', () =>
    withRestoreWorld(async (world) => {
      const after = async ({ files, sagas }: Context) => {
        const [createdAt, updatedAt] = [sagas.now(), sagas.now()]
        const user = {
          id: 'new',
          email: 'new@mail.example',
          isAdmin: false,
          isServiceAdmin: false,
          createdAt,
          updatedAt,
        }
        await files.identity.change((tx) => tx.insert('User', user))
      }
      const { reconciled } = await wentBack(world, 'billing', after, { gone })
      expect(reconciled.sends.map(({ message }) => message.id)).toContain('user-created:new')
      expect(world.rows('billing', `select tier from "Subscription" where userId = 'new'`)).toEqual([{ tier: 'FREE' }])
    }))

  it('identity.db deletes a user again whose deletion billing.db followed', () =>
    withRestoreWorld(async (world) => {
      const { reconciled } = await wentBack(world, 'identity', (context) => deleteUser(context, 'bob'), { gone })
      expect(reconciled.done).toMatchObject({ 'rows deleted again': 1 })
      expect(world.rows('identity', `select id from "User" where id = 'bob'`)).toEqual([])
    }))

  it('admin.db takes the logs of what stands in billing.db with it, or names them', () =>
    withRestoreWorld(async (world) => {
      const after = ({ sagas }: Context) =>
        overrideTier(sagas, ADMIN, { userId: 'ann', tier: 'JIGGA', reason: 'x' }, asked('POST /v1/x'))
      const { reconciled } = await wentBack(world, 'admin', after, { gone })
      const logs = world.rows<{ id: string }>('admin', 'select id, action from "AdminLog"')
      if (gone) {
        expect(logs).toEqual([])
        expect(reconciled.unresolved).toMatchObject([{ file: 'admin', table: 'AdminLog' }])
        return
      }
      expect(logs).toMatchObject([{ action: 'tier_override' }])
      expect(reconciled).toMatchObject({ done: { 'logs taken over': 1 }, unresolved: [] })
    }))

  it('names what administrators did in billing.db after its backup', () =>
    withRestoreWorld(async (world) => {
      const after = ({ sagas }: Context) =>
        overrideTier(sagas, ADMIN, { userId: 'ann', tier: 'JIGGA', reason: 'x' }, asked('POST /v1/x'))
      const { reconciled } = await wentBack(world, 'billing', after, { gone })
      const [log] = world.rows<{ id: string }>('admin', 'select id from "AdminLog"')
      expect(reconciled.unresolved).toEqual([
        { file: 'admin', table: 'AdminLog', id: log?.id, why: expect.stringContaining('tier_override is logged') },
      ])
    }))
})

it('does not name what an administrator did where the backup has it, and its log arrived later', () =>
  withRestoreWorld(async (world) => {
    const { databases } = world
    await world.run(people)
    await world.run(({ sagas }) =>
      overrideTier(sagas, ADMIN, { userId: 'ann', tier: 'JIGGA', reason: 'x' }, asked('POST /v1/x')),
    )
    const [log] = world.rows<{ id: string }>('admin', 'select id from "AdminLog"')
    plant(databases, 'billing', message(`admin-acted:${log?.id}`, { type: 'admin-acted', target: 'admin' }))
    world.pass(SECOND)
    await world.backup('billing')
    world.pass(SECOND)
    plant(databases, 'admin', `update "AdminLog" set createdAt = '${timeText(world.clock.now)}'`)
    const { reconciled } = await world.restore('billing', { from: 'latest' })
    expect(reconciled.unresolved).toEqual([])
  }))

describe('vouchers that the unified database brought along', () => {
  it('are not granted a second time: no file has a mark of them', () =>
    withRestoreWorld(async (world) => {
      const before = ({ files }: Context) =>
        files.admin.change((tx) =>
          tx.update(
            'Voucher',
            { id: 'v1' },
            { redeemed: true, redeemedAt: new Date(0), redeemedBy: 'ann', userId: 'ann' },
          ),
        )
      const { reconciled } = await wentBack(world, 'billing', async () => undefined, { before, gone: true })
      expect(reconciled.sends.filter(({ origin }) => origin === 'admin')).toEqual([])
      expect(packs(world)).toEqual([])
    }))
})

describe('messages that the backup still held', () => {
  it('are delivered again, and take effect no second time', () =>
    withRestoreWorld(async (world) => {
      await world.run(people)
      plant(
        world.databases,
        'admin',
        `update "Voucher" set redeemed = 1, redeemedBy = 'ann', userId = 'ann', redeemedAt = '2026-06-01T12:00:00.000+00:00' where id = 'v1'`,
        `insert into "OutboxMessage" (id, type, target, subjectId, payload, createdAt, nextAttemptAt) values
         ('voucher-redeemed:v1:0', 'voucher-redeemed', 'billing', 'ann', '{"voucherId":"v1","userId":"ann","voucherType":"R200"}',
          '2026-06-01T12:00:00.000+00:00', '2026-06-01T12:00:00.000+00:00')`,
      )
      const { id } = await world.backup('admin')
      await world.run(async () => undefined)
      expect(packs(world)).toHaveLength(1)
      await world.restore('admin', { from: id })
      world.pass(10 * SECOND)
      await world.run(async () => undefined)
      expect(packs(world)).toHaveLength(1)
      expect(vouchers(world, 'v1')).toEqual([{ redeemed: 1, redeemedBy: 'ann', userId: 'ann' }])
    }))
})

describe('an erased person', () => {
  const personal = ({ files }: Context) =>
    files.identity.change((tx) => {
      const token = { token: 'h', expiresAt: NOW, used: false, createdAt: NOW }
      tx.insert('LoginToken', { id: 't1', email: 'ANN@mail.example', ...token })
      tx.insert('AuthLog', {
        id: 'a1',
        email: ' ann@mail.example',
        action: 'signed_in',
        ip: '196.25.1.9',
        createdAt: NOW,
      })
      tx.insert('AuthLog', {
        id: 'a2',
        email: 'bob@mail.example',
        action: 'signed_in',
        ip: '196.25.1.8',
        createdAt: NOW,
      })
      tx.insert('Session', { id: 's1', userId: 'ann', tokenHash: 'x', createdAt: NOW, expiresAt: NOW })
    })

  it('stays erased in identity.db, by the tombstone of any other file', () =>
    withRestoreWorld(async (world) => {
      const erase = async () => plant(world.databases, 'billing', tombstone('ann'))
      const { erasures } = await wentBack(world, 'identity', erase, { before: personal, gone: true })
      expect(erasures).toEqual({ tombstones: 1, rows: 4 })
      expect(world.rows('identity', 'select id from "User" order by id')).toEqual([{ id: 'bob' }, { id: 'boss' }])
      expect(world.rows('identity', 'select subjectId from "Tombstone"')).toEqual([{ subjectId: 'ann' }])
      expect(world.rows('identity', 'select id from "LoginToken" union all select id from "Session"')).toEqual([])
      expect(world.rows('identity', 'select id, email, ip from "AuthLog" order by id')).toEqual([
        { id: 'a1', email: null, ip: null },
        { id: 'a2', email: 'bob@mail.example', ip: '196.25.1.8' },
      ])
    }))

  it('stays erased in billing.db, as the policies of the links say, and nothing is sent for them', () =>
    withRestoreWorld(async (world) => {
      const before = (context: Context) => redeem(context, 'v1', 'ann')
      const after = async (context: Context) => {
        await redeem(context, 'v2', 'ann')
        plant(world.databases, 'identity', tombstone('ann'))
      }
      const { erasures, reconciled } = await wentBack(world, 'billing', after, { before })
      expect(erasures.tombstones).toBe(1)
      expect(reconciled.sends).toEqual([])
      expect(world.rows('billing', `select id from "Subscription" where userId = 'ann'`)).toEqual([])
      expect(packs(world)).toEqual([{ userId: 'ann' }]) // Records of money stay.
    }))

  it('stays erased by the tombstone that only the old file had', () =>
    withRestoreWorld(async (world) => {
      const erase = async () => plant(world.databases, 'identity', tombstone('ann'))
      await wentBack(world, 'identity', erase)
      expect(world.rows('identity', `select id from "User" where id = 'ann'`)).toEqual([])
    }))
})

describe('what was taken back after the backup of identity.db', () => {
  const LATER = new Date(NOW.getTime() + DAY)
  const credentials = ({ files }: Context) =>
    files.identity.change((tx) => {
      for (const id of ['open', 'closed']) {
        tx.insert('Session', { id, userId: 'ann', tokenHash: `s-${id}`, createdAt: NOW, expiresAt: LATER })
        tx.insert('ApiKey', { id, name: id, hash: `k-${id}`, scopes: 'admin', purposes: '', createdAt: NOW })
        const token = { token: `t-${id}`, email: 'ann@mail.example', expiresAt: LATER, used: false, createdAt: NOW }
        tx.insert('LoginToken', { id, ...token })
      }
    })
  const takeBack = ({ files, sagas }: Context) =>
    files.identity.change((tx) => {
      tx.update('Session', { id: 'closed' }, { revokedAt: sagas.now() })
      tx.update('ApiKey', { id: 'closed' }, { revokedAt: sagas.now() })
      tx.update('LoginToken', { id: 'closed' }, { used: true })
    })
  const open = (world: RestoreWorld) => [
    world.rows('identity', 'select id from "Session" where revokedAt is null'),
    world.rows('identity', 'select id from "ApiKey" where revokedAt is null order by id'),
    world.rows('identity', 'select id from "LoginToken" where not used'),
  ]

  it('stays taken back', () =>
    withRestoreWorld(async (world) => {
      const { reconciled } = await wentBack(world, 'identity', takeBack, { before: credentials })
      expect(open(world)).toEqual([[{ id: 'open' }], [{ id: 'open' }], [{ id: 'open' }]])
      expect(reconciled).toMatchObject({
        done: { 'sessions ended again': 1, 'login tokens used up': 1, 'keys revoked again': 1 },
        unresolved: [],
      })
    }))

  it('where the old file is gone sessions and tokens end, and keys are named', () =>
    withRestoreWorld(async (world) => {
      const { reconciled } = await wentBack(world, 'identity', takeBack, { before: credentials, gone: true })
      expect(open(world)).toEqual([[], [{ id: 'closed' }, { id: 'open' }], []])
      expect(reconciled.unresolved.map(({ table, id }) => `${table} ${id}`)).toEqual(['ApiKey closed', 'ApiKey open'])
    }))

  it('an identity.db that somebody made anew is as good as none', () =>
    withRestoreWorld(async (world) => {
      const anew = async () => {
        const { identity } = world.databases.paths
        for (const ending of ['', '-wal', '-shm']) rmSync(`${identity}${ending}`, { force: true })
        migrate('identity', identity)
        plant(world.databases, 'identity', user('someone-else'))
      }
      await world.run(people)
      await world.run(credentials)
      world.pass(SECOND)
      const { id } = await world.backup('identity')
      world.pass(SECOND)
      await anew()
      const { live, losses, reconciled } = await world.restore('identity', { from: id })
      expect(live).toBe('unrelated')
      expect(losses.find(({ table }) => table === 'User')?.lost.ids).toEqual(['someone-else'])
      expect(open(world)).toEqual([[], [{ id: 'closed' }, { id: 'open' }], []])
      expect(reconciled.done['keys revoked again']).toBe(undefined)
      expect(reconciled.unresolved.map(({ table, id: key }) => `${table} ${key}`)).toEqual([
        'ApiKey closed',
        'ApiKey open',
      ])
    }))
})

describe.each([
  ['beside the old file', false],
  ['where the old file is gone', true],
])('who signed up after the backup of identity.db, %s', (_name, gone) => {
  it('is named by what is theirs', () =>
    withRestoreWorld(async (world) => {
      plant(world.databases, 'identity', user('ann'))
      plant(world.databases, 'billing', subscription('s-ann', 'ann'))
      const { id } = await world.backup('identity')
      world.pass(SECOND)
      plant(world.databases, 'identity', user('bob'), user('eve'))
      plant(world.databases, 'billing', subscription('s-bob', 'bob'), subscription('s-eve', 'eve'))
      plant(world.databases, 'billing', `update "Subscription" set tier = 'JIVE' where id = 's-bob'`)
      if (gone) rmSync(world.databases.paths.identity)
      const { reconciled } = await world.restore('identity', { from: id })
      expect(
        reconciled.unresolved.map(({ file, table, id: key, why }) => [file, table, key, why.split(': ')[1]]),
      ).toEqual([
        ['billing', 'Subscription', 's-bob', expect.stringContaining('it is paid for, and stays')],
        ['billing', 'Subscription', 's-eve', expect.stringContaining('check --repair')],
      ])
    }))
})

describe('what people asked for after the backup', () => {
  const restricted =
    (subjectId: string, kind: 'restricted' | 'objected' = 'objected') =>
    (context: Context) =>
      restrictSubject(context.sagas, { subjectId, kind }, asked('POST /v1/x'))
  const lifted = (subjectId: string) => (context: Context) => liftSubject(context.sagas, subjectId, asked('POST /v1/x'))
  const stopped = (world: RestoreWorld) =>
    world
      .rows<{ subjectId: string }>('billing', 'select subjectId from "RestrictedSubject"')
      .map((row) => row.subjectId)
  const open = (world: RestoreWorld) =>
    world.rows('identity', 'select subjectId, kind from "Restriction" where liftedAt is null')

  it('billing.db charges nobody who objected since', () =>
    withRestoreWorld(async (world) => {
      const { reconciled } = await wentBack(world, 'billing', restricted('ann'))
      expect(reconciled.done).toEqual({ 'restrictions kept': 1 })
      expect(stopped(world)).toEqual(['ann'])
      expect(await findings(world.databases, { only: ['restrictions'] })).toEqual([])
    }))

  it('billing.db forgets a restriction that was lifted since, and its own one stands without identity.db', () =>
    withRestoreWorld(async (world) => {
      const before = restricted('ann')
      const { reconciled } = await wentBack(world, 'billing', lifted('ann'), { before })
      expect(reconciled.done).toEqual({ 'restrictions lifted again': 1 })
      expect(stopped(world)).toEqual([])
    }))

  it('identity.db knows of an objection, of one that was lifted, and of a corrected address', () =>
    withRestoreWorld(async (world) => {
      const after = async (context: Context) => {
        await restricted('ann')(context)
        await lifted('bob')(context)
        const wish = { subjectId: 'bob', email: 'bobby@mail.example' }
        await correctSubject(context.sagas, wish, asked('POST /v1/x'))
      }
      const { reconciled } = await wentBack(world, 'identity', after, { before: restricted('bob', 'restricted') })
      expect(reconciled).toMatchObject({
        done: {
          'restrictions kept': 1,
          'restrictions lifted again': 1,
          'corrections kept': 1,
          'addresses corrected again': 1,
        },
        unresolved: [],
      })
      expect(open(world)).toEqual([{ subjectId: 'ann', kind: 'objected' }])
      expect(stopped(world)).toEqual(['ann'])
      expect(world.rows('identity', `select email from "User" where id = 'bob'`)).toEqual([
        { email: 'bobby@mail.example' },
      ])
    }))

  it('holds where the old identity.db is gone: billing.db says who, and what nobody can tell holds', () =>
    withRestoreWorld(async (world) => {
      const after = async (context: Context) => {
        await restricted('ann')(context)
        await lifted('bob')(context)
      }
      const before = restricted('bob', 'restricted')
      const { reconciled } = await wentBack(world, 'identity', after, { before, gone: true })
      expect(open(world)).toEqual([
        { subjectId: 'bob', kind: 'restricted' },
        { subjectId: 'ann', kind: 'restricted' },
      ])
      expect(reconciled.unresolved.map(({ table }) => table)).toContain('Restriction')
      expect(stopped(world).toSorted()).toEqual(['ann', 'bob'])
    }))
})

describe('a restriction that only one file knows', () => {
  it('is found both ways, and noting it again sends it again', () =>
    withRestoreWorld(async (world) => {
      await world.run(people)
      const restrict = ({ sagas }: Context) =>
        restrictSubject(sagas, { subjectId: 'ann', kind: 'objected' }, asked('POST /v1/x'))
      await world.run(restrict)
      plant(world.databases, 'billing', `update "RestrictedSubject" set subjectId = 'bob' where subjectId = 'ann'`)
      const found = await findings(world.databases, { only: ['restrictions'] })
      expect(found.map(({ severity, next }) => [severity, /subject restrict (\w+)/.exec(next)?.[1]])).toEqual([
        ['error', 'ann'],
        ['warning', 'bob'],
      ])
      await world.run(restrict)
      expect(world.rows('billing', 'select subjectId from "RestrictedSubject" order by subjectId')).toEqual([
        { subjectId: 'ann' },
        { subjectId: 'bob' },
      ])
    }))
})
