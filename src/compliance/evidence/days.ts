// Days in UTC of a month that are over, and those among them on which nothing was.
import type { Month } from './month.ts'

const DAY_MS = 86_400_000
const dayOf = (time: string | Date): string => new Date(time).toISOString().slice(0, 'yyyy-mm-dd'.length)

/** `2026-11-03`, each that is over at `now`. */
function daysOf({ from, to }: Month, now: Date): readonly string[] {
  const end = Math.min(to.getTime(), now.getTime())
  const count = Math.floor((end - from.getTime()) / DAY_MS)
  return Array.from({ length: Math.max(0, count) }, (_, at) => dayOf(new Date(from.getTime() + at * DAY_MS)))
}

/** Days that none of the times falls on, as text: `2026-11-01 to 2026-11-04, 2026-11-09`; empty where there is none. */
export function daysWithout(times: Iterable<string | Date>, month: Month, now: Date): string {
  const seen = new Set([...times].map(dayOf))
  const runs: string[][] = []
  let before = ''
  for (const day of daysOf(month, now)) {
    if (!seen.has(day)) {
      if (before === '' || runs.length === 0) runs.push([])
      runs.at(-1)?.push(day)
    }
    before = seen.has(day) ? '' : day
  }
  return runs.map((run) => (run.length > 1 ? `${run[0]} to ${run.at(-1)}` : `${run[0]}`)).join(', ')
}
