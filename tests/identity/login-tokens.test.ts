import { hash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { OpenFile } from '../../src/database/clients.ts'
import type { Tx } from '../../src/database/rows.ts'
import { exchangeLoginToken, issueLoginToken, type SignIn } from '../../src/identity/login-tokens.ts'
import { sessionVerifier } from '../../src/identity/sessions.ts'
import type { Sources } from '../../src/identity/sources.ts'
import { START, withFile } from '../helpers/one-file.ts'
import { addContact, addUser } from './people.ts'
import { withTrace } from './traced.ts'

const MINUTE_MS = 60_000
const IP = '192.0.2.7'
const later = (milliseconds: number) => new Date(START.getTime() + milliseconds)

function signIn(tx: Tx<'identity'>, email: string, sources: Sources): SignIn {
  const { token } = issueLoginToken(tx, { email, ip: IP }, sources)
  return exchangeLoginToken(tx, { token, ip: IP }, sources)
}

/** By what was typed: whose session it is, and the email that a new user gets. */
const TYPED: readonly (readonly [name: string, email: string, id: string, email: string | undefined])[] = [
  ['exact', 'thabo@example.co.za', 'u1', undefined],
  ['other case', 'THABO@Example.co.za', 'u1', undefined],
  ['spaces around', ' thabo@example.co.za\n', 'u1', undefined],
  ['stored in capitals, typed in small letters', 'anna@example.co.za', 'u2', undefined],
  ['stored in capitals, typed in others', 'ANNA@example.co.za', 'u2', undefined],
  ['stored with letters beyond ASCII in capitals', 'zoë@example.co.za', 'u3', undefined],
  ['stored with spaces around', 'busi@example.co.za', 'u4', undefined],
  ['two spellings, this one exactly', 'Sipho@example.co.za', 'u6', undefined],
  ['two spellings, the other exactly', 'SIPHO@example.co.za', 'u5', undefined],
  ['two spellings, neither', 'sipho@example.co.za', 'u5', undefined],
  ['a contact', 'Partner@Example.co.za', 'c1', 'partner@example.co.za'],
  ['nobody', 'Nobody@Example.co.za', 'new', 'nobody@example.co.za'],
]

function addPeople(tx: Tx<'identity'>): void {
  addUser(tx, 'u1', 'thabo@example.co.za')
  addUser(tx, 'u2', 'Anna@Example.co.za')
  addUser(tx, 'u3', 'ZOË@example.co.za')
  addUser(tx, 'u4', ' busi@example.co.za ')
  addUser(tx, 'u6', 'Sipho@example.co.za')
  addUser(tx, 'u5', 'SIPHO@example.co.za')
  addContact(tx, 'c1', 'PARTNER@example.co.za')
}

test.each(TYPED)('the session is the right person’s: %s', async (_name, email, id, created) => {
  await withFile('identity', async ({ file, sources }) => {
    await file.change(addPeople)
    const users = file.rows.list('User', {}).length
    const signedIn = await file.change((tx) => signIn(tx, email, sources))
    if (signedIn.outcome !== 'signed_in') throw new Error('refused')
    expect(signedIn.user.id).toMatch(id === 'new' ? /^[0-9a-f]{32}$/ : id)
    expect(signedIn.isNew).toBe(created !== undefined)
    if (created) expect(signedIn.user.email).toBe(created)
    expect(signedIn.user).toEqual(file.rows.find('User', { id: signedIn.user.id }))
    expect(file.rows.list('User', {}).length).toBe(users + (created ? 1 : 0))
    expect(file.rows.list('Contact', {}).map((contact) => contact.id)).toEqual(id === 'c1' ? [] : ['c1'])
    const verify = sessionVerifier(file.reader)
    expect(verify(signedIn.session.token, sources.now())).toEqual({
      sessionId: signedIn.session.id,
      userId: signedIn.user.id,
    })
  })
})

test('the second sign-in of a new person is that person’s', async () => {
  await withFile('identity', async ({ file, sources }) => {
    const outcomes = await file.change((tx) =>
      ['New@example.co.za', 'new@example.co.za', ' NEW@example.co.za'].map((email) => signIn(tx, email, sources)),
    )
    const seen = outcomes.map((outcome) => outcome.outcome === 'signed_in' && [outcome.user.id, outcome.isNew])
    const [[id]] = seen as [[string]]
    expect(seen).toEqual([
      [id, true],
      [id, false],
      [id, false],
    ])
    expect(file.rows.list('User', {})).toHaveLength(1)
    expect(file.rows.list('Session', {})).toHaveLength(3)
  })
})

test('both steps of a sign-in stand in the log', async () => {
  await withFile('identity', async ({ file, sources }) => {
    await file.change((tx) => signIn(tx, ' New@Example.co.za', sources))
    const logs = file.rows.list('AuthLog', {}).map(({ action, email, ip }) => ({ action, email, ip }))
    expect(logs).toEqual([
      { action: 'login_requested', email: 'New@Example.co.za', ip: IP },
      { action: 'signed_in', email: 'new@example.co.za', ip: IP },
    ])
  })
})

interface RefusedCase {
  readonly present: (token: string, sources: Sources, tx: Tx<'identity'>) => string
  readonly after?: number
  readonly reason: string
  /** Whether the log can say whose token it was. */
  readonly isNamed: boolean
}

const LIFE_MS = 15 * MINUTE_MS
const REFUSED: Readonly<Record<string, RefusedCase>> = {
  empty: { present: () => '', reason: 'unknown', isNamed: false },
  'another token': { present: (token) => `${token.slice(0, -2)}AA`, reason: 'unknown', isNamed: false },
  'a letter too many': { present: (token) => `${token}A`, reason: 'unknown', isNamed: false },
  'its hash': { present: (token) => hash('sha256', token, 'hex'), reason: 'unknown', isNamed: false },
  'another prefix': {
    present: (token) => token.replace('login', 'session'),
    reason: 'unknown',
    isNamed: false,
  },
  'a token of the unified database, which kept them in clear': {
    present: (token, _sources, tx) => {
      tx.run('update "LoginToken" set token = ?', token)
      return token
    },
    reason: 'unknown',
    isNamed: false,
  },
  'at the end of its life': { present: (token) => token, after: LIFE_MS, reason: 'expired', isNamed: true },
  'used before': {
    present: (token, sources, tx) => {
      expect(exchangeLoginToken(tx, { token }, sources).outcome).toBe('signed_in')
      return token
    },
    reason: 'used',
    isNamed: true,
  },
  'used before and old': {
    present: (token, sources, tx) => {
      expect(exchangeLoginToken(tx, { token }, sources).outcome).toBe('signed_in')
      return token
    },
    after: LIFE_MS,
    reason: 'used',
    isNamed: true,
  },
}

test.each(Object.entries(REFUSED))('a token is refused: %s', async (_name, { present, after = 0, reason, isNamed }) => {
  await withFile('identity', async ({ file, sources }) => {
    const email = 'thabo@example.co.za'
    const { token, expiresAt } = await file.change((tx) => issueLoginToken(tx, { email }, sources))
    expect(expiresAt).toEqual(later(LIFE_MS))
    const presented = await file.change((tx) => present(token, sources, tx))
    const before = [file.rows.list('Session', {}), file.rows.list('User', {})]
    sources.setNow(later(after))
    const answer = await file.change((tx) => exchangeLoginToken(tx, { token: presented, ip: IP }, sources))
    expect(answer).toEqual({ outcome: 'refused', reason })
    expect([file.rows.list('Session', {}), file.rows.list('User', {})]).toEqual(before)
    const log = file.rows.list('AuthLog', { action: 'sign_in_refused' })
    expect(log).toMatchObject([{ email: isNamed ? email : null, ip: IP, meta: JSON.stringify({ reason }) }])
  })
})

test('a token works until the last moment of its life', async () => {
  await withFile('identity', async ({ file, sources }) => {
    const { token } = await file.change((tx) => issueLoginToken(tx, { email: 'thabo@example.co.za' }, sources))
    sources.setNow(later(LIFE_MS - 1))
    const answer = await file.change((tx) => exchangeLoginToken(tx, { token }, sources))
    expect(answer.outcome).toBe('signed_in')
  })
})

test('asking for a token runs the same statements whether somebody has the email or not', async () => {
  const traces = []
  for (const owner of ['user', 'contact', 'nobody']) {
    const trace = await withTrace(({ tx, sources, statements }) => {
      if (owner === 'user') addUser(tx, 'u1', 'thabo@example.co.za')
      if (owner === 'contact') addContact(tx, 'c1', 'thabo@example.co.za')
      statements()
      issueLoginToken(tx, { email: 'thabo@example.co.za', ip: IP }, sources)
      return statements()
    })
    traces.push(trace)
  }
  expect(traces[0]).toHaveLength(2)
  expect(traces[1]).toEqual(traces[0])
  expect(traces[2]).toEqual(traces[0])
})

test('neither token is in any byte of the file', async () => {
  await withFile('identity', async ({ file, sources }) => {
    const email = 'thabo@example.co.za'
    const { token } = await file.change((tx) => issueLoginToken(tx, { email }, sources))
    expect(token).toMatch(/^gogga_login_[A-Za-z0-9_-]{43}$/)
    const asked = await bytes(file)
    const answer = await file.change((tx) => exchangeLoginToken(tx, { token }, sources))
    if (answer.outcome !== 'signed_in') throw new Error('refused')
    const signedIn = await bytes(file)
    for (const secret of [token, answer.session.token]) {
      const letters = secret.slice(-43)
      expect(signedIn.includes(hash('sha256', secret, 'hex'))).toBe(true)
      for (const form of [
        letters,
        Buffer.from(letters, 'base64url'),
        Buffer.from(letters, 'base64url').toString('hex'),
      ])
        expect(asked.includes(form) || signedIn.includes(form)).toBe(false)
    }
  })
})

async function bytes(file: OpenFile): Promise<Buffer> {
  await file.checkpoint()
  const parts = [file.path, `${file.path}-wal`].filter((path) => existsSync(path))
  return Buffer.concat(parts.map((path) => readFileSync(path)))
}

test('a new user’s id follows from the login token: after a power cut took the sign-in back, the same one is made', async () => {
  const signInOnce = (undo: boolean) =>
    withFile('identity', async ({ file, sources }) => {
      const { token } = await file.change((tx) => issueLoginToken(tx, { email: 'new@example.co.za' }, sources))
      const exchange = () => file.change((tx) => exchangeLoginToken(tx, { token }, sources))
      if (!undo) return await exchange()
      const undone: string[] = []
      await file
        .change((tx) => {
          const first = exchangeLoginToken(tx, { token }, sources)
          if (first.outcome === 'signed_in') undone.push(first.user.id)
          throw new Error('power cut')
        })
        .catch(() => undefined)
      const again = await exchange()
      expect(again).toMatchObject({ outcome: 'signed_in', user: { id: undone[0] } })
      return again
    })
  expect(await signInOnce(true)).toMatchObject({ isNew: true })
  expect(await signInOnce(false)).toMatchObject({ isNew: true })
})
