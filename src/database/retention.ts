// How long rows are kept: `@retain <period> <column>` of the catalog.
import { allModels, type CatalogModel } from './catalog.ts'
import type { Domain } from './domains.ts'

export interface Retention {
  readonly model: CatalogModel
  /** `1y`, `5y`, `1d`, as in the schema. */
  readonly period: string
  /** The time that it counts from. */
  readonly column: string
}

/** Every model that is not kept for ever, in these files. */
export const retentionsOf = (domains: readonly Domain[]): readonly Retention[] =>
  allModels.flatMap((model) => (model.retain && domains.includes(model.domain) ? [{ model, ...model.retain }] : []))

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
