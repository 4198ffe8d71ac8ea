// Removes rows that were kept for as long as the catalog says. Batches are transactions of their own, so small that nobody waits
// long behind one: the next batch follows from the time that the last one held the writer. Rows of other tables and files
// that name a purged row follow by the policies of their links. A time that is none is kept: nobody knows how old the row is.
import { quote } from '../../database/catalog.ts'
import { changeIn, type Files, rowsIn } from '../../database/clients.ts'
import { type Clock, systemClock, wait } from '../../database/clock.ts'
import type { Connection } from '../../database/connections.ts'
import { DOMAINS, type Domain } from '../../database/domains.ts'
import { cutoffOf, dueIn, EARLIEST, type Retention, retentionsOf } from '../../database/retention.ts'
import { timeText } from '../../database/row-codec.ts'
import type { Tx } from '../../database/rows.ts'
import { type MessageType, type Post, post } from '../../saga/messages.ts'
import { postParentDeleted } from '../../saga/parent-deleted.ts'
import { besideCheckpoints } from './checkpoints.ts'

export interface PurgeOptions {
  readonly now: Date
  /** All three where it is left out. */
  readonly domains?: readonly Domain[]
  readonly clock?: Clock
  /** Ends after so many batches, with what is left for the next time. */
  readonly maxBatches?: number
  /** After each batch. */
  readonly onBatch?: (batch: Batch) => void
  /** For each message that tells another file of removed rows; the next sweep delivers it in any case. */
  readonly onPosted?: (origin: Domain, id: string) => void
}

export interface Batch {
  /** `identity.AuthLog` */
  readonly model: string
  readonly rows: number
  /** How long the writer was held, COMMIT included. */
  readonly heldMs: number
}

export interface Purged {
  readonly model: string
  readonly period: string
  readonly before: Date
  readonly rows: number
}

/** Aimed at, so that a batch that takes five times as long as the last one still is within 20 ms. */
const AIM_MS = 3
/**
 * How many times as long everybody else has the writer. Another process looks for it again after 1, 2, 4, 8 ms: with the
 * writer free four fifths of the time, hardly one look in six hundred comes to the fifth.
 */
const REST = 4
const FIRST_ROWS = 20
const LEAST_ROWS = 5
const MOST_ROWS = 1_000

/** What a purge would remove, counted. */
export function countDue(
  readers: Readonly<Record<Domain, Connection>>,
  { now, domains = DOMAINS }: PurgeOptions,
): readonly Purged[] {
  return retentionsOf(domains).map((retention) => {
    const { model, period } = retention
    const before = cutoffOf(retention, now)
    const sql = `select count(*) from ${quote(model.name)} where ${dueIn(retention)}`
    const rows = readers[model.domain].prepare(sql).pluck().get(EARLIEST, timeText(before)) as number
    return { model: nameOf(retention), period, before, rows }
  })
}

/** Removes everything that is due, table by table. May be stopped and begun again at any moment. */
export async function purge(files: Files, options: PurgeOptions): Promise<readonly Purged[]> {
  const { now, domains = DOMAINS, maxBatches = Number.POSITIVE_INFINITY } = options
  const purged: Purged[] = []
  let batches = 0
  for (const retention of retentionsOf(domains)) {
    const before = cutoffOf(retention, now)
    const { model, period } = retention
    let rows = 0
    if (batches < maxBatches && isAnyDue(files, retention, before)) {
      await besideCheckpoints(files, model.domain, options, async (between) => {
        let [size, isDone] = [FIRST_ROWS, false]
        for (; !isDone && batches < maxBatches; batches++) {
          const batch = await removeBatch(files, retention, before, size, options)
          rows += batch.rows
          isDone = batch.rows < size
          size = nextSize(size, batch.heldMs)
          await between()
        }
      })
    }
    purged.push({ model: nameOf(retention), period, before, rows })
  }
  return purged
}

/** Asked on the reader, so that nobody waits for the writer where there is nothing to do. */
function isAnyDue(files: Files, retention: Retention, before: Date): boolean {
  const { model } = retention
  const sql = `select 1 from ${quote(model.name)} where ${dueIn(retention)} limit 1`
  return rowsIn(files, model.domain).all(sql, EARLIEST, timeText(before)).length > 0
}

const BATCHES_A_STEP = 50

/** For a job in the background: some batches, and how many rows they took. 0: nothing is due. */
export async function purgeStep(files: Files, now: Date): Promise<number> {
  const purged = await purge(files, { now, maxBatches: BATCHES_A_STEP })
  return purged.reduce((sum, { rows }) => sum + rows, 0)
}

/** As many rows as fit into the time that is aimed at, but never suddenly more. */
export function nextSize(size: number, heldMs: number): number {
  const fitting = Math.floor((size * AIM_MS) / Math.max(heldMs, 0.1))
  return Math.max(LEAST_ROWS, Math.min(fitting, Math.ceil(size * 1.5), MOST_ROWS))
}

/** For everybody else, other processes too. A batch that took long for once does not make a long purge. */
export const restAfter = (heldMs: number): number => REST * Math.min(heldMs, 2 * AIM_MS)

async function removeBatch(
  files: Files,
  retention: Retention,
  before: Date,
  size: number,
  { now, clock = systemClock, onBatch, onPosted }: PurgeOptions,
): Promise<Batch> {
  const { domain } = retention.model
  const posted: string[] = []
  let began = 0
  const rows = await changeIn(files, domain, (tx) => {
    began = clock.now()
    posted.length = 0
    return removeRows(tx, { ...retention, before, size, now }, posted)
  })
  const heldMs = clock.now() - began
  const batch = { model: nameOf(retention), rows, heldMs }
  if (rows > 0) onBatch?.(batch)
  for (const id of posted) onPosted?.(domain, id)
  await wait(clock, restAfter(heldMs))
  return batch
}

interface Removal extends Retention {
  readonly before: Date
  readonly size: number
  readonly now: Date
}

function removeRows(tx: Tx, removal: Removal, posted: string[]): number {
  const { model, column, before, size, now } = removal
  const [table, time, key] = [quote(model.name), quote(column), quote(model.key[0] ?? '')]
  const ids = tx
    .all<{ id: string }>(
      `delete from ${table} where rowid in (
         select rowid from ${table} where ${dueIn(removal)} order by ${time} limit (? + 0)
       ) returning ${key} as id`,
      EARLIEST,
      timeText(before),
      size,
    )
    .map(({ id }) => id)
  const posting = {
    post: <T extends MessageType>(message: Post<T>) => void posted.push(post(tx, message, null, now)),
  }
  if (ids.length > 0) postParentDeleted(tx, { model: model.name, ids }, posting)
  return ids.length
}

const nameOf = ({ model }: Retention): string => `${model.domain}.${model.name}`
