import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import type { Context } from '../../src/context.ts'
import { claimDue, postMessage } from '../../src/database/outbox.ts'
import {
  addPeople,
  addVouchers,
  codeOf,
  emptied,
  NOW,
  outboxOf,
  SECOND,
  subscriptionOf,
  undelivered,
  withWorld,
} from './world.ts'

const USERS = 300

/** First sign-ins and redemptions of a process that died after its commits. */
async function leaveWork(context: Context): Promise<void> {
  const ids = Array.from({ length: USERS }, (_, nth) => `user${nth}`)
  await addPeople(context, ...ids)
  await addVouchers(context, 'R200', ...ids.map((id) => `v-${id}`))
  await context.files.identity.change((tx) => {
    for (const userId of ids) {
      const payload = JSON.stringify({ userId })
      const message = { type: 'user-created', target: 'billing', subjectId: userId, payload, changeId: null } as const
      postMessage(tx, { id: `user-created:${userId}`, ...message }, NOW)
    }
  })
  await context.files.admin.change((tx) => {
    for (const userId of ids) {
      const voucherId = `v-${userId}`
      tx.update('Voucher', { id: voucherId }, { redeemed: true, redeemedAt: NOW, redeemedBy: userId, userId })
      const payload = JSON.stringify({ voucherId, userId, voucherType: 'R200' })
      const message = {
        type: 'voucher-redeemed',
        target: 'billing',
        subjectId: userId,
        payload,
        changeId: null,
      } as const
      postMessage(tx, { id: `voucher-redeemed:${voucherId}:0`, ...message }, NOW)
    }
  })
}

function expectEachOnce(context: Context): void {
  const { billing, identity } = context.files
  expect(billing.rows.list('Subscription', {})).toHaveLength(USERS)
  expect(billing.rows.list('Subscription', {}).every(({ credits }) => credits === 50_000)).toBe(true)
  expect(billing.rows.list('CreditPurchase', {})).toHaveLength(USERS)
  expect(identity.rows.list('AuthLog', { action: 'voucher_redeemed' })).toHaveLength(USERS)
}

function start(script: string, ...args: readonly string[]) {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'children', script), ...args])
  const [output, errors] = [text(child.stdout), text(child.stderr)]
  const ready = new Promise((resolve) => child.stdout.once('data', resolve))
  return {
    ready,
    go: () => child.stdin.write('go\n'),
    async said() {
      const all = await output
      expect(await errors).toBe('')
      return all.split('\n').at(-2) ?? ''
    },
  }
}

describe('the outboxes of one set of files', () => {
  test('are shared by two contexts, each message taking effect once', () =>
    withWorld(async (world) => {
      const delivered = [0, 0]
      const counting = (nth: 0 | 1) => ({
        reached: (place: string) => {
          if (place.endsWith(':delivered')) delivered[nth] = (delivered[nth] ?? 0) + 1
        },
      })
      await leaveWork(world.context)
      await using one = await world.again(counting(0))
      await using other = await world.again(counting(1))
      while (undelivered(world.context).length > 0) {
        world.pass(3 * SECOND)
        await Promise.all([one.sagas.courier.sweep(), other.sagas.courier.sweep()])
      }
      expectEachOnce(world.context)
      for (const count of delivered) expect(count).toBeGreaterThan(0)
    }))

  test('are shared by two processes, each message taking effect once', () =>
    withWorld(async ({ context, databases, clock, pass }) => {
      await leaveWork(context)
      pass(3 * SECOND)
      const both = [1, 2].map(() => start('sweep.ts', databases.dir, clock.now.toISOString()))
      await Promise.all(both.map(({ ready }) => ready))
      for (const { go } of both) go()
      const counts = (await Promise.all(both.map(({ said }) => said()))).map(Number)
      expectEachOnce(context)
      expect(undelivered(context)).toEqual([])
      for (const count of counts) expect(count).toBeGreaterThan(0)
    }))

  test('are claimed message by message: what one has, another does not get before its time is up', () =>
    withWorld(async ({ context, pass, clock }) => {
      await leaveWork(context)
      pass(3 * SECOND)
      const claim = (limit: number) =>
        context.files.identity.change((tx) => claimDue(tx, clock.now, limit).map(({ id }) => id))
      const [first, second, third] = [await claim(200), await claim(200), await claim(200)]
      expect([first.length, second.length, third.length]).toEqual([200, 100, 0])
      expect(new Set([...first, ...second]).size).toBe(USERS)
      pass(3 * SECOND)
      expect(await claim(USERS)).toHaveLength(USERS)
    }))
})

describe('one request in two processes at once', () => {
  test('takes effect once, and both get its answer', () =>
    withWorld(async ({ context, databases, clock }) => {
      await addPeople(context, 'ann')
      const rounds = ['a', 'b', 'c']
      await addVouchers(context, 'R200', ...rounds)
      for (const [nth, round] of rounds.entries()) {
        const args = [databases.dir, codeOf(round), `key-${round}`, clock.now.toISOString()]
        const both = [1, 2].map(() => start('same-key.ts', ...args))
        await Promise.all(both.map(({ ready }) => ready))
        for (const { go } of both) go()
        const answers = (await Promise.all(both.map(({ said }) => said()))).map((answer) => JSON.parse(answer))
        for (const answer of answers) expect(answer).toMatchObject({ status: 201, data: { voucherId: round } })
        expect(answers.map(({ repeated }) => repeated).sort()).toEqual([false, true])
        expect(answers[0].data).toEqual(answers[1].data)
        expect(subscriptionOf(context, 'ann').credits).toBe((nth + 1) * 50_000)
      }
      await emptied(context)
      expect(outboxOf(context, 'admin')).toEqual([])
    }))
})
