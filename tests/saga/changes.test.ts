import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { DOMAINS } from '../../src/database/domains.ts'
import {
  ConflictError,
  type GoggaError,
  NotFoundError,
  UnauthorizedError,
  UnavailableError,
  UsageError,
} from '../../src/errors.ts'
import { hashKeyOf } from '../../src/identity/hash-key.ts'
import { lookUpUser, overrideTier } from '../../src/saga/administer.ts'
import { forgetAnswers } from '../../src/saga/background.ts'
import { ReusedKeyError } from '../../src/saga/changes.ts'
import { redeemVoucher } from '../../src/saga/redeem-voucher.ts'
import { createSagas } from '../../src/saga/sagas.ts'
import {
  ADMIN,
  addPeople,
  addVouchers,
  asked,
  codeOf,
  DAY,
  emptied,
  failureOf,
  NOW,
  undelivered,
  type World,
  withWorld,
} from './world.ts'

/** A change that leaves a row for each time that it took effect. */
function note(world: World, request = asked('POST /v1/notes', { text: 'x' }, { key: 'k1', keyId: 'key' })) {
  const { files, sagas } = world.context
  const count = () => files.billing.rows.list('InboxMessage', { type: 'note' }).length
  const write = () =>
    sagas.changes.begin('billing', request, {
      write(tx, { newId, now }) {
        tx.insert('InboxMessage', { id: newId(), type: 'note', receivedAt: now() })
        return { status: 201, data: { nth: tx.list('InboxMessage', { type: 'note' }).length } }
      },
    })
  return { count, write }
}

describe('a request with a key', () => {
  test('gets the same answer for its repeat, which changes nothing', () =>
    withWorld(async (world) => {
      const { count, write } = note(world)
      const first = await write()
      expect(first).toMatchObject({ status: 201, data: { nth: 1 }, repeated: false, change: { settled: true } })
      expect(await write()).toEqual({ ...first, repeated: true })
      expect(count()).toBe(1)
    }))

  const CALL = { route: 'POST /v1/notes', body: { a: 1, b: { c: [1, 2], d: null } }, key: 'k1', keyId: 'key' }
  const OTHERS: readonly [string, object][] = [
    ['another value', { body: { a: 2, b: { c: [1, 2], d: null } } }],
    ['another order of a list', { body: { a: 1, b: { c: [2, 1], d: null } } }],
    ['a name less', { body: { a: 1, b: { c: [1, 2] } } }],
    ['a number as text', { body: { a: '1', b: { c: [1, 2], d: null } } }],
    [
      'a list of pairs for an object',
      {
        body: {
          a: 1,
          b: [
            ['c', [1, 2]],
            ['d', null],
          ],
        },
      },
    ],
    ['another time', { body: { a: new Date(1), b: { c: [1, 2], d: null } } }],
  ]
  test.each(OTHERS)('is refused with %s', (_, other) =>
    withWorld(async (world) => {
      const before = note(world, CALL)
      await before.write()
      const error = await failureOf(note(world, { ...CALL, ...other }).write())
      expect(error).toBeInstanceOf(ReusedKeyError)
      expect((error as GoggaError).status).toBe(422)
      expect(before.count()).toBe(1)
    }),
  )

  test('two times are two bodies', () =>
    withWorld(async (world) => {
      const at = (time: string) => ({ ...CALL, body: { expiresAt: new Date(time) } })
      await note(world, at('2026-07-01')).write()
      expect(await failureOf(note(world, at('2026-08-01')).write())).toBeInstanceOf(ReusedKeyError)
      expect((await note(world, at('2026-07-01')).write()).repeated).toBe(true)
    }))

  test('is the same in whatever order its names come', () =>
    withWorld(async (world) => {
      await note(world, CALL).write()
      const turned = { ...CALL, body: { b: { d: null, c: [1, 2] }, a: 1 } }
      expect((await note(world, turned).write()).repeated).toBe(true)
    }))

  test('leaves hashes that only identity.db can tell: another set of files has others for the same request', async () => {
    const hashesOf = () =>
      withWorld(async (world) => {
        await note(world, CALL).write()
        await using again = await world.again()
        expect((await note({ ...world, context: again }, CALL).write()).repeated).toBe(true)
        const rows = world.context.files.billing.rows.all<{ id: string; requestHash: string }>('select * from "Change"')
        return rows.flatMap(({ id, requestHash }) => [id, requestHash])
      })
    const [some, others] = [await hashesOf(), await hashesOf()]
    expect([some.length, others.length]).toEqual([2, 2])
    expect(some.filter((each) => others.includes(each))).toEqual([])
  })

  const CALLERS: readonly [string, object][] = [
    ['another API key', { keyId: 'other' }],
    ['a person', { keyId: undefined, subjectId: 'ann' }],
    ['another route', { route: 'POST /v1/others' }],
    ['another key', { key: 'k2' }],
  ]
  test.each(CALLERS)('is another request for %s', (_, other) =>
    withWorld(async (world) => {
      await note(world, CALL).write()
      const answer = await note(world, { ...CALL, ...other }).write()
      expect(answer).toMatchObject({ repeated: false, data: { nth: 2 } })
    }),
  )

  test('two people with one key are two', () =>
    withWorld(async (world) => {
      const by = (subjectId: string) => ({ route: CALL.route, body: {}, key: 'k1', subjectId })
      await note(world, by('ann')).write()
      expect(await note(world, by('bob')).write()).toMatchObject({ repeated: false, data: { nth: 2 } })
    }))

  test('is a conflict while the first runs, and gets its answer afterwards', () =>
    withWorld(async (world) => {
      const hold = Promise.withResolvers<void>()
      const request = asked('POST /v1/slow', {}, { key: 'k1', keyId: 'key' })
      const begin = () =>
        world.context.sagas.changes.begin('billing', request, {
          prepare: () => hold.promise,
          write: () => ({ data: { done: true } }),
        })
      const first = begin()
      const error = await failureOf(begin())
      expect(error).toMatchObject({ status: 409, retryAfter: 1 })
      hold.resolve()
      await first
      expect(await begin()).toMatchObject({ repeated: true, data: { done: true } })
    }))

  test('is free again after a first that failed', () =>
    withWorld(async (world) => {
      const request = asked('POST /v1/slow', {}, { key: 'k1', keyId: 'key' })
      const begin = (failure?: Error) =>
        world.context.sagas.changes.begin('billing', request, {
          async prepare() {
            if (failure) throw failure
          },
          write: () => ({ data: { done: true } }),
        })
      await failureOf(begin(new UnavailableError('away')))
      expect(await begin()).toMatchObject({ repeated: false })
    }))

  test('is new after 24 hours, not before', () =>
    withWorld(async (world) => {
      const { write, count } = note(world)
      await write()
      world.pass(DAY - 1)
      expect((await write()).repeated).toBe(true)
      world.pass(1)
      expect(await write()).toMatchObject({ repeated: false, data: { nth: 2 } })
      expect((await write()).repeated).toBe(true)
      expect(count()).toBe(2)
      expect(world.context.files.billing.rows.list('Change', {})).toHaveLength(1)
    }))

  test('of two contexts at once takes effect once', () =>
    withWorld(async (world) => {
      await using other = await world.again()
      const both = [note(world), note({ ...world, context: other })]
      for (let round = 0; round < 20; round++) {
        world.pass(2 * DAY)
        const answers = await Promise.all(both.map(({ write }) => write()))
        expect(answers.map(({ repeated }) => repeated).sort()).toEqual([false, true])
        expect(answers[0]?.data).toEqual(answers[1]?.data)
      }
      expect(both[0]?.count()).toBe(20)
    }))
})

describe('without a key', () => {
  test('nothing is compared', () =>
    withWorld(async (world) => {
      const { write, count } = note(world, asked('POST /v1/notes', {}, { keyId: 'key' }))
      const [one, other] = [await write(), await write()]
      expect(count()).toBe(2)
      expect(one.change.id).not.toBe(other.change.id)
    }))
})

describe('a refusal', () => {
  const KEPT = [
    new NotFoundError('none', { hint: 'Look.' }),
    new ConflictError('no', { errors: [{ at: 'a', message: 'b' }] }),
  ]
  const NOT_KEPT = [
    new UsageError('what'),
    new UnauthorizedError('who'),
    new UnavailableError('away'),
    new Error('bug'),
  ]
  const refusing = (world: World, failures: Error[], step: 'prepare' | 'write') => {
    const fail = () => {
      const failure = failures.shift()
      if (failure) throw failure
    }
    return world.context.sagas.changes.begin('billing', asked('POST /v1/r', {}, { key: 'k1', keyId: 'key' }), {
      prepare: async () => (step === 'prepare' ? fail() : undefined),
      write() {
        if (step === 'write') fail()
        return { data: 'done' }
      },
    })
  }
  const steps = ['prepare', 'write'] as const

  test.each(KEPT.flatMap((error) => steps.map((step) => [error.status, step, error] as const)))(
    '%i by %s is kept, and thrown again',
    (status, step, error) =>
      withWorld(async (world) => {
        expect(await failureOf(refusing(world, [error], step))).toBe(error)
        const again = await failureOf(refusing(world, [], step))
        const { code, message, hint, errors } = error
        expect(again).toMatchObject({ code, status, message, hint, errors })
        world.pass(DAY)
        expect(await refusing(world, [], step)).toMatchObject({ repeated: false, data: 'done' })
      }),
  )

  test.each(NOT_KEPT.flatMap((error) => steps.map((step) => [error.name, step, error] as const)))(
    '%s by %s is not kept',
    (_, step, error) =>
      withWorld(async (world) => {
        expect(await failureOf(refusing(world, [error], step))).toBe(error)
        expect(await refusing(world, [], step)).toMatchObject({ repeated: false, data: 'done' })
      }),
  )

  test('without a key leaves nothing', () =>
    withWorld(async ({ context }) => {
      const write = () => {
        throw new ConflictError('no')
      }
      await failureOf(context.sagas.changes.begin('billing', asked('POST /v1/r'), { write }))
      expect(context.files.billing.rows.list('Change', {})).toEqual([])
    }))

  test('of a request that another process has answered meanwhile gives way to that answer', () =>
    withWorld(async (world) => {
      await using other = await world.again()
      const request = asked('POST /v1/notes', { text: 'x' }, { key: 'k1', keyId: 'key' })
      const answer = await world.context.sagas.changes.begin('billing', request, {
        async prepare() {
          await note({ ...world, context: other }, request).write()
          throw new ConflictError('it is done already')
        },
        write: () => ({ data: { nth: 0 } }),
      })
      expect(answer).toMatchObject({ repeated: true, status: 201, data: { nth: 1 } })
    }))

  test('that leaves a trace carries its message at once, and is kept: a repeat leaves no other', () =>
    withWorld(async ({ context }) => {
      await addPeople(context)
      const look = () =>
        failureOf(
          lookUpUser(context.sagas, ADMIN, 'nobody@mail.example', asked('POST /v1/l', {}, { key: 'k', keyId: 'a' })),
        )
      expect(await look()).toBeInstanceOf(NotFoundError)
      expect(context.files.admin.rows.list('AdminLog', { action: 'user_lookup' })).toHaveLength(1)
      expect(await look()).toMatchObject({ status: 404 })
      expect(context.files.admin.rows.list('AdminLog', { action: 'user_lookup' })).toHaveLength(1)
      expect(context.files.identity.rows.list('AdminLogOrigin', {})).toHaveLength(1)
    }))
})

describe('an answer with a secret', () => {
  const SECRET = 'gogga_session_verySecretIndeed0123456789'
  const seal = (world: World, body: unknown, key = 'k1') =>
    world.context.sagas.changes.begin('identity', asked('POST /v1/s', body, { key, secret: true }), {
      write: () => ({ status: 201, data: { token: SECRET } }),
    })

  test('is given again to the same request, in whatever order its names come', () =>
    withWorld(async (world) => {
      await seal(world, { login: 'gogga_login_abc', page: 'x' })
      expect(await seal(world, { login: 'gogga_login_abc', page: 'x' })).toMatchObject({
        data: { token: SECRET },
        repeated: true,
      })
      expect(await seal(world, { page: 'x', login: 'gogga_login_abc' })).toMatchObject({
        data: { token: SECRET },
        repeated: true,
      })
    }))

  test('stands in no file, nor does what opens it', () =>
    withWorld(async (world) => {
      await seal(world, { login: 'gogga_login_abc' }, 'the-idempotency-key')
      for (const path of DOMAINS.flatMap((domain) => [
        world.databases.paths[domain],
        `${world.databases.paths[domain]}-wal`,
      ])) {
        const bytes = readFileSync(path, 'latin1')
        for (const text of [SECRET, 'verySecretIndeed', 'gogga_login_abc', 'the-idempotency-key'])
          expect(bytes, `${path} ${text}`).not.toContain(text)
      }
      expect(world.context.files.identity.rows.list('Change', {})[0]?.answer).toMatch(/^sealed:/)
    }))

  test('does not open for what was written under another key by hand', () =>
    withWorld(async (world) => {
      await seal(world, { login: 'a' }, 'k1')
      await seal(world, { login: 'a' }, 'k2')
      const [one, other] = world.context.files.identity.rows.list('Change', {})
      await world.context.files.identity.change((tx) =>
        tx.update('Change', { id: one?.id ?? '' }, { answer: other?.answer ?? '' }),
      )
      expect(await failureOf(seal(world, { login: 'a' }, 'k1'))).toBeInstanceOf(Error)
    }))
})

describe('answers that are old', () => {
  test('are forgotten in every file, and no others', () =>
    withWorld(async ({ context, pass }) => {
      const { changes } = context.sagas
      const write = () => ({ data: 1 })
      for (const domain of DOMAINS) await changes.begin(domain, asked('POST /v1/old'), { write })
      pass(DAY)
      for (const domain of DOMAINS) await changes.begin(domain, asked('POST /v1/young'), { write })
      expect(await forgetAnswers(context.sagas)).toBe(0) // To the millisecond: what is kept for a day is older tomorrow.
      pass(1)
      expect(await forgetAnswers(context.sagas)).toBe(3)
      for (const domain of DOMAINS) {
        const rows = context.files[domain].rows as typeof context.files.billing.rows
        expect(rows.list('Change', {}).map(({ route }) => route)).toEqual(['POST /v1/young'])
      }
    }))

  test('go in batches, however many', () =>
    withWorld(async ({ context, pass }) => {
      await context.files.billing.change((tx) => {
        const row = { route: 'POST /v1/x', requestHash: '', status: 200, answer: '1', createdAt: NOW }
        for (let nth = 0; nth < 2_500; nth++) tx.insert('Change', { id: `c${nth}`, ...row })
      })
      pass(2 * DAY)
      expect(await forgetAnswers(context.sagas)).toBe(2_500)
    }))
})

describe('an answer whose effects are not all there', () => {
  const order = (tier: 'JIVE' | 'JIGGA' = 'JIGGA') => ({ userId: 'ann', tier, reason: 'a test' })

  test('says so within its time, and where to look; later it is settled', () =>
    withWorld(async (world) => {
      const { context } = world
      await addPeople(context, 'ann')
      const { files, now, newId, randomBytes } = context
      const hashKey = await hashKeyOf(files.identity, context)
      await using sagas = createSagas({ files, hashKey, now, newId, randomBytes, maxAttempts: 20, settleMs: 10 })
      const hold = Promise.withResolvers<void>()
      const begun = Promise.withResolvers<void>()
      const transaction = files.admin.client.$transaction(() => {
        begun.resolve()
        return hold.promise
      })
      await begun.promise
      const request = asked('POST /v1/tier', order(), { key: 'k', keyId: 'a' })
      const answer = await overrideTier(sagas, ADMIN, order(), request)
      expect(answer).toMatchObject({ status: 202, change: { settled: false }, data: { tier: 'JIGGA' } })
      const { kept, waiting } = sagas.changes.look(answer.change.id)
      expect(kept).toMatchObject({ status: 200, route: 'POST /v1/tier' })
      expect(waiting).toEqual([{ type: 'admin-acted', target: 'admin', dead: false }])
      hold.resolve()
      await transaction
      expect(await overrideTier(sagas, ADMIN, order(), request)).toMatchObject({
        status: 200,
        change: { settled: true },
        repeated: true,
      })
      expect(sagas.changes.look(answer.change.id).waiting).toEqual([])
      expect(files.admin.rows.list('AdminLog', {})).toHaveLength(1)
    }))

  test('is no failure where the other file cannot even be read', () =>
    withWorld(async (world) => {
      const { context } = world
      await addPeople(context, 'ann')
      await context.files.admin.change((tx) => tx.run('alter table "OutboxMessage" rename to "Away"'))
      const request = asked('POST /v1/tier', order(), { key: 'k', keyId: 'a' })
      const answer = await overrideTier(context.sagas, ADMIN, order(), request)
      expect(answer).toMatchObject({ status: 202, change: { settled: false } })
      await context.files.admin.change((tx) => tx.run('alter table "Away" rename to "OutboxMessage"'))
      expect(await overrideTier(context.sagas, ADMIN, order(), request)).toMatchObject({ status: 200, repeated: true })
    }))

  test('cannot be looked for when nobody began it, or a day ago', () =>
    withWorld(async (world) => {
      expect(() => world.context.sagas.changes.look('nothing')).toThrow(NotFoundError)
      const { change } = await note(world).write()
      expect(world.context.sagas.changes.look(change.id).waiting).toEqual([])
      world.pass(DAY)
      expect(() => world.context.sagas.changes.look(change.id)).toThrow(NotFoundError)
    }))
})

describe('an administrator’s address', () => {
  const request = asked('POST /v1/tier', {}, { key: 'k', keyId: 'a' })
  const set = (context: World['context'], userId: string) =>
    overrideTier(context.sagas, ADMIN, { userId, tier: 'JIVE', reason: 'a test' }, request)

  test('is kept once for a change and not for its repeats', () =>
    withWorld(async ({ context }) => {
      await addPeople(context, 'ann')
      await set(context, 'ann')
      await set(context, 'ann')
      const [log] = context.files.admin.rows.list('AdminLog', {})
      expect(context.files.identity.rows.list('AdminLogOrigin', {})).toEqual([{ adminLogId: log?.id, ip: ADMIN.ip }])
    }))

  test('goes with a change that is refused', () =>
    withWorld(async ({ context }) => {
      await addPeople(context)
      expect(await failureOf(set(context, 'nobody'))).toBeInstanceOf(NotFoundError)
      expect(await failureOf(set(context, 'nobody'))).toMatchObject({ status: 404 })
      expect(context.files.identity.rows.list('AdminLogOrigin', {})).toEqual([])
    }))
})

describe('a claim that billing refuses', () => {
  /** The look before the claim sees a FREE subscription; then JIGGA comes from elsewhere. */
  const racing = async (world: World) => {
    const { context } = world
    await addPeople(context, 'ann')
    await addVouchers(context, 'JIVE_1MONTH', 'v1')
    let isRaced = false
    const other = await world.again({
      reached(place) {
        if (place !== 'POST /v1/redeem:committed' || isRaced) return
        isRaced = true
        world.context.files.billing.connections.writer.exec(
          `update "Subscription" set tier = 'JIGGA', status = 'active', nextBilling = '2026-06-20T00:00:00.000+00:00'`,
        )
      },
    })
    await overrideTier(context.sagas, ADMIN, { userId: 'ann', tier: 'FREE', reason: 'x' }, asked('POST /v1/tier'))
    const redeem = (key: string) =>
      redeemVoucher(
        other.sagas,
        { code: codeOf('v1'), userId: 'ann' },
        asked('POST /v1/redeem', { code: codeOf('v1') }, { key, subjectId: 'ann' }),
      )
    return { other, redeem }
  }

  test('goes back; the answer becomes the refusal, for its repeats too; later the voucher is claimed anew', () =>
    withWorld(async (world) => {
      const { context } = world
      const { other, redeem } = await racing(world)
      await using _closed = other
      const error = await failureOf(redeem('k1'))
      expect(error).toMatchObject({ status: 409, code: 'conflict' })
      expect((error as Error).message).toContain('JIVE')
      expect(await failureOf(redeem('k1'))).toMatchObject({ status: 409, message: (error as Error).message })
      const voucher = () => context.files.admin.rows.find('Voucher', { id: 'v1' })
      expect(voucher()).toMatchObject({ redeemed: false, redeemedBy: null, userId: null })
      await overrideTier(context.sagas, ADMIN, { userId: 'ann', tier: 'FREE', reason: 'x' }, asked('POST /v1/tier'))
      expect(await redeem('k2')).toMatchObject({ status: 201, change: { settled: true } })
      expect(voucher()).toMatchObject({ redeemed: true, redeemedBy: 'ann' })
      const marks = context.files.billing.rows.list('InboxMessage', { type: 'voucher-redeemed' }).map(({ id }) => id)
      expect(marks).toEqual(['voucher-redeemed:v1:0', 'voucher-redeemed:v1:1'])
      expect(context.files.admin.rows.list('InboxMessage', {}).map(({ id }) => id)).toContain('voucher-refused:v1:0')
      const actions = context.files.admin.rows.list('VoucherLog', { voucherId: 'v1' }).map(({ action }) => action)
      expect(actions).toEqual(['redeemed', 'released', 'redeemed'])
      expect(context.files.identity.rows.list('AuthLog', { action: 'voucher_redeemed' })).toHaveLength(1)
      await emptied(other)
      expect(undelivered(context)).toEqual([])
    }))
})
