// Messages between the files: late, dead, received and still there, or such as nobody can handle.
import { type Domain, isDomain } from '../../database/domains.ts'
import { timeText } from '../../database/row-codec.ts'
import { isMessageType, MESSAGES } from '../../saga/messages.ts'
import type { Finding } from './finding.ts'
import type { FileView } from './view.ts'

const TABLE = 'OutboxMessage'
const BATCH = 500

export function* checkOutbox({ domain, reader, now, limits }: FileView): Generator<Finding> {
  const place = { file: domain, table: TABLE }
  const { late, oldest, dead } = reader
    .prepare<[string], { late: number; oldest: string | null; dead: number }>(
      `select count(*) filter (where deadAt is null and createdAt < ?) as late,
              min(createdAt) filter (where deadAt is null) as oldest,
              count(*) filter (where deadAt is not null) as dead from "OutboxMessage"`,
    )
    .get(before(now, limits.lateMs)) ?? { late: 0, oldest: null, dead: 0 }
  if (late > 0) {
    const ageMs = now.getTime() - new Date(oldest ?? now).getTime()
    yield {
      check: 'outbox',
      severity: ageMs > limits.overdueMs ? 'error' : 'warning',
      place,
      count: late,
      message: `${late} message(s) wait for more than ${limits.lateMs / 1000} s, the oldest since ${oldest}`,
      next: 'See "gogga outbox list" for the reason, and check that a server runs that delivers.',
    }
  }
  if (dead > 0) {
    yield {
      check: 'dead letters',
      severity: 'error',
      place,
      count: dead,
      message: `${dead} message(s) are dead: their effect in another file never came`,
      next: 'See "gogga outbox list --dead", correct the reason, then "gogga outbox retry ID".',
    }
  }
}

/** Such a message did its work and will not do it twice; but whoever should have removed it did not. */
export function* checkReceived(view: FileView): Generator<Finding> {
  for (const target of Object.keys(view.readers) as Domain[]) {
    const count = countReceived(view, target)
    if (count === 0) continue
    yield {
      check: 'inbox',
      severity: 'warning',
      place: { file: view.domain, table: TABLE },
      count,
      message: `${count} message(s) took effect in ${target}.db and still lie here after ${view.limits.lateMs / 1000} s`,
      next: 'Start the server: its next sweep finds their marks and removes them. If they stay, see its log.',
    }
  }
}

function countReceived({ domain, reader, readers, now, limits }: FileView, target: Domain): number {
  const inbox = readers[target]
    ?.prepare<[string], number>('select count(*) from "InboxMessage" where id in (select value from json_each(?))')
    .pluck()
  const old = reader
    .prepare<[string, string], string>('select id from "OutboxMessage" where target = ? and createdAt < ?')
    .pluck()
  if (!inbox || domain === target) return 0
  let [count, batch] = [0, [] as string[]]
  const flush = () => {
    count += inbox.get(JSON.stringify(batch)) ?? 0
    batch = []
  }
  for (const id of old.iterate(target, before(now, limits.lateMs))) if (batch.push(id) === BATCH) flush()
  flush()
  return count
}

/** Posted by another version of the program, or by hand. */
export function* checkHandlers({ domain, reader }: FileView): Generator<Finding> {
  const kinds = reader
    .prepare<[], { type: string; target: string; count: number }>(
      'select type, target, count(*) as count from "OutboxMessage" group by type, target order by type, target',
    )
    .all()
  for (const { type, target, count } of kinds) {
    if (isDomain(target) && isMessageType(type) && MESSAGES[type].target === target) continue
    yield {
      check: 'handlers',
      severity: 'error',
      place: { file: domain, table: TABLE },
      count,
      message: `${count} message(s) of type "${type}" for "${target}" have no handler in this version`,
      next: 'Run the version that wrote them until the outbox is empty, or drop them when they are dead.',
    }
  }
}

const before = (now: Date, milliseconds: number): string => timeText(new Date(now.getTime() - milliseconds))
