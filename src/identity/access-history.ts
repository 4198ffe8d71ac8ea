// Who saw what of whom, when, and why: the access log asked backwards (POPIA sections 17 and 23). The log is read in portions,
// newest first, and the event loop turns between them: a question about one person may go through all of it, and there is no
// index by person, which would cost every reading of personal information a row for each person shown.
import type { Connection } from '../database/connections.ts'
import { timeText } from '../database/row-codec.ts'
import { UsageError } from '../errors.ts'

export interface AccessFilter {
  /** Whose information was in the answer: a person's subject ids, any of them. */
  readonly subjectIds?: readonly string[] | undefined
  /** From this time on. */
  readonly from?: Date | undefined
  /** Before this time. */
  readonly to?: Date | undefined
  readonly apiKeyId?: string | undefined
  /** An id of the register; `none` for readings from before there was one. */
  readonly purpose?: string | undefined
}

export interface AccessPage {
  readonly limit: number
  /** `next` of the page before. */
  readonly after?: string | undefined
  /** Rows that are looked through at a time. */
  readonly portion?: number
}

/** One reading. */
export interface AccessEntry {
  readonly id: string
  /** RFC 3339 in UTC. */
  readonly createdAt: string
  readonly apiKeyId: string
  /** Null where the key is no longer there. */
  readonly apiKeyName: string | null
  /** Subject id of the administrator for whom the key was used; null where nobody was named. */
  readonly actorId: string | null
  /** Of a command: the number of the operating system's user. */
  readonly osUser: string | null
  readonly purpose: string | null
  readonly route: string
  readonly fields: readonly string[]
  /** Subject ids of everybody whose information was in the answer. */
  readonly subjects: readonly string[]
  readonly requestId: string
}

interface Place {
  readonly at: string
  readonly row: number
}

type Found = Omit<AccessEntry, 'fields' | 'subjects'> & Place & { readonly fields: string; readonly subjects: string }

/** Some 10 ms. */
const PORTION = 5_000
const NEWEST = '~' // Behind every time.

const END = `
  select createdAt as at, rowid as row from "AccessLog"
  where createdAt <= $at and (createdAt < $at or rowid < $row) and createdAt >= $from
  order by createdAt desc, rowid desc limit 1 offset $skip`

const findOf = (subjects: readonly string[]): string => `
  select l.id, l.createdAt, l.apiKeyId, k.name as apiKeyName, l.actorId, l.osUser, l.purpose, l.route, l.fields, l.subjects, l.requestId,
    l.createdAt as at, l.rowid as row
  from "AccessLog" l left join "ApiKey" k on k.id = l.apiKeyId
  where l.createdAt <= $at and (l.createdAt < $at or l.rowid < $row)
    and l.createdAt >= $endAt and (l.createdAt > $endAt or l.rowid >= $endRow)
    and ($key is null or l.apiKeyId = $key)
    and ($purpose is null or coalesce(l.purpose, 'none') = $purpose)
    ${subjects.length > 0 ? `and (${subjects.map((_, at) => listsSubject(at)).join(' or ')})` : ''}
  order by l.createdAt desc, l.rowid desc limit $limit`

const listsSubject = (at: number): string =>
  `instr(l.subjects, json_quote($s${at})) > 0 and exists (select 1 from json_each(l.subjects) where value = $s${at})`

/** Newest first. Throws UsageError where `after` is no cursor. */
export async function findAccesses(
  reader: Connection,
  filter: AccessFilter,
  { limit, after, portion = PORTION }: AccessPage,
): Promise<{ readonly data: readonly AccessEntry[]; readonly next: string | null }> {
  const end = reader.prepare<[object], Place>(END)
  const { subjectIds = [] } = filter
  const find = reader.prepare<[object], Found>(findOf(subjectIds))
  const from = filter.from ? timeText(filter.from) : ''
  const people = Object.fromEntries(subjectIds.map((id, at) => [`s${at}`, id]))
  const wanted = { key: filter.apiKeyId ?? null, purpose: filter.purpose ?? null, ...people }
  const found: Found[] = []
  let place: Place | undefined = startOf(reader, filter, after)
  while (place && found.length <= limit) {
    const last: Place | undefined = end.get({ ...place, from, skip: portion - 1 })
    const bounds = { ...place, endAt: last?.at ?? from, endRow: last?.row ?? 0 }
    found.push(...find.all({ ...bounds, ...wanted, limit: limit + 1 - found.length }))
    place = last
    if (place) await turnOfLoop()
  }
  const rest = found.length > limit ? found[limit - 1] : undefined
  return { data: found.slice(0, limit).map(entryOf), next: rest ? cursorOf(rest) : null }
}

function startOf(reader: Connection, { to }: AccessFilter, after: string | undefined): Place {
  const top = { at: to ? timeText(to) : NEWEST, row: 0 }
  if (after === undefined) return top
  const { at, id } = readCursor(after)
  // The row itself, unless retention has taken it, and everything after it, meanwhile.
  const row = reader.prepare<[string], number>('select rowid from "AccessLog" where id = ?').pluck().get(id) ?? 0
  return at < top.at ? { at, row } : top
}

const cursorOf = ({ at, id }: Found): string => Buffer.from(JSON.stringify([at, id])).toString('base64url')

function readCursor(text: string): { at: string; id: string } {
  try {
    const [at, id] = JSON.parse(Buffer.from(text, 'base64url').toString()) as unknown[]
    if (typeof at === 'string' && typeof id === 'string') return { at, id }
  } catch {
    // It is said below.
  }
  const message = 'expected the page.next of the page before'
  throw new UsageError(`after: ${message}`, { errors: [{ at: 'after', message }] })
}

function entryOf({ at, row, createdAt, fields, subjects, ...rest }: Found): AccessEntry {
  const time = createdAt.replace('+00:00', 'Z')
  return { ...rest, createdAt: time, fields: fields.split(' ').filter(Boolean), subjects: JSON.parse(subjects) }
}

const turnOfLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
