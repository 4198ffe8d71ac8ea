import { describe, expect, it, test } from 'vitest'
import { applyTransition } from '../../src/billing/events.ts'
import {
  ACTIONS,
  type Action,
  allowedActions,
  requireAllowed,
  STATUSES,
  type Status,
} from '../../src/billing/transitions.ts'
import { eventsOf, putSubscription, START, subscriptionOf, withBilling } from './world.ts'

type Row = Record<Status, Status | '-'>
const row = (
  pending: Row['pending'],
  active: Row['active'],
  ...rest: [Row[Status], Row[Status], Row[Status]]
): Row => ({
  pending,
  active,
  past_due: rest[0],
  cancelled: rest[1],
  expired: rest[2],
})
const SAME = row('pending', 'active', 'past_due', 'cancelled', 'expired')

/** Where each action leads from pending, active, past_due, cancelled and expired; `-` is a 409. And its event. */
const EXPECTED: Record<Action, readonly [Row, string | null]> = {
  spend: [row('-', 'active', 'past_due', 'cancelled', 'expired'), null],
  check_out: [SAME, null],
  redeem: [SAME, null],
  change_tier: [row('-', 'active', '-', '-', '-'), null],
  cancel: [row('-', 'cancelled', 'cancelled', '-', '-'), 'cancelled'],
  override: [row('active', 'active', 'active', 'active', 'active'), 'admin_override'],
  adjust: [SAME, 'admin_override'],
  activate: [row('active', 'active', 'active', 'active', 'active'), 'activated'],
  renew: [row('-', 'active', 'active', '-', '-'), 'payment_succeeded'],
  upgrade: [row('-', 'active', 'active', '-', '-'), 'upgraded'],
  downgrade: [row('-', 'active', 'active', '-', '-'), 'downgraded'],
  renew_last: [row('-', '-', '-', 'cancelled', '-'), 'payment_succeeded'],
  take_payment: [SAME, 'payment_succeeded'],
  miss_payment: [row('-', 'past_due', 'past_due', '-', '-'), 'payment_failed'],
  miss_upgrade: [row('-', 'active', '-', '-', '-'), 'payment_failed'],
  expire: [row('-', 'expired', 'expired', 'expired', '-'), 'downgraded'],
  reset: [row('-', 'active', 'past_due', 'cancelled', 'expired'), 'credits_reset'],
}

test('every action is in the table of expectations', () => {
  expect(Object.keys(EXPECTED).sort()).toEqual([...ACTIONS].sort())
})

const CAUSE = { actor: 'system', meta: { why: 'test', count: 2 } }

describe.each(ACTIONS)('%s', (action) => {
  it.each(STATUSES)('from %s', async (status) => {
    await withBilling(async ({ change, rows, sources }) => {
      await change((tx) => putSubscription(tx, { status }))
      const [leads, event] = EXPECTED[action]
      const moved = change((tx) =>
        applyTransition(tx, subscriptionOf(tx), action, { tier: 'JIGGA', credits: 7 }, CAUSE, sources),
      )
      if (leads[status] === '-') {
        await expect(moved).rejects.toMatchObject({ status: 409, message: expect.stringContaining(`is ${status}`) })
        expect(subscriptionOf(rows)).toMatchObject({ status, tier: 'JIVE', credits: 0 })
        expect(eventsOf(rows)).toEqual([])
        return
      }
      expect(await moved).toEqual(subscriptionOf(rows))
      expect(subscriptionOf(rows)).toMatchObject({ status: leads[status], tier: 'JIGGA', credits: 7, updatedAt: START })
      const told = { fromTier: 'JIVE', toTier: 'JIGGA', fromStatus: status, toStatus: leads[status], actor: 'system' }
      const meta = '{"why":"test","count":2}'
      expect(eventsOf(rows)).toEqual(
        event === null ? [] : [expect.objectContaining({ event, ...told, meta, createdAt: START })],
      )
    })
  })
})

test('a refusal says the state and what is allowed in it', () => {
  const refused = { message: '"cancel" needs a subscription that is active or past_due; this one is expired' }
  expect(() => requireAllowed({ status: 'expired', tier: 'FREE' }, 'cancel')).toThrow(expect.objectContaining(refused))
  try {
    requireAllowed({ status: 'pending', tier: 'JIVE' }, 'spend')
    expect.unreachable()
  } catch (error) {
    const allowed = 'check_out, redeem'
    expect(error).toMatchObject({
      code: 'conflict',
      hint: `Allowed while it is pending: ${allowed}.`,
      errors: [
        { at: 'status', message: 'pending' },
        { at: 'allowed', message: allowed },
      ],
    })
  }
})

test('a status that nobody knows allows nothing', () => {
  for (const action of ACTIONS)
    expect(() => requireAllowed({ status: 'frozen', tier: 'JIVE' }, action)).toThrow('frozen')
})

describe('its person may ask for', () => {
  const always = ['spend', 'check_out', 'redeem'] as const
  const cases: readonly (readonly [string, string, boolean, readonly Action[]])[] = [
    ['FREE', 'active', false, always],
    ['FREE', 'expired', false, always],
    ['JIVE', 'pending', false, ['check_out', 'redeem']],
    ['JIVE', 'active', false, [...always, 'cancel']],
    ['JIVE', 'active', true, [...always, 'change_tier', 'cancel']],
    ['JIVE', 'past_due', true, [...always, 'cancel']],
    ['JIVE', 'cancelled', false, always],
    ['JIVE', 'paused', true, []],
  ]
  it.each(cases)('%s, %s, renews itself: %s', (tier, status, isScheduled, allowed) => {
    expect(allowedActions({ tier, status }, { isScheduled })).toEqual(allowed)
    for (const refused of allowed) {
      const others = allowed.filter((action) => action !== refused)
      expect(allowedActions({ tier, status }, { isScheduled, refused })).toEqual(others)
    }
  })
})
