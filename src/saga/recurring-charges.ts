// Recurring charges against PayFast, which does not know a repeated charge when it sees one. So an attempt is written before
// money moves, with an id that goes along; where no clear answer comes, the history has to tell before anything is tried
// again. Any number of processes may run this: an attempt's id is derived, and only one of them can write it.
import {
  beginAttempt,
  type ChargeAttempt,
  chargeAbsent,
  chargePaid,
  chargeRefused,
  chargeUnknown,
  dueSchedules,
  openAttempts,
} from '../billing/charges.ts'
import type { Tx } from '../database/rows.ts'
import { UsageError } from '../errors.ts'
import type { ChargeResult, FoundCharge, PayfastClient } from '../payfast/client.ts'
import { type Failed, throwFailed, tryFor } from './one-by-one.ts'
import type { Sagas } from './sagas.ts'

const BATCH = 50

export interface ChargesMade {
  readonly begun: number
  readonly lookedUp: number
}

/**
 * Looks up what is open, then charges what is due, one after the other. What fails keeps nobody else from theirs: it rejects
 * with an AggregateError when everybody was served. Rejects at once where billing.db cannot be written.
 */
export async function makeCharges(sagas: Sagas, payfast: PayfastClient): Promise<ChargesMade> {
  const { files, now } = sagas
  const failed: Failed[] = []
  const open = openAttempts(files.billing.rows, now(), BATCH)
  for (const attempt of open) {
    const failure = await tryFor(attempt.id, () => lookUp(sagas, payfast, attempt))
    if (!failure) continue
    failed.push(failure)
    await tryFor(attempt.id, () => putOff(sagas, attempt))
  }
  let begun = 0
  const due = dueSchedules(files.billing.rows, now(), BATCH)
  for (const { id } of due) {
    const failure = await tryFor(id, async () => {
      begun += await charge(sagas, payfast, id)
    })
    if (failure) failed.push(failure)
  }
  throwFailed(failed, { of: open.length + due.length, what: 'charges' })
  return { begun, lookedUp: open.length }
}

/** So that an attempt which cannot be settled does not come up in every round. */
const putOff = ({ files, ...sources }: Sagas, { id, reason }: ChargeAttempt): Promise<void> =>
  files.billing.change((tx) => chargeUnknown(tx, { attemptId: id, reason: reason ?? 'not-settled' }, sources))

async function charge(sagas: Sagas, payfast: PayfastClient, scheduleId: string): Promise<0 | 1> {
  const { files, reached } = sagas
  const begun = await files.billing.change((tx) => beginAttempt(tx, scheduleId, sagas))
  if (!begun) return 0
  reached('charge:begun')
  const { attempt, token } = begun
  const { id: attemptId, amountCents, tier } = attempt
  const result = await ask(payfast, { token, amountCents, itemName: `GOGGA ${tier}`, attemptId })
  reached('charge:answered')
  await files.billing.change((tx) => settle(tx, attempt, result, sagas))
  reached('charge:settled')
  return 1
}

/** Schedules of the unified database may hold what cannot even be sent: that was not charged, and never will be. */
async function ask(payfast: PayfastClient, order: Parameters<PayfastClient['charge']>[0]): Promise<ChargeResult> {
  try {
    return await payfast.charge(order)
  } catch (error) {
    if (error instanceof UsageError) return { outcome: 'refused', reason: 'not-sendable' }
    throw error
  }
}

async function lookUp(sagas: Sagas, payfast: PayfastClient, attempt: ChargeAttempt): Promise<void> {
  const { files, now, reached } = sagas
  const found = await payfast.findCharge({ attemptId: attempt.id, from: attempt.startedAt, to: now() })
  await files.billing.change((tx) => settle(tx, attempt, found, sagas))
  reached('charge:looked-up')
}

function settle(tx: Tx<'billing'>, { id }: ChargeAttempt, result: ChargeResult | FoundCharge, sagas: Sagas): void {
  if (result.outcome === 'paid') chargePaid(tx, { attemptId: id, paymentId: result.paymentId }, sagas)
  else if (result.outcome === 'absent') chargeAbsent(tx, { attemptId: id }, sagas)
  else if (result.outcome === 'refused') chargeRefused(tx, { attemptId: id, reason: result.reason }, sagas)
  else chargeUnknown(tx, { attemptId: id, reason: result.reason }, sagas)
}
