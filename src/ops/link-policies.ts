// How long rows wait for the policy of a link whose other end is gone: for the metrics.
import { type Files, rowsIn } from '../database/clients.ts'
import { DOMAINS } from '../database/domains.ts'

export interface PendingPolicies {
  readonly waiting: number
  /** Of the oldest that waits, dead or not; 0 where none does. Milliseconds. */
  readonly oldestMs: number
}

const TYPES = JSON.stringify(DOMAINS.flatMap((target) => [`parent-deleted-${target}`, `subject-erased-${target}`]))

/** Over the outboxes of all three files. */
export function pendingPolicies(files: Files, now: Date): PendingPolicies {
  const found = DOMAINS.flatMap((domain) =>
    rowsIn(files, domain).all<{ waiting: number; oldest: string | null }>(
      `select count(*) as waiting, min(createdAt) as oldest from "OutboxMessage"
       where type in (select value from json_each(?))`,
      TYPES,
    ),
  )
  const ages = found.map(({ oldest }) => (oldest === null ? 0 : now.getTime() - new Date(oldest).getTime()))
  return { waiting: found.reduce((sum, { waiting }) => sum + waiting, 0), oldestMs: Math.max(0, ...ages) }
}
