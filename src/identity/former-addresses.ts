// Whose an address was at which time. A correction (POPIA section 24) notes the address that was wrong; so what was written
// of it before is of the person who was corrected, and what came after is of whoever has it then.
import { timeText } from '../database/row-codec.ts'
import type { Rows } from '../database/rows.ts'
import { emailKey } from './emails.ts'

export const CORRECTED = 'corrected'

export interface Address {
  readonly key: string
  /** As SQLite has times; what was written before is somebody else's. */
  readonly since: string
  /** What was written from then on is somebody else's; null for the present address. */
  readonly until: string | null
}

/** The addresses of these subjects, former ones included. */
export function addressesOf(rows: Rows<'identity'>, subjectIds: readonly string[]): readonly Address[] {
  const ids = JSON.stringify(subjectIds)
  const chosen = 'select value from json_each(?)'
  const present = rows.all<{ email: string }>(
    `select email from "User" where id in (${chosen}) union select email from "Contact" where id in (${chosen})`,
    ids,
    ids,
  )
  const former = rows.all<{ note: string | null; createdAt: string }>(
    `select note, createdAt from "Correction" where subjectId in (${chosen}) and outcome = ? order by createdAt`,
    ids,
    CORRECTED,
  )
  const keys = new Set(present.map(({ email }) => emailKey(email)))
  const spans = [
    ...[...keys].map((key) => ({ key, until: null })),
    ...former.flatMap(({ note, createdAt }) => (note === null ? [] : [{ key: emailKey(note), until: createdAt }])),
  ]
  return spans.map(({ key, until }) => ({ key, since: takenOver(rows, key, ids, until), until }))
}

/** When the last owner before gave the address up; the beginning of time where nobody is known to have had it. */
function takenOver(rows: Rows<'identity'>, key: string, ids: string, until: string | null): string {
  const [before] = rows.all<{ at: string | null }>(
    `select max(createdAt) as at from "Correction" where outcome = ? and lower(trim(note)) = ?
       and subjectId not in (select value from json_each(?)) and createdAt < ?`,
    CORRECTED,
    key,
    ids,
    until ?? timeText(new Date(8.64e15 / 1_000)),
  )
  return before?.at ?? ''
}

/** Whether something that was written of this key at this time is of the owner of these addresses. */
export const isOfThem = (addresses: readonly Address[], key: string, createdAt: string): boolean =>
  addresses.some((one) => one.key === key && createdAt >= one.since && (one.until === null || createdAt < one.until))

/** Contacts that were made of these addresses while they were theirs: the same person. */
export const contactsWith = (rows: Rows<'identity'>, addresses: readonly Address[]): readonly string[] =>
  addresses.flatMap(({ key }) => {
    const contact = rows.find('Contact', { emailKey: key })
    return contact && isOfThem(addresses, key, timeText(contact.createdAt)) ? [contact.id] : []
  })

export interface FormerOwner {
  readonly id: string
  /** When it was put right, as SQLite has times. */
  readonly until: string
}

/** Users and contacts whose this email was before it was corrected, in any spelling; the newest first. */
export function formerOwnersOf(rows: Rows<'identity'>, email: string): readonly FormerOwner[] {
  const key = emailKey(email)
  const corrected = rows.all<{ id: string; note: string | null; until: string }>(
    `select subjectId as id, note, createdAt as until from "Correction" where outcome = ? order by createdAt`,
    CORRECTED,
  )
  const theirs = corrected.filter(({ note }) => note !== null && emailKey(note) === key)
  return [...new Map(theirs.map(({ id, until }) => [id, until]))].map(([id, until]) => ({ id, until })).reverse()
}
