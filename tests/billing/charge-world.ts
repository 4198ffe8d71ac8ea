// A charge that is due.
import { beginAttempt, type ChargeAttempt } from '../../src/billing/charges.ts'
import { addMonths } from '../../src/billing/months.ts'
import { type BillingTx, mustFind, putSchedule, putSubscription, START, type World } from './world.ts'

/** The period ended at START; the charge is due. */
export const putDue = (
  tx: BillingTx,
  row: Parameters<typeof putSubscription>[1] = {},
  terms: Parameters<typeof putSchedule>[1] = {},
) => {
  putSubscription(tx, { nextBilling: START, startedAt: new Date('2026-05-01T12:00:00.000Z'), ...row })
  putSchedule(tx, { nextChargeAt: START, ...terms })
}

export const begin = async ({ change, sources }: World): Promise<ChargeAttempt> =>
  mustFind(await change((tx) => beginAttempt(tx, 'sched', sources))).attempt

export const attemptOf = ({ rows }: World, id: string): ChargeAttempt => mustFind(rows.find('ChargeAttempt', { id }))

export const JULY = addMonths(START, 1)
export const renewed = {
  tier: 'JIVE',
  status: 'active',
  nextBilling: JULY,
  lastReset: START,
  creditsUsed: 0,
  retryCount: 0,
}
