// Until when a backup may stay by its policy, if backups go on: what somebody must be told whose data is still in it.

import { type BackupPolicy, longestAge } from './policy.ts'
import type { Manifest } from './types.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const LONGEST_MONTH_DAYS = 31

/**
 * The latest of what each rule of the policy allows, and never later than the shortest retention of its file. A period is
 * counted once more, since the newest of it may be of its first moment. `last` and `sets` count backups, not time: they
 * end by the schedule, long before.
 */
export function expiryOf(
  { takenAt }: Pick<Manifest, 'takenAt'>,
  { domain, keep }: Pick<BackupPolicy, 'domain' | 'keep'>,
): Date {
  const periods = [
    [keep.hourly, HOUR_MS],
    [keep.daily, DAY_MS],
    [keep.weekly, 7 * DAY_MS],
    [keep.monthly, LONGEST_MONTH_DAYS * DAY_MS],
  ] as const
  const longest = Math.max(DAY_MS, ...periods.map(([count, length]) => (count === 0 ? 0 : (count + 1) * length)))
  return new Date(Date.parse(takenAt) + Math.min(longest, longestAge(domain)))
}
