// Whom a row of identity.db is about, as a subject id: the access log must still say so when the row itself is purged.
import type { Connection } from '../database/connections.ts'
import { emailKey } from './emails.ts'

/** Ids of rows → subject ids; a row of nobody that is known is left out. */
export type SubjectsOf = (ids: readonly string[]) => ReadonlyMap<string, string>

/** Of auth logs, which name people by the email that they typed: a user, exactly or in lower case, else a contact. */
export function authLogSubjects(reader: Connection): SubjectsOf {
  const emails = reader.prepare<[string], { id: string; email: unknown }>(
    'select l.id, l.email from json_each(?) k join "AuthLog" l on l.id = k.value',
  )
  const user = reader.prepare<[string], string>('select id from "User" where email = ?').pluck()
  const contact = reader.prepare<[string], string>('select id from "Contact" where emailKey = ?').pluck()
  const find = (email: string) => user.get(email) ?? user.get(emailKey(email)) ?? contact.get(emailKey(email))
  return (ids) => {
    const people = new Map<string, string | undefined>()
    const subjects = new Map<string, string>()
    for (const { id, email } of emails.all(JSON.stringify(ids))) {
      if (typeof email !== 'string') continue
      if (!people.has(email)) people.set(email, find(email))
      const subject = people.get(email)
      if (subject !== undefined) subjects.set(id, subject)
    }
    return subjects
  }
}

/** Such as `auth-logs:a1`, as the join service names a row that is no user. */
const ROW = /^([a-z-]+):(.*)$/s

/**
 * Each `<resource>:<id>` that one of `resources` knows → its subject id; everything else stays as it is. Every subject
 * once, in the order of its first place.
 */
export function resolveSubjects(
  entries: readonly string[],
  resources: Readonly<Record<string, SubjectsOf>>,
): readonly string[] {
  const rows = new Map<string, string[]>()
  for (const entry of entries) {
    const [, resource = '', id = ''] = ROW.exec(entry) ?? []
    if (!Object.hasOwn(resources, resource)) continue
    const ids = rows.get(resource)
    if (ids) ids.push(id)
    else rows.set(resource, [id])
  }
  if (rows.size === 0) return entries
  const known = new Map<string, string>()
  for (const [resource, ids] of rows) {
    for (const [id, subject] of resources[resource]?.(ids) ?? []) known.set(`${resource}:${id}`, subject)
  }
  return [...new Set(entries.map((entry) => known.get(entry) ?? entry))]
}
