// Months as people count them, in UTC: from 31 January to 28 February, and from there to 31 March.

const daysOf = (year: number, month: number): number => new Date(Date.UTC(year, month + 1, 0)).getUTCDate()

const isLastDay = (time: Date): boolean => time.getUTCDate() === daysOf(time.getUTCFullYear(), time.getUTCMonth())

/** The day of the month to which months are counted: that of `start`, where `time` was cut to the end of a shorter month. */
export function anchorDay(time: Date, start: Date | null = null): number {
  const day = time.getUTCDate()
  return start && isLastDay(time) ? Math.max(day, start.getUTCDate()) : day
}

/** The same time of day, so many months on, at the anchor's day or the end of a month that is shorter. */
export function addMonths(time: Date, months: number, anchor = time.getUTCDate()): Date {
  const first = new Date(time)
  first.setUTCDate(1)
  first.setUTCMonth(first.getUTCMonth() + months)
  first.setUTCDate(Math.min(anchor, daysOf(first.getUTCFullYear(), first.getUTCMonth())))
  return first
}

/** A month after `time`, in a row of months that began at `start`. */
export const nextMonth = (time: Date, start: Date | null = null): Date => addMonths(time, 1, anchorDay(time, start))

/** The last of the months from `time` on that has begun at `until`; `time` itself when none has. */
export function latestMonth(time: Date, until: Date, start: Date | null = null): Date {
  const anchor = anchorDay(time, start)
  const years = until.getUTCFullYear() - time.getUTCFullYear()
  const months = years * 12 + until.getUTCMonth() - time.getUTCMonth()
  if (months <= 0) return time
  const last = addMonths(time, months, anchor)
  return last <= until ? last : addMonths(time, months - 1, anchor)
}

const DAY_MS = 86_400_000

export const addDays = (time: Date, days: number): Date => new Date(time.getTime() + days * DAY_MS)

export const addMinutes = (time: Date, minutes: number): Date => new Date(time.getTime() + minutes * 60_000)
