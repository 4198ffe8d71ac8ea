// How long rows are kept: `@retain <period> <column> [erased=<link column>]` of the catalog.
import { allModels, type CatalogModel, quote } from './catalog.ts'
import type { Domain } from './domains.ts'

export interface Retention {
  readonly model: CatalogModel
  /** `1y`, `5y`, `1d`, as in the schema. */
  readonly period: string
  /** The time that it counts from. */
  readonly column: string
  /** The column that names a person: only rows of people who are erased go. */
  readonly erased?: string
}

/** Every model that is not kept for ever, in these files. */
export const retentionsOf = (domains: readonly Domain[]): readonly Retention[] =>
  allModels.flatMap((model) => (model.retain && domains.includes(model.domain) ? [{ model, ...model.retain }] : []))

/** Times before it are none: numbers and words of an older database sort here. */
export const EARLIEST = '1970-01-01'

/** SQL over the table: `?` is EARLIEST, `?` the moment before which rows go, as text. */
export function dueIn({ column, erased }: Retention): string {
  const isOld = `${quote(column)} >= ? and ${quote(column)} < ?`
  return erased === undefined ? isOld : `${isOld} and ${quote(erased)} in (select subjectId from "Tombstone")`
}

const PERIOD = /^(\d+)([dmy])$/

/** Rows from before this moment go. Throws where the schema has another period than days, months or years. */
export function cutoffOf({ period, model }: Retention, now: Date): Date {
  const [, count = '', unit = ''] = PERIOD.exec(period) ?? []
  const cutoff = new Date(now)
  if (unit === 'd') cutoff.setUTCDate(cutoff.getUTCDate() - Number(count))
  else if (unit === 'm') setMonth(cutoff, cutoff.getUTCMonth() - Number(count))
  else if (unit === 'y') setMonth(cutoff, cutoff.getUTCMonth() - 12 * Number(count))
  else throw new Error(`@retain of ${model.domain}.${model.name} is "${period}", expected such as 90d, 6m or 5y`)
  return cutoff
}

/** The 31st, where the month has none, is its last day. */
function setMonth(time: Date, month: number): void {
  const day = time.getUTCDate()
  time.setUTCMonth(month, 1)
  const last = new Date(Date.UTC(time.getUTCFullYear(), time.getUTCMonth() + 1, 0)).getUTCDate()
  time.setUTCDate(Math.min(day, last))
}
