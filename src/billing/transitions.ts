// The one table of what may happen to a subscription: in which states, to which state, and the event that tells of it.
import { ConflictError } from '../errors.ts'

export const STATUSES = ['pending', 'active', 'past_due', 'cancelled', 'expired'] as const
export type Status = (typeof STATUSES)[number]

export const EVENTS = [
  'activated',
  'upgraded',
  'downgraded',
  'cancelled',
  'payment_failed',
  'payment_succeeded',
  'credits_reset',
  'admin_override',
] as const
export type EventName = (typeof EVENTS)[number]

export interface Transition {
  readonly from: readonly Status[]
  readonly to: Status | 'same'
  /** None where neither tier nor status changes, and the change leaves its trace elsewhere. */
  readonly event: EventName | null
  /** Whether its person may ask for it; the rest follows from payments, time and administrators. */
  readonly isAsked: boolean
}

export const TRANSITIONS = {
  spend: { from: ['active', 'past_due', 'cancelled', 'expired'], to: 'same', event: null, isAsked: true },
  check_out: { from: STATUSES, to: 'same', event: null, isAsked: true },
  redeem: { from: STATUSES, to: 'same', event: null, isAsked: true },
  change_tier: { from: ['active'], to: 'same', event: null, isAsked: true },
  cancel: { from: ['active', 'past_due'], to: 'cancelled', event: 'cancelled', isAsked: true },
  override: { from: STATUSES, to: 'active', event: 'admin_override', isAsked: false },
  adjust: { from: STATUSES, to: 'same', event: 'admin_override', isAsked: false },

  // A paid month arrives: the first one, one more of the same tier, or the first of another tier.
  activate: { from: STATUSES, to: 'active', event: 'activated', isAsked: false },
  renew: { from: ['active', 'past_due'], to: 'active', event: 'payment_succeeded', isAsked: false },
  upgrade: { from: ['active', 'past_due'], to: 'active', event: 'upgraded', isAsked: false },
  downgrade: { from: ['active', 'past_due'], to: 'active', event: 'downgraded', isAsked: false },
  // The charge was under way when its person cancelled: the month is theirs, and it stays the last one.
  renew_last: { from: ['cancelled'], to: 'same', event: 'payment_succeeded', isAsked: false },
  // Money arrived that changes neither tier nor period: a pack, or a charge that a higher tier has overtaken.
  take_payment: { from: STATUSES, to: 'same', event: 'payment_succeeded', isAsked: false },

  miss_payment: { from: ['active', 'past_due'], to: 'past_due', event: 'payment_failed', isAsked: false },
  miss_upgrade: { from: ['active'], to: 'same', event: 'payment_failed', isAsked: false },
  expire: { from: ['active', 'past_due', 'cancelled'], to: 'expired', event: 'downgraded', isAsked: false },
  reset: { from: ['active', 'past_due', 'cancelled', 'expired'], to: 'same', event: 'credits_reset', isAsked: false },
} as const satisfies Record<string, Transition>

export type Action = keyof typeof TRANSITIONS

export const ACTIONS = Object.keys(TRANSITIONS) as readonly Action[]

export const isAllowed = (action: Action, status: string): boolean =>
  (TRANSITIONS[action].from as readonly string[]).includes(status)

export interface State {
  readonly status: string
  readonly tier: string
}

export interface Asking {
  /** Whether a schedule charges for the next period. */
  readonly isScheduled: boolean
  /** What was refused just now. */
  readonly refused?: Action
}

/** What its person may ask for in this state; FREE has nothing to cancel, and only what renews itself changes its tier. */
export const allowedActions = ({ status, tier }: State, { isScheduled, refused }: Asking): readonly Action[] =>
  ACTIONS.filter((action) => {
    if (!TRANSITIONS[action].isAsked || !isAllowed(action, status) || action === refused) return false
    if (tier === 'FREE') return action !== 'change_tier' && action !== 'cancel'
    return action !== 'change_tier' || isScheduled
  })

/** Throws ConflictError with the state and what is allowed in it. */
export function requireAllowed(state: State, action: Action): void {
  const { status } = state
  if (isAllowed(action, status)) return
  const message = `"${action}" needs a subscription that is ${TRANSITIONS[action].from.join(' or ')}`
  // Where a status refuses something, it is not one in which tiers change.
  throw refusal(state, { isScheduled: false, refused: action }, message)
}

/** A 409 that names the state and what is allowed in it instead. */
export function refusal(state: State, asking: Required<Asking>, message: string, hint?: string): ConflictError {
  const { status } = state
  const allowed = allowedActions(state, asking).join(', ')
  return new ConflictError(`${message}; this one is ${status}`, {
    hint: hint ?? `Allowed while it is ${status}: ${allowed || 'nothing'}.`,
    errors: [
      { at: 'status', message: status },
      { at: 'allowed', message: allowed },
    ],
  })
}
