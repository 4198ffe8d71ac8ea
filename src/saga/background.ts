// What goes on without a request: messages that wait, charges that are due, months that begin. Each job runs alone, begins
// again so long after its end, and a failure is told and tried again at the next turn.
import { bringPersonUpToDate, dueSubscriptions } from '../billing/due.ts'
import { changeIn } from '../database/clients.ts'
import { DOMAINS } from '../database/domains.ts'
import { timeText } from '../database/row-codec.ts'
import type { PayfastClient } from '../payfast/client.ts'
import { KEPT_MS } from './changes.ts'
import { type Failed, failedOf, throwFailed, tryFor } from './one-by-one.ts'
import { makeCharges } from './recurring-charges.ts'
import type { Sagas } from './sagas.ts'

export interface BackgroundOptions {
  readonly sagas: Sagas
  /** Undefined: nothing is charged. */
  readonly payfast: PayfastClient | undefined
  /** Once for a turn: where it failed for some of many, with the first failure and the number of them. */
  readonly onError: (job: string, error: unknown, counts?: { readonly failed: number }) => void
  /** Beside those of the sagas. */
  readonly jobs?: readonly Job[]
}

export interface Job {
  readonly name: string
  readonly everyMs: number
  /** What takes long ends early where it is to stop. */
  readonly run: (stop: AbortSignal) => Promise<unknown>
}

const DUE_BATCH = 100
const DUE_ROUNDS = 200
const FORGET_BATCH = 1_000

/** Begins at once. Dispose waits for the jobs that run. */
export function startBackground(options: BackgroundOptions): AsyncDisposable {
  const stopped = new AbortController()
  const jobs = jobsOf(options).map((job) => repeat(job, options.onError, stopped.signal))
  return {
    async [Symbol.asyncDispose]() {
      stopped.abort()
      await Promise.all(jobs)
    },
  }
}

function jobsOf({ sagas, payfast, jobs = [] }: BackgroundOptions): readonly Job[] {
  return [
    { name: 'deliver', everyMs: 1_000, run: () => sagas.courier.sweep() },
    ...(payfast ? [{ name: 'charge', everyMs: 2_000, run: () => makeCharges(sagas, payfast) }] : []),
    { name: 'subscriptions', everyMs: 30_000, run: () => keepUpToDate(sagas) },
    { name: 'forget', everyMs: 600_000, run: () => forgetAnswers(sagas) },
    ...jobs,
  ]
}

async function repeat(
  { name, everyMs, run }: Job,
  onError: BackgroundOptions['onError'],
  stop: AbortSignal,
): Promise<void> {
  while (!stop.aborted) {
    try {
      await run(stop)
    } catch (error) {
      if (error instanceof AggregateError) onError(name, error.errors[0], { failed: error.errors.length })
      else onError(name, error)
    }
    await pause(everyMs, stop)
  }
}

function pause(milliseconds: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (stop.aborted) return resolve()
    const timer = setTimeout(done, milliseconds)
    stop.addEventListener('abort', done, { once: true })
    function done() {
      clearTimeout(timer)
      stop.removeEventListener('abort', done)
      resolve()
    }
  })
}

async function keepUpToDate(sagas: Sagas): Promise<void> {
  const { done, failed } = await bringSubscriptionsUpToDate(sagas)
  throwFailed(failed, { of: done + failed.length, what: 'subscriptions' })
}

export interface BroughtUpToDate {
  readonly done: number
  /** By user id. */
  readonly failed: readonly Failed[]
}

/** Resets, expiries and ends of periods, each person's apart from all others'. Rejects where billing.db cannot be written. */
export async function bringSubscriptionsUpToDate({ files, ...sources }: Sagas): Promise<BroughtUpToDate> {
  const failed = new Map<string, Failed>()
  const bring = (userId: string) =>
    tryFor(userId, () => files.billing.change((tx) => bringPersonUpToDate(tx, userId, sources)))
  let done = 0
  for (let round = 0; round < DUE_ROUNDS; round++) {
    // Who failed in this turn is due still.
    const due = dueSubscriptions(files.billing.rows, sources.now(), DUE_BATCH + failed.size)
    const ids = due.filter((userId) => !failed.has(userId))
    const outcomes = failedOf(await Promise.all(ids.map(bring)))
    for (const outcome of outcomes) failed.set(outcome.id, outcome)
    done += ids.length - outcomes.length
    if (ids.length < DUE_BATCH) break
  }
  return { done, failed: [...failed.values()] }
}

/** Answers are kept for 24 hours. */
export async function forgetAnswers({ files, now }: Sagas): Promise<number> {
  const before = timeText(new Date(now().getTime() - KEPT_MS))
  const sql = 'delete from "Change" where id in (select id from "Change" where createdAt < ? limit (? + 0))'
  let total = 0
  for (const domain of DOMAINS) {
    for (let count = FORGET_BATCH; count === FORGET_BATCH; total += count) {
      count = await changeIn(files, domain, (tx) => tx.run(sql, before, FORGET_BATCH))
    }
  }
  return total
}
