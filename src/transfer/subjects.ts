// Who a value of a subject or link column is, as a subject id: a user by id or email, or a contact, which is made where
// nobody fits. Memory is bounded: people are looked up in the new identity.db, by its indexes.
import { LRUCache } from 'lru-cache'
import { quote } from '../database/catalog.ts'
import type { Connection } from '../database/connections.ts'
import { emailKey } from '../identity/emails.ts'
import { findAll } from '../pii/find-all.ts'
import { CONTACTS, keyOf, PEOPLE } from './layout.ts'

/** How a value was understood. `word` stays as it is: `system`, `payfast`, an id of nobody. */
export type SubjectKind = 'user' | 'userByCase' | 'id' | 'word' | 'contact'

export interface Subject {
  readonly id: string
  readonly kind: SubjectKind
  /** Whether merge's rule, an id becomes its email, gives back the value. */
  readonly exact: boolean
}

export interface SubjectSources {
  readonly identity: Connection
  /** Holds the table `spelling (key, id)`: users whose email is not its own key. */
  readonly scratch: Connection
  readonly randomId: () => string
  readonly now: string
}

/** Few, since they are words and administrators that come again; of users each is looked up about once. */
const HELD = 2_000
const OPAQUE = /^[A-Za-z0-9_-]+$/
const NAMES_ANYTHING = /[\p{L}\p{N}]/u

export class Subjects {
  readonly #byValue = new LRUCache<string, Subject>({ max: HELD })
  readonly #contact: (value: string) => { id: string; email: string }
  readonly #idOf: (email: string) => string | undefined
  readonly #idOfKey: (key: string) => string | undefined
  readonly #emailOf: (id: string) => unknown

  constructor({ identity, scratch, randomId, now }: SubjectSources) {
    const people = quote(PEOPLE.model.name)
    const [id, email] = [quote(keyOf(PEOPLE.model)), quote(PEOPLE.email.name)]
    const byEmail = identity.prepare(`select ${id} from ${people} where ${email} = ?`).pluck()
    const byId = identity.prepare(`select ${email} from ${people} where ${id} = ?`).pluck()
    const byKey = scratch.prepare('select min(id) from spelling where key = ?').pluck()
    this.#idOf = (value) => byEmail.get(value) as string | undefined
    this.#idOfKey = (key) => (byEmail.get(key) ?? byKey.get(key) ?? undefined) as string | undefined
    this.#emailOf = (value) => byId.get(value)
    this.#contact = contacts(identity, randomId, now)
  }

  /** A value of a subject column. */
  subject(value: string): Subject {
    const held = this.#byValue.get(value)
    if (held) return held
    const found = this.#find(value)
    this.#byValue.set(value, found)
    return found
  }

  /** A value of a column that names users by id: what looks like an id stays, whoever it names. */
  link(value: string): Subject {
    if (isOpaque(value) || this.#emailOf(value) !== undefined) return { id: value, kind: 'id', exact: true }
    const found = this.subject(value)
    return { ...found, exact: found.id === value }
  }

  /** Whether a link column's value may stay: an id, or nothing that says anything of a person. */
  isId(value: string): boolean {
    return isOpaque(value) || !NAMES_ANYTHING.test(value) || this.#emailOf(value) !== undefined
  }

  #find(value: string): Subject {
    if (!NAMES_ANYTHING.test(value)) return { id: value, kind: 'word', exact: true }
    const user = this.#idOf(value)
    if (user !== undefined) return { id: user, kind: 'user', exact: true }
    const email = this.#emailOf(value)
    if (email !== undefined) return { id: value, kind: 'id', exact: email === value }
    const byCase = this.#idOfKey(emailKey(value))
    if (byCase !== undefined) return { id: byCase, kind: 'userByCase', exact: false }
    if (isOpaque(value)) return { id: value, kind: 'word', exact: true }
    const contact = this.#contact(value)
    return { id: contact.id, kind: 'contact', exact: contact.email === value }
  }
}

/** An id or a word: nothing in it says who someone is. */
const isOpaque = (value: string): boolean => OPAQUE.test(value) && findAll(value).length === 0

function contacts(identity: Connection, randomId: () => string, now: string) {
  const table = quote(CONTACTS.name)
  const find = identity.prepare<[string], { id: string; email: string }>(
    `select id, email from ${table} where "emailKey" = ?`,
  )
  const insert = identity.prepare(`insert into ${table} (id, email, "emailKey", "createdAt") values (?, ?, ?, ?)`)
  return (email: string) => {
    const key = emailKey(email)
    const found = find.get(key)
    if (found) return found
    const id = randomId()
    insert.run(id, email, key, now)
    return { id, email }
  }
}

/** merge's rule for subject columns: the email of a user or contact, the value itself for anything else. */
export function emailsOfSubjects(identity: Connection): (value: string) => unknown {
  const held = new LRUCache<string, { email: unknown }>({ max: HELD })
  const user = identity
    .prepare(
      `select ${quote(PEOPLE.email.name)} from ${quote(PEOPLE.model.name)} where ${quote(keyOf(PEOPLE.model))} = ?`,
    )
    .pluck()
  const contact = identity.prepare(`select email from ${quote(CONTACTS.name)} where id = ?`).pluck()
  return (value) => {
    const known = held.get(value)
    if (known) return known.email
    const email = user.get(value) ?? contact.get(value) ?? value
    held.set(value, { email })
    return email
  }
}
