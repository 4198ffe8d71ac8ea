// Notifications of payments: whose they are, and what is told of one that cannot be used.
import { describe, expect, test } from 'vitest'
import type { Itn } from '../../src/payfast/itn.ts'
import { receiveNotification, type UnusablePayment } from '../../src/saga/payments.ts'
import { addPeople, failureOf, NOW, subscriptionOf, type World, withWorld } from './world.ts'

const itn = (more: Partial<Itn> = {}): Itn =>
  ({
    ...{ paymentId: 'pf-1', status: 'COMPLETE', userId: 'ann', checkoutId: undefined, amountCents: 9_900 },
    ...{ merchantId: '10000100', token: undefined, email: 'Bob@mail.example', fields: [] },
    ...{ kind: 'subscription', what: 'JIVE' },
    ...more,
  }) as Itn

const payersOf = ({ context }: World): readonly string[] =>
  context.files.billing.rows.list('ProcessedPayment', {}).map(({ userId }) => userId)

const contactsOf = ({ context }: World) => context.files.identity.rows.list('Contact', {})

describe('a payment is that of', () => {
  test('the user whom it names', () =>
    withWorld(async (world) => {
      await addPeople(world.context, 'ann', 'bob')
      await receiveNotification(world.context.sagas, itn())
      expect(payersOf(world)).toEqual(['ann'])
      expect(subscriptionOf(world.context, 'ann').tier).toBe('JIVE')
    }))

  test('the contact whom it names', () =>
    withWorld(async (world) => {
      await world.context.files.identity.change((tx) =>
        tx.insert('Contact', { id: 'eve', email: 'eve@mail.example', emailKey: 'eve@mail.example', createdAt: NOW }),
      )
      await receiveNotification(world.context.sagas, itn({ userId: 'eve' }))
      expect(payersOf(world)).toEqual(['eve'])
    }))

  test('the erased whom it names: it gives nothing, and their email is not kept anew', () =>
    withWorld(async (world) => {
      const { files, sagas } = world.context
      await files.identity.change((tx) => tx.insert('Tombstone', { subjectId: 'gone', erasedAt: NOW }))
      await files.billing.change((tx) => tx.insert('Tombstone', { subjectId: 'gone', erasedAt: NOW }))
      expect(await receiveNotification(sagas, itn({ userId: 'gone', email: 'gone@mail.example' }))).toBe('applied')
      expect(payersOf(world)).toEqual(['gone'])
      expect(contactsOf(world)).toEqual([])
    }))

  test.each(['0821234567', 'no-such-user'])('whoever has the email, where it names %s, who is nobody', (userId) =>
    withWorld(async (world) => {
      await addPeople(world.context, 'ann', 'bob')
      await receiveNotification(world.context.sagas, itn({ userId }))
      expect(payersOf(world)).toEqual(['bob'])
    }),
  )

  test('nobody, where it names nobody and has no email: nothing is written', () =>
    withWorld(async (world) => {
      await addPeople(world.context, 'ann')
      const received = receiveNotification(world.context.sagas, itn({ userId: '0821234567', email: undefined }))
      expect(await failureOf(received)).toMatchObject({ code: 'usage', errors: [{ at: 'custom_str3' }] })
      expect([payersOf(world), contactsOf(world)]).toEqual([[], []])
    }))

  test('nobody, where one that failed names nobody and its email is unknown', () =>
    withWorld(async (world) => {
      const failed = itn({ userId: 'no-such-user', status: 'FAILED', email: 'eve@mail.example' })
      expect(await receiveNotification(world.context.sagas, failed)).toBe('ignored')
      expect(contactsOf(world)).toEqual([])
    }))
})

describe('a payment that came and cannot be used is told', () => {
  const told = async ({ context }: World, payment: Itn): Promise<readonly UnusablePayment[]> => {
    const unusable: UnusablePayment[] = []
    const received = receiveNotification(context.sagas, payment, { onUnusable: (one) => unusable.push(one) })
    expect(await failureOf(received)).toMatchObject({ status: expect.any(Number) })
    return unusable
  }

  const CASES: readonly [string, Partial<Itn>, number | null][] = [
    ['of another amount', { amountCents: 8_900 }, 9_900],
    ['of a pack at another price', { kind: 'credit_pack', what: '200', amountCents: 19_000 }, 20_000],
    ['of a pack that is not sold', { kind: 'credit_pack', what: '300', amountCents: 30_000 }, null],
    ['of a tier that is not sold', { what: 'GOLD' }, null],
    ['of nobody', { userId: 'no-such-user', email: undefined }, 9_900],
    ['of a charge that nobody knows', { kind: 'charge', what: undefined, checkoutId: 'x', token: 'x' } as Itn, null],
  ]
  test.each(CASES)('%s', (_name, more, expectedCents) =>
    withWorld(async (world) => {
      await addPeople(world.context, 'ann')
      const { paymentId, kind, amountCents, ...payment } = itn(more)
      const unusable = { paymentId, kind, amountCents, expectedCents }
      expect(await told(world, { ...payment, paymentId, kind, amountCents } as Itn)).toEqual([unusable])
      expect([payersOf(world), contactsOf(world)]).toEqual([[], []])
    }),
  )

  test('of a charge of ours: with what was charged', () =>
    withWorld(async (world) => {
      await addPeople(world.context, 'ann')
      const terms = { userId: 'ann', tier: 'JIVE', amountCents: 8_000, status: 'started' }
      await world.context.files.billing.change((tx) =>
        tx.insert('ChargeAttempt', { id: 'try', scheduleId: 's', ...terms, startedAt: NOW, checkAt: NOW }),
      )
      const charge = { kind: 'charge', what: undefined, checkoutId: 'try', token: 'tok', amountCents: 9_900 } as Itn
      expect(await told(world, itn(charge))).toEqual([
        { paymentId: 'pf-1', kind: 'charge', amountCents: 9_900, expectedCents: 8_000 },
      ])
    }))

  test('but not one that failed, nor one that can come again', () =>
    withWorld(async (world) => {
      await addPeople(world.context, 'ann')
      expect(await told(world, itn({ status: 'FAILED', userId: 'no-such-user', email: undefined }))).toEqual([])
      world.context.files.billing.connections.writer.pragma('query_only = on')
      expect(await told(world, itn())).toEqual([])
    }))
})

test('a payment by an agreement may be of its amount, whatever the price is now', () =>
  withWorld(async (world) => {
    const { sagas, files } = world.context
    await addPeople(world.context, 'ann')
    await receiveNotification(sagas, itn({ token: 'tok' }))
    await files.billing.change((tx) => tx.update('RecurringSchedule', { token: 'tok' }, { amountCents: 8_000 }))
    const charge = { kind: 'charge', what: undefined, checkoutId: 'x', token: 'tok', amountCents: 8_000 } as Itn
    expect(await receiveNotification(sagas, itn({ ...charge, paymentId: 'pf-2' }))).toBe('applied')
    expect(payersOf(world)).toEqual(['ann', 'ann'])
  }))
