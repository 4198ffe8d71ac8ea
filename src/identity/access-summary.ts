// How much was read, by month, key and purpose: the access log on one page (POPIA section 17).
import type { Connection } from '../database/connections.ts'
import { timeText } from '../database/row-codec.ts'

export interface AccessPeriod {
  /** From this time on; from the first row where it is left out. */
  readonly from?: Date | undefined
  /** Before this time. */
  readonly to?: Date | undefined
}

export interface AccessSummary {
  /** `2026-11`, in UTC. */
  readonly month: string
  readonly apiKeyId: string
  /** Null where the key is no longer there. */
  readonly apiKeyName: string | null
  /** Null for readings from before there was a register. */
  readonly purpose: string | null
  readonly readings: number
  /** Different people whose information was in an answer. */
  readonly people: number
  /** The most people in one answer. */
  readonly most: number
}

const SUMMARY = `
  with rows as (
    select rowid as row, substr(createdAt, 1, 7) as month, apiKeyId, purpose, subjects from "AccessLog"
    where createdAt >= $from and createdAt < $to
  ), answers as (
    select month, apiKeyId, purpose, count(*) as readings, max(json_array_length(subjects)) as most
    from rows group by month, apiKeyId, purpose
  ), people as (
    select month, apiKeyId, purpose, count(distinct s.value) as people
    from rows join json_each(rows.subjects) s group by month, apiKeyId, purpose
  )
  select a.month, a.apiKeyId, k.name as apiKeyName, a.purpose, a.readings, coalesce(p.people, 0) as people, a.most
  from answers a
  left join people p on p.month = a.month and p.apiKeyId = a.apiKeyId and p.purpose is a.purpose
  left join "ApiKey" k on k.id = a.apiKeyId
  order by a.month, apiKeyName, a.apiKeyId, a.purpose`

/** Oldest month first. Takes some seconds for millions of rows and holds the thread meanwhile: not for a server's own. */
export function summarizeAccesses(reader: Connection, { from, to }: AccessPeriod): readonly AccessSummary[] {
  const bounds = { from: from ? timeText(from) : '', to: to ? timeText(to) : '~' }
  return reader.prepare<[object], AccessSummary>(SUMMARY).all(bounds)
}
