import { describe, expect, test, vi } from 'vitest'
import type { Context } from '../../src/context.ts'
import { changeIn } from '../../src/database/clients.ts'
import type { Domain } from '../../src/database/domains.ts'
import { type NewMessage, type OutboxRow, postMessage } from '../../src/database/outbox.ts'
import { ConflictError } from '../../src/errors.ts'
import { overrideTier } from '../../src/saga/administer.ts'
import { Courier } from '../../src/saga/courier.ts'
import { dropMessage, listOutbox, outboxFigures, retryMessage } from '../../src/saga/dead-letters.ts'
import { MESSAGES, post } from '../../src/saga/messages.ts'
import { redeemVoucher } from '../../src/saga/redeem-voucher.ts'
import {
  ADMIN,
  addPeople,
  addVouchers,
  asked,
  codeOf,
  emptied,
  failureOf,
  NOW,
  outboxOf,
  SECOND,
  subscriptionOf,
  undelivered,
  until,
  withWorld,
} from './world.ts'

const LEASE = 3 * SECOND

/** A message as a process leaves it that dies after its commit. */
const leave = (
  context: Context,
  origin: Domain,
  message: Partial<NewMessage> & Pick<NewMessage, 'id'>,
): Promise<void> =>
  changeIn(context.files, origin, (tx) => {
    const plain = { type: 'user-created', target: 'billing' as const, subjectId: null, payload: '{}', changeId: null }
    postMessage(tx, { ...plain, ...message }, context.now())
  })

const leaveUser = (context: Context, userId: string): Promise<void> =>
  leave(context, 'identity', { id: `user-created:${userId}`, subjectId: userId, payload: JSON.stringify({ userId }) })

const leaveLog = (
  context: Context,
  origin: Domain,
  logId: string,
  targetUser: string,
  meta: object = {},
): Promise<void> =>
  leave(context, origin, {
    ...{ id: `admin-acted:${logId}`, type: 'admin-acted', target: 'admin', subjectId: targetUser },
    payload: JSON.stringify({ logId, adminId: 'boss', action: 'user_lookup', targetUser, targetId: null, meta }),
  })

const rowOf = (context: Context, origin: Domain, id: string): OutboxRow | undefined =>
  outboxOf(context, origin).find((row) => row.id === id)

const subscribers = ({ files }: Context): string[] =>
  files.billing.rows.list('Subscription', {}).map(({ userId }) => userId)
const logs = ({ files }: Context): string[] => files.admin.rows.list('AdminLog', {}).map(({ id }) => id)

describe('a message', () => {
  test('is delivered at once, marked, and gone soon after', () =>
    withWorld(async ({ context }) => {
      await addPeople(context, 'ann')
      await addVouchers(context, 'R200', 'v1')
      const request = asked('POST /v1/redeem')
      const answer = await redeemVoucher(context.sagas, { code: codeOf('v1'), userId: 'ann' }, request)
      expect(answer).toMatchObject({ status: 201, change: { settled: true } })
      expect(subscriptionOf(context, 'ann').credits).toBe(50_000)
      expect(context.files.identity.rows.list('AuthLog', { action: 'voucher_redeemed' })).toMatchObject([
        { email: 'ann@mail.example', meta: '{"voucherType":"R200"}' },
      ])
      await emptied(context)
    }))

  test('that comes again has no second effect, and is taken away again', () => {
    const places: string[] = []
    return withWorld(
      async ({ context, pass }) => {
        await addPeople(context, 'ann')
        await addVouchers(context, 'R200', 'v1')
        await redeemVoucher(context.sagas, { code: codeOf('v1'), userId: 'ann' }, asked('POST /v1/redeem'))
        const [sent] = outboxOf(context, 'admin')
        if (!sent) throw new Error('The message is gone already')
        await emptied(context)
        for (let round = 0; round < 3; round++) {
          await context.files.admin.change((tx) => tx.insert('OutboxMessage', sent))
          pass(2 * LEASE)
          expect(await context.sagas.courier.sweep()).toBe(1)
          await emptied(context)
        }
        expect(subscriptionOf(context, 'ann').credits).toBe(50_000)
        expect(context.files.billing.rows.list('CreditPurchase', {})).toHaveLength(1)
        expect(context.files.identity.rows.list('AuthLog', {})).toHaveLength(1)
        expect(places.filter((place) => place.endsWith(':refused'))).toEqual([])
        expect(places.filter((place) => place === 'voucher-redeemed:delivered')).toHaveLength(4)
      },
      { reached: (place) => places.push(place) },
    )
  })

  test('written twice is one', () =>
    withWorld(async ({ context }) => {
      await leaveUser(context, 'ann')
      await leaveUser(context, 'ann')
      expect(outboxOf(context, 'identity')).toHaveLength(1)
    }))

  test('is left to the process that wrote it for three seconds', () =>
    withWorld(async ({ context, pass }) => {
      await leaveUser(context, 'ann')
      pass(LEASE - 1)
      expect(await context.sagas.courier.sweep()).toBe(0)
      pass(1)
      expect(await context.sagas.courier.sweep()).toBe(1)
      expect(subscribers(context)).toEqual(['ann'])
    }))

  test('posted while another of its subject is on its way is delivered too, each carried once', () => {
    const places: string[] = []
    return withWorld(
      async ({ context }) => {
        await addPeople(context, 'ann')
        const answers = await Promise.all(
          Array.from({ length: 60 }, (_, nth) =>
            overrideTier(
              context.sagas,
              ADMIN,
              { userId: 'ann', tier: nth % 2 ? 'JIVE' : 'JIGGA', reason: `${nth}` },
              asked('POST /v1/tier'),
            ),
          ),
        )
        expect(answers.every(({ change }) => change.settled)).toBe(true)
        const wanted = context.files.billing.rows.list('SubscriptionEvent', { event: 'admin_override' })
        expect(wanted).toHaveLength(60)
        const reasons = context.files.admin.rows.list('AdminLog', {}).map(({ meta }) => JSON.parse(meta ?? '{}').reason)
        expect(new Set(reasons).size).toBe(60)
        await emptied(context)
        expect(places.filter((place) => place === 'admin-acted:before-delivery')).toHaveLength(60)
      },
      { reached: (place) => places.push(place) },
    )
  })

  test('is seen however shortly before a run ends it is written', () =>
    withWorld(async ({ context }) => {
      const insert = context.files.identity.connections.writer.prepare(
        `insert into "OutboxMessage" (id, type, target, subjectId, payload, nextAttemptAt, createdAt)
         values ('user-created:' || @id, 'user-created', 'billing', @id, json_object('userId', @id), @time, @time)`,
      )
      const ids = Array.from({ length: 30 }, (_, nth) => `user${nth}`)
      for (const [steps, id] of ids.entries()) {
        const chain = { id: `user-created:${id}`, subjectId: id }
        const empty = context.sagas.courier.deliver('identity', chain)
        for (let step = 0; step < steps; step++) await null
        insert.run({ id, time: NOW.toISOString().replace('Z', '+00:00') })
        await context.sagas.courier.deliver('identity', chain)
        expect(subscribers(context)).toContain(id)
        await empty
      }
    }))
})

describe('the order', () => {
  test('of one subject is kept, also across many sweeps', () =>
    withWorld(async ({ context, pass }) => {
      const wanted = Array.from({ length: 30 }, (_, nth) => `log${100 + nth}`)
      for (const id of wanted.toReversed()) await leaveLog(context, 'billing', id, 'ann')
      pass(LEASE)
      await context.sagas.courier.sweep()
      expect(logs(context)).toEqual(wanted.toReversed())
    }))

  test('a first message that fails holds back those of its subject to the same file, and nobody else’s', () =>
    withWorld(async ({ context, pass }) => {
      await leave(context, 'billing', { id: 'admin-acted:bad', type: 'admin-acted', target: 'admin', subjectId: 'ann' })
      await leaveLog(context, 'billing', 'second', 'ann')
      await leaveLog(context, 'billing', 'other', 'bob')
      for (let round = 0; round < 4; round++) {
        pass(LEASE)
        await context.sagas.courier.sweep()
        expect(logs(context)).toEqual(['other'])
      }
      expect(rowOf(context, 'billing', 'admin-acted:second')).toMatchObject({ attempts: 0, deadAt: null })
    }))

  test('one that waits for a file holds back nothing that goes to another', () =>
    withWorld(async ({ context, pass }) => {
      await leave(context, 'identity', {
        id: 'admin-acted:bad',
        type: 'admin-acted',
        target: 'admin',
        subjectId: 'ann',
      })
      await leaveLog(context, 'identity', 'second', 'ann')
      await leaveUser(context, 'ann')
      pass(LEASE)
      await context.sagas.courier.sweep()
      expect(subscribers(context)).toContain('ann')
      expect(logs(context)).toEqual([])
      expect(rowOf(context, 'identity', 'admin-acted:second')).toMatchObject({ attempts: 0 })
    }))

  test('messages of nobody hold nobody back', () =>
    withWorld(async ({ context, pass }) => {
      await leave(context, 'billing', { id: 'admin-acted:bad', type: 'admin-acted', target: 'admin' })
      await leave(context, 'billing', {
        ...{ id: 'admin-acted:good', type: 'admin-acted', target: 'admin' },
        payload: '{"logId":"good","adminId":"b","action":"user_lookup","targetUser":null,"targetId":null,"meta":{}}',
      })
      pass(LEASE)
      await context.sagas.courier.sweep()
      expect(logs(context)).toEqual(['good'])
    }))
})

describe('a message that fails', () => {
  const ID = 'admin-acted:bad'
  const leaveBad = (context: Context) =>
    leave(context, 'billing', {
      id: ID,
      type: 'admin-acted',
      target: 'admin',
      subjectId: 'ann',
      payload: '{"logId":1}',
    })

  test('is tried again after 1, 2, 4 … 300 seconds, and not before', () =>
    withWorld(
      async ({ context, pass, clock }) => {
        await leaveBad(context)
        pass(LEASE)
        const waits: number[] = []
        for (let attempts = 1; attempts <= 12; attempts++) {
          await context.sagas.courier.sweep()
          const row = rowOf(context, 'billing', ID)
          expect(row).toMatchObject({ attempts, deadAt: null, reason: 'payload: the payload does not fit its schema' })
          const wait = (row?.nextAttemptAt.getTime() ?? 0) - clock.now.getTime()
          waits.push(wait / SECOND)
          pass(wait - 1)
          await context.sagas.courier.sweep()
          expect(rowOf(context, 'billing', ID)?.attempts).toBe(attempts)
          pass(1)
        }
        expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300])
      },
      { env: { GOGGA_OUTBOX_MAX_ATTEMPTS: '13' } },
    ))

  const isDead = (row: OutboxRow | undefined): boolean => row?.deadAt !== null && row?.deadAt !== undefined
  const untilDead = async (context: Context, pass: (ms: number) => void, id = ID): Promise<number> => {
    let tries = 0
    for (; !isDead(rowOf(context, 'billing', id)); tries++) {
      pass(300 * SECOND)
      await context.sagas.courier.sweep()
    }
    return tries
  }

  test('is dead after its last try, with its reason; it lets the next one pass, and is not tried any more', () =>
    withWorld(
      async ({ context, pass }) => {
        await leaveBad(context)
        await leaveLog(context, 'billing', 'second', 'ann')
        expect(await untilDead(context, pass)).toBe(3)
        expect(logs(context)).toEqual(['second'])
        await until(() => outboxOf(context, 'billing').length === 1)
        const dead = rowOf(context, 'billing', ID)
        expect(dead).toMatchObject({ attempts: 3, reason: 'payload: the payload does not fit its schema' })
        pass(3_600 * SECOND)
        expect(await context.sagas.courier.sweep()).toBe(0)
        expect(rowOf(context, 'billing', ID)).toEqual(dead)
      },
      { env: { GOGGA_OUTBOX_MAX_ATTEMPTS: '3' } },
    ))

  test('of a type that nobody handles is dead at once', () =>
    withWorld(async ({ context, pass }) => {
      for (const type of ['no-such', 'toString', '__proto__'])
        await leave(context, 'billing', { id: `${type}:1`, type, target: 'admin', subjectId: type })
      pass(LEASE)
      await context.sagas.courier.sweep()
      const rows = outboxOf(context, 'billing')
      expect(rows).toHaveLength(3)
      for (const row of rows) expect(row).toMatchObject({ attempts: 1, reason: `no handler for ${row.type}` })
      expect(rows.every(isDead)).toBe(true)
    }))

  const PAYLOADS = ['', 'null', '[]', '{', '{"userId":""}', '{"userId":1}', '{"userId":"a","email":"x"}', '"user"']
  test.each(PAYLOADS)('for its payload %s has no effect and does not stop the courier', (payload) =>
    withWorld(
      async ({ context, pass }) => {
        await leave(context, 'identity', { id: 'user-created:bad', subjectId: 'ann', payload })
        await leaveUser(context, 'bob')
        pass(LEASE)
        await context.sagas.courier.sweep()
        expect(subscribers(context)).toEqual(['bob'])
        expect(isDead(rowOf(context, 'identity', 'user-created:bad'))).toBe(true)
      },
      { env: { GOGGA_OUTBOX_MAX_ATTEMPTS: '1' } },
    ),
  )

  test('for a refusal without a compensation is dead at once, with the words of the refusal', () =>
    withWorld(async ({ context, pass }) => {
      // No message of today is refused without one going back.
      const handler = vi.spyOn(MESSAGES['user-created'], 'run').mockImplementation(() => {
        throw new ConflictError('there is no room')
      })
      await leaveUser(context, 'ann')
      pass(LEASE)
      await context.sagas.courier.sweep()
      handler.mockRestore()
      const row = rowOf(context, 'identity', 'user-created:ann')
      expect(row?.reason).toContain('there is no room')
      expect(isDead(row)).toBe(true)
      expect(subscribers(context)).toEqual([])
    }))

  test('for a person who was erased meanwhile is settled, and opens nothing', () =>
    withWorld(async ({ context, pass }) => {
      await context.files.billing.change((tx) => tx.insert('Tombstone', { subjectId: 'ann', erasedAt: NOW }))
      await leaveUser(context, 'ann')
      pass(LEASE)
      await context.sagas.courier.sweep()
      expect(context.files.billing.rows.find('InboxMessage', { id: 'user-created:ann' })).toBeDefined()
      expect(subscribers(context)).toEqual([])
    }))

  test('can be tried again by hand, or given up; not while it is still tried', () =>
    withWorld(
      async ({ context, pass }) => {
        const { files, sagas } = context
        const drop = () => dropMessage(sagas, ID, 'key1', asked('POST /v1/drop'))
        const retry = () => retryMessage(sagas, ID, asked('POST /v1/retry'))
        await leaveBad(context)
        expect(await failureOf(drop())).toMatchObject({ status: 409 })
        await untilDead(context, pass)
        expect(outboxFigures(files).billing).toMatchObject({ waiting: 0, dead: 1, oldest: null })
        expect(listOutbox(files, { dead: true, limit: 10 })).toMatchObject([{ id: ID, origin: 'billing', attempts: 2 }])
        expect(listOutbox(files, { dead: true, limit: 10 })[0]).not.toHaveProperty('payload')
        const good = { logId: 'bad', adminId: 'b', action: 'user_lookup', targetUser: 'ann', targetId: null, meta: {} }
        await files.billing.change((tx) => tx.update('OutboxMessage', { id: ID }, { payload: JSON.stringify(good) }))
        expect(await failureOf(drop()), 'the log of a change is not given up').toMatchObject({ status: 409 })
        expect((await retry()).data).toMatchObject({ id: ID, outcome: 'settled' })
        expect(logs(context)).toEqual(['bad'])
        await emptied(context)
        for (const act of [retry, drop]) expect(await failureOf(act())).toMatchObject({ status: 404 })
        await leaveBad(context)
        await untilDead(context, pass)
        expect((await drop()).data, 'nobody can read it').toMatchObject({ id: ID })
        await emptied(context)
        expect(files.admin.rows.list('AdminLog', { action: 'message_dropped' })).toMatchObject([
          { adminId: 'operations', targetId: ID },
        ])
      },
      { env: { GOGGA_OUTBOX_MAX_ATTEMPTS: '2' } },
    ))
})

describe('a message with a compensation', () => {
  test('sends it back when it is tried in vain for the last time; it never takes effect afterwards', () =>
    withWorld(
      async ({ context, pass }) => {
        await addPeople(context, 'ann')
        await addVouchers(context, 'R200', 'v1')
        const voucher = () => context.files.admin.rows.find('Voucher', { id: 'v1' })
        await context.files.admin.change((tx) => {
          tx.update('Voucher', { id: 'v1' }, { redeemed: true, redeemedAt: NOW, redeemedBy: 'ann', userId: 'ann' })
          const payload = { voucherId: 'v1', userId: 'ann', voucherType: 'JIVE_1MONTH' } as const
          post(tx, { type: 'voucher-redeemed', what: 'v1:0', subjectId: 'ann', payload }, null, NOW)
        })
        await context.files.billing.change((tx) => tx.run('alter table "SubscriptionEvent" rename to "Away"'))
        for (let tries = 1; tries <= 3; tries++) {
          expect(voucher()?.redeemed).toBe(true)
          pass(300 * SECOND)
          await context.sagas.courier.sweep()
        }
        expect(voucher()).toMatchObject({ redeemed: false, redeemedBy: null })
        await emptied(context)
        await context.files.billing.change((tx) => tx.run('alter table "Away" rename to "SubscriptionEvent"'))
        await leave(context, 'admin', {
          ...{ id: 'voucher-redeemed:v1:0', type: 'voucher-redeemed', subjectId: 'ann' },
          payload: JSON.stringify({ voucherId: 'v1', userId: 'ann', voucherType: 'JIVE_1MONTH' }),
        })
        pass(LEASE)
        await context.sagas.courier.sweep()
        await emptied(context)
        expect(context.files.billing.rows.list('SubscriptionEvent', {})).toEqual([])
      },
      { env: { GOGGA_OUTBOX_MAX_ATTEMPTS: '3' } },
    ))
})

describe('a file that cannot be used', () => {
  /** Too long for the pages that the file has. */
  const order = { userId: 'ann', tier: 'JIGGA', reason: 'word '.repeat(2_000) } as const
  const TROUBLES: readonly [string, (context: Context) => Promise<() => unknown>][] = [
    [
      'read-only',
      async ({ files }) => {
        files.admin.connections.writer.pragma('query_only = on')
        return () => files.admin.connections.writer.pragma('query_only = off')
      },
    ],
    [
      'full',
      async ({ files }) => {
        const { writer } = files.admin.connections
        const pages = writer.pragma('page_count', { simple: true }) as number
        writer.pragma(`max_page_count = ${pages}`)
        return () => writer.pragma('max_page_count = 1000000')
      },
    ],
    [
      'locked',
      async ({ files }) => {
        const begun = Promise.withResolvers<void>()
        const hold = Promise.withResolvers<void>()
        const held = files.admin.client.$transaction(() => {
          begun.resolve()
          return hold.promise
        })
        await begun.promise
        return async () => {
          hold.resolve()
          await held
        }
      },
    ],
    [
      'unreadable',
      async ({ files }) => {
        await files.admin.change((tx) => tx.run('alter table "InboxMessage" rename to "Away"'))
        return () => files.admin.change((tx) => tx.run('alter table "Away" rename to "InboxMessage"'))
      },
    ],
  ]

  test.each(TROUBLES)('%s: the change is on disk and its message comes when the file is back', (_, trouble) =>
    withWorld(async ({ context, pass }) => {
      await addPeople(context, 'ann')
      const over = await trouble(context)
      const before = logs(context).length
      const first = await overrideTier(context.sagas, ADMIN, order, asked('POST /v1/tier'))
      expect(first).toMatchObject({ status: 202, change: { settled: false } })
      expect(subscriptionOf(context, 'ann').tier).toBe('JIGGA')
      expect(logs(context)).toHaveLength(before)
      await over()
      pass(60 * SECOND)
      await context.sagas.courier.sweep()
      expect(context.sagas.changes.look(first.change.id).waiting).toEqual([])
      expect(logs(context)).toHaveLength(before + 1)
      await emptied(context)
    }),
  )

  test('an outbox that cannot be read stops nothing for good', () =>
    withWorld(async ({ context }) => {
      const { courier } = context.sagas
      await leaveUser(context, 'ann')
      await context.files.identity.change((tx) => tx.run('alter table "OutboxMessage" rename to "Away"'))
      await courier.deliver('identity', { id: 'user-created:ann', subjectId: 'ann' })
      await context.files.identity.change((tx) => tx.run('alter table "Away" rename to "OutboxMessage"'))
      await courier.deliver('identity', { id: 'user-created:ann', subjectId: 'ann' })
      expect(subscribers(context)).toEqual(['ann'])
    }))

  test('one outbox that cannot be swept does not keep the others from it', () =>
    withWorld(async ({ context, pass }) => {
      await leaveUser(context, 'ann')
      await leaveLog(context, 'billing', 'log1', 'bob')
      await context.files.identity.change((tx) => tx.run('alter table "OutboxMessage" rename to "Away"'))
      pass(LEASE)
      await failureOf(context.sagas.courier.sweep())
      await until(() => logs(context).length === 1)
    }))

  test('an origin that cannot take the mark of the failure is tried again when the claim has run out', () =>
    withWorld(async ({ context, pass }) => {
      await leave(context, 'billing', { id: 'admin-acted:bad', type: 'admin-acted', target: 'admin', subjectId: 'ann' })
      context.files.billing.connections.writer.pragma('query_only = on')
      await context.sagas.courier.deliver('billing', { id: 'admin-acted:bad', subjectId: 'ann' })
      expect(rowOf(context, 'billing', 'admin-acted:bad')?.attempts).toBe(0)
      context.files.billing.connections.writer.pragma('query_only = off')
      pass(LEASE)
      await context.sagas.courier.sweep()
      expect(rowOf(context, 'billing', 'admin-acted:bad')?.attempts).toBe(1)
    }))

  test('an origin that cannot give the message up keeps it, with one effect, until it can', () =>
    withWorld(async ({ context }) => {
      await leaveUser(context, 'ann')
      context.files.identity.connections.writer.pragma('query_only = on')
      const { courier } = context.sagas
      await courier.deliver('identity', { id: 'user-created:ann', subjectId: 'ann' })
      expect(subscribers(context)).toEqual(['ann'])
      await courier.deliver('identity', { id: 'user-created:ann', subjectId: 'ann' })
      context.files.identity.connections.writer.pragma('query_only = off')
      await emptied(context)
      expect(context.files.billing.rows.list('SubscriptionEvent', {})).toHaveLength(1)
    }))
})

describe('closing', () => {
  const courierOver = (context: Context, reached: (place: string) => void = () => {}) => {
    const { now, newId, randomBytes, files } = context
    return new Courier({ files, sources: { now, newId, randomBytes }, reached, maxAttempts: 5 })
  }

  test('ends what runs, takes delivered messages away, and begins nothing more', () =>
    withWorld(async ({ context, pass }) => {
      const begun = Promise.withResolvers<void>()
      const courier = courierOver(context, () => begun.resolve())
      for (let nth = 0; nth < 50; nth++) await leaveUser(context, `user${nth}`)
      pass(LEASE)
      const swept = courier.sweep()
      await begun.promise
      await courier[Symbol.asyncDispose]()
      const [left, there] = [undelivered(context), subscribers(context)]
      expect(there.length).toBeGreaterThan(0)
      expect(left.length + there.length).toBe(50)
      await swept
      await leaveUser(context, 'late')
      await courier.deliver('identity', { id: 'user-created:late', subjectId: 'late' })
      expect(await courier.sweep()).toBe(0)
      expect(subscribers(context)).toEqual(there)
    }))

  test('leaves no timer behind, though messages could not be removed', () =>
    withWorld(async ({ context }) => {
      const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
      const before = timers()
      const courier = courierOver(context)
      await leaveUser(context, 'ann')
      context.files.identity.connections.writer.pragma('query_only = on')
      await courier.deliver('identity', { id: 'user-created:ann', subjectId: 'ann' })
      await courier[Symbol.asyncDispose]()
      expect(timers()).toBeLessThanOrEqual(before)
      context.files.identity.connections.writer.pragma('query_only = off')
      expect(undelivered(context)).toEqual(['user-created:ann'])
    }))
})
