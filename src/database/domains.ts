// Vocabulary and the table of files.
//
// domain      identity, billing or admin: a value, never a part of a name
// file        the SQLite file of a domain
// catalog     what the three annotated schemas say about every column
// subject     a person, known outside identity.db by subject id alone (User.id, or Contact.id without an account)
// link        a column that names a row, in this file or another
// orphan      a link to a row that is not there
// reader      a read-only connection to one file; writer: the one connection that writes to it
import type { Domain } from '../generated/catalog.ts'

export type { Domain } from '../generated/catalog.ts'

export interface DomainFile {
  /** SQLite application_id: four ASCII letters, so that `file` and a reviewer can tell the files apart. */
  readonly applicationId: number
  /** NORMAL may lose the last commits in a power cut, never consistency; money and vouchers want FULL. */
  readonly synchronous: 'FULL' | 'NORMAL'
}

export const DOMAINS = ['identity', 'billing', 'admin'] as const satisfies readonly Domain[]

export const FILES: Readonly<Record<Domain, DomainFile>> = {
  identity: { applicationId: 0x47474964, synchronous: 'NORMAL' },
  billing: { applicationId: 0x47474269, synchronous: 'FULL' },
  admin: { applicationId: 0x47474164, synchronous: 'FULL' },
}

/** `billing (application_id 0x47474269)`, or what an unknown id says of a file, for messages. */
export function nameOfApplicationId(id: number): string {
  const domain = DOMAINS.find((candidate) => FILES[candidate].applicationId === id)
  if (domain) return `${domain} (application_id 0x${id.toString(16)})`
  return id === 0
    ? 'a database without application_id'
    : `an unknown database (application_id 0x${(id >>> 0).toString(16)})`
}

export const isDomain = (value: string): value is Domain => (DOMAINS as readonly string[]).includes(value)
