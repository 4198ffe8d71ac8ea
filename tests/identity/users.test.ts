import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Tx } from '../../src/database/rows.ts'
import { ConflictError, NotFoundError } from '../../src/errors.ts'
import { subjectForEmail } from '../../src/identity/contacts.ts'
import { emailKey } from '../../src/identity/emails.ts'
import { findUserByEmail, type Roles, requireUser, roles, setRoles } from '../../src/identity/users.ts'
import { START, withFile } from '../helpers/one-file.ts'
import { addContact, addUser } from './people.ts'
import { withTrace } from './traced.ts'

test('a user who is not there is said to be missing', async () => {
  await withFile('identity', async ({ file, sources }) => {
    await file.change((tx) => addUser(tx, 'u1', 'thabo@example.co.za'))
    expect(requireUser(file.rows, 'u1').email).toBe('thabo@example.co.za')
    expect(() => requireUser(file.rows, 'u2')).toThrow(NotFoundError)
    expect(() => roles(file.rows, 'u2')).toThrow(NotFoundError)
    await expect(file.change((tx) => setRoles(tx, { userId: 'u2', isAdmin: true }, sources))).rejects.toThrow(
      NotFoundError,
    )
  })
})

const PLAIN: Roles = { isAdmin: false, isServiceAdmin: false }
const ADMIN: Roles = { isAdmin: true, isServiceAdmin: false }
const BOTH: Roles = { isAdmin: true, isServiceAdmin: true }

interface RolesCase {
  readonly before: Roles
  readonly asked: Partial<Roles>
  readonly after: Roles | 'refused'
  /** Whether somebody else is service administrator. */
  readonly another?: boolean
  readonly touched?: boolean
}

const ROLES: Readonly<Record<string, RolesCase>> = {
  'make an administrator': { before: PLAIN, asked: { isAdmin: true }, after: ADMIN },
  'make a service administrator': { before: ADMIN, asked: { isServiceAdmin: true }, after: BOTH },
  'take one of two': { before: BOTH, asked: { isAdmin: false }, after: { ...BOTH, isAdmin: false } },
  'nothing asked': { before: BOTH, asked: {}, after: BOTH, touched: false },
  'as it is': { before: BOTH, asked: BOTH, after: BOTH, touched: false },
  'the last service administrator': { before: BOTH, asked: { isServiceAdmin: false }, after: 'refused' },
  'one of two service administrators': { before: BOTH, asked: { isServiceAdmin: false }, after: ADMIN, another: true },
}

test.each(Object.entries(ROLES))(
  'roles are set: %s',
  async (_name, { before, asked, after, another, touched = true }) => {
    await withFile('identity', async ({ file, sources }) => {
      await file.change((tx) => {
        addUser(tx, 'u1', 'thabo@example.co.za', before)
        addUser(tx, 'u2', 'anna@example.co.za', { isServiceAdmin: another ?? false })
      })
      const time = new Date(START.getTime() + 1)
      sources.setNow(time)
      const set = file.change((tx) => setRoles(tx, { userId: 'u1', ...asked }, sources))
      if (after === 'refused') await expect(set).rejects.toThrow(ConflictError)
      else expect(await set).toEqual({ before, after })
      expect(roles(file.rows, 'u1')).toEqual(after === 'refused' ? before : after)
      expect(requireUser(file.rows, 'u1').updatedAt).toEqual(touched && after !== 'refused' ? time : START)
    })
  },
)

test('the subject of an email is its user, else its contact, which is made once', async () => {
  await withFile('identity', async ({ file, sources }) => {
    await file.change((tx) => {
      addUser(tx, 'u1', 'Thabo@example.co.za')
      addContact(tx, 'c1', 'partner@example.co.za')
    })
    const subject = (email: string) => file.change((tx) => subjectForEmail(tx, { email }, sources))
    expect(await subject('thabo@EXAMPLE.co.za')).toBe('u1')
    expect(await subject(' Partner@example.co.za')).toBe('c1')
    expect(file.rows.list('Contact', {})).toHaveLength(1)
    const made = await subject(' New@example.co.za ')
    expect(await subject('NEW@example.co.za')).toBe(made)
    expect(file.rows.find('Contact', { id: made })).toEqual({
      id: made,
      email: 'New@example.co.za',
      emailKey: 'new@example.co.za',
      createdAt: START,
    })
  })
})

const SPELLINGS = [
  'a@x.za',
  'A@x.za',
  'a@X.za',
  ' a@x.za',
  '\ta@x.za',
  'é@x.za',
  'É@x.za',
  'b@x.za',
  'B@X.ZA',
  'İ@x.za',
]
const spelling = fc.constantFrom(...SPELLINGS)
const id = fc.constantFrom('u1', 'u2', 'u3', 'u4')
const step = fc.oneof(
  fc.record({ kind: fc.constant('add' as const), id, email: spelling }),
  fc.record({ kind: fc.constant('rename' as const), id, email: spelling }),
  fc.record({ kind: fc.constant('find' as const), email: spelling }),
)

function expected(users: ReadonlyMap<string, string>, email: string): string | undefined {
  const key = emailKey(email)
  const ids = [...users.keys()].sort()
  const exact = ids.find((user) => users.get(user) === email) ?? ids.find((user) => users.get(user) === key)
  return exact ?? ids.find((user) => emailKey(users.get(user) ?? '') === key)
}

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

/** Does the step where it fits, in the file and in the model: emails are unique, and the application writes keys alone. */
function write(tx: Tx<'identity'>, users: Map<string, string>, { kind, id, email }: Exclude<Step, { kind: 'find' }>) {
  if ([...users.values()].includes(email)) return
  if (users.has(id) !== (kind === 'rename') || (kind === 'rename' && emailKey(email) !== email)) return
  if (kind === 'add') addUser(tx, id, email)
  else tx.update('User', { id }, { email })
  users.set(id, email)
}

test('an email finds its user as reading all users would, whatever came since', async () => {
  const everyUser = fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 40 }), (steps) =>
    withTrace(({ tx }) => {
      const users = new Map<string, string>()
      for (const next of steps) {
        if (next.kind === 'find') expect(findUserByEmail(tx, next.email)?.id).toBe(expected(users, next.email))
        else write(tx, users, next)
      }
    }),
  )
  await fc.assert(everyUser, { numRuns: 80, seed: 20260601 })
})

test('a user who is gone is not found by an odd spelling any more', async () => {
  await withTrace(({ tx }) => {
    addUser(tx, 'u1', 'Thabo@example.co.za')
    expect(findUserByEmail(tx, 'thabo@example.co.za')?.id).toBe('u1')
    tx.remove('User', { id: 'u1' })
    expect(findUserByEmail(tx, 'thabo@example.co.za')).toBeUndefined()
  })
})

test('odd spellings are read once: later looks read the rows that have come since', async () => {
  await withTrace(({ tx, statements }) => {
    for (let at = 0; at < 20; at++) addUser(tx, `u${at}`, `Person${at}@example.co.za`)
    expect(findUserByEmail(tx, 'person7@example.co.za')?.id).toBe('u7')
    const reading = (run: readonly string[]) => run.filter((sql) => sql.includes('glob'))
    expect(reading(statements())).toHaveLength(1)
    expect(findUserByEmail(tx, 'nobody@example.co.za')).toBeUndefined()
    expect(reading(statements())).toEqual([])
    addUser(tx, 'late', 'Late@example.co.za')
    expect(findUserByEmail(tx, 'late@example.co.za')?.id).toBe('late')
    expect(reading(statements())).toEqual([expect.stringContaining('rowid > 20')])
  })
})
