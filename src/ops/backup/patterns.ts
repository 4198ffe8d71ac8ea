// Cron patterns as questions about time. All in UTC, so that a change of clocks neither skips nor doubles a backup.
import { Cron } from 'croner'

/** Throws where it is no pattern. Five fields, or six: seconds first. */
export const cron = (pattern: string) => new Cron(pattern, { mode: '5-or-6-parts', timezone: 'UTC', paused: true })

/** The next time after `after`, which itself does not count. Undefined where the pattern never fits again. */
export const nextTime = (pattern: string, after: Date): Date | undefined => cron(pattern).nextRun(after) ?? undefined

/** The last time at or before `before`. */
export function lastTime(pattern: string, before: Date): Date | undefined {
  // The package leaves the time itself out.
  return cron(pattern).previousRuns(1, new Date(before.getTime() + 1))[0]
}

const RUNS = 100

/** The longest pause between two of the coming runs, in milliseconds. */
export function longestPause(pattern: string, from: Date): number {
  const times = cron(pattern).nextRuns(RUNS, from)
  const pauses = times.slice(1).map((time, index) => time.getTime() - (times[index]?.getTime() ?? 0))
  return pauses.length > 0 ? Math.max(...pauses) : Infinity
}
