// A month in UTC: what an evidence pack is about.
import { UsageError } from '../../errors.ts'

export interface Month {
  /** `2026-11` */
  readonly name: string
  readonly from: Date
  /** The first moment after it. */
  readonly to: Date
  /** It was not over when the pack was made. */
  readonly isPartial: boolean
}

/** Throws UsageError where the text is no month, or one that has not begun. */
export function monthOf(text: string, now: Date): Month {
  const [, year = '', month = ''] = /^(\d{4})-(0[1-9]|1[0-2])$/.exec(text) ?? []
  if (year === '')
    throw new UsageError(`Expected a month such as 2026-11, got "${text}".`, { hint: 'gogga evidence --month 2026-11' })
  const from = new Date(Date.UTC(Number(year), Number(month) - 1, 1))
  const to = new Date(Date.UTC(Number(year), Number(month), 1))
  if (from > now) throw new UsageError(`${text} has not begun (months are in UTC): there is no evidence of it yet.`)
  return { name: text, from, to, isPartial: now < to }
}
