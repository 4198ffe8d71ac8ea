// Notifications of payments: whose they are, and what is told of one that cannot be used.
import { describe, expect, test } from 'vitest'
import type { Itn } from '../../src/payfast/itn.ts'
import { receiveNotification } from '../../src/saga/payments.ts'
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
