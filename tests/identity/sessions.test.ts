import { hash } from 'node:crypto'
import { expect, test } from 'vitest'
import type { Tx } from '../../src/database/rows.ts'
import { createSession, endSession, type NewSession, sessionVerifier } from '../../src/identity/sessions.ts'
import type { Sources } from '../../src/identity/sources.ts'
import { START, withFile } from '../helpers/one-file.ts'
import { addUser } from './people.ts'

const LIFE_MS = 30 * 24 * 60 * 60 * 1000
const later = (milliseconds: number) => new Date(START.getTime() + milliseconds)

interface Presented {
  readonly change?: (tx: Tx<'identity'>, session: NewSession, sources: Sources) => void
  readonly present?: (token: string) => string
  readonly after?: number
  readonly isOpen: boolean
}

const PRESENTED: Readonly<Record<string, Presented>> = {
  'at once': { isOpen: true },
  'in its last moment': { after: LIFE_MS - 1, isOpen: true },
  'at its end': { after: LIFE_MS, isOpen: false },
  ended: { change: (tx, { id }, sources) => void endSession(tx, { sessionId: id }, sources), isOpen: false },
  'another ended': {
    change: (tx, _session, sources) => void endSession(tx, { sessionId: 's2' }, sources),
    isOpen: true,
  },
  'its user is gone': { change: (tx) => void tx.remove('User', { id: 'u1' }), isOpen: false },
  'another token': { present: (token) => `${token.slice(0, -2)}AA`, isOpen: false },
  'its hash': { present: (token) => hash('sha256', token, 'hex'), isOpen: false },
  'without the prefix': { present: (token) => token.slice(-43), isOpen: false },
  'a line more': { present: (token) => `${token}\n`, isOpen: false },
  empty: { present: () => '', isOpen: false },
}

test.each(Object.entries(PRESENTED))('a session is verified: %s', async (_name, presented) => {
  await withFile('identity', async ({ file, sources }) => {
    const { change, present = (token: string) => token, after = 0, isOpen } = presented
    const session = await file.change((tx) => {
      addUser(tx, 'u1', 'thabo@example.co.za')
      return createSession(tx, { userId: 'u1' }, sources)
    })
    expect(session.token).toMatch(/^gogga_session_[A-Za-z0-9_-]{43}$/)
    expect(session.expiresAt).toEqual(later(LIFE_MS))
    const verify = sessionVerifier(file.reader)
    if (change) await file.change((tx) => change(tx, session, sources))
    const caller = verify(present(session.token), later(after))
    expect(caller).toEqual(isOpen ? { sessionId: session.id, userId: 'u1' } : undefined)
  })
})

test('a session ends once, and the log says whose it was', async () => {
  await withFile('identity', async ({ file, sources }) => {
    await file.change((tx) => addUser(tx, 'u1', 'thabo@example.co.za'))
    const { id } = await file.change((tx) => createSession(tx, { userId: 'u1' }, sources))
    const end = () => file.change((tx) => endSession(tx, { sessionId: id, ip: '192.0.2.7' }, sources))
    expect(await end()).toBe(true)
    sources.setNow(later(1))
    expect(await end()).toBe(false)
    expect(file.rows.find('Session', { id })?.revokedAt).toEqual(START)
    const log = { action: 'signed_out', email: 'thabo@example.co.za', ip: '192.0.2.7', createdAt: START }
    expect(file.rows.list('AuthLog', {})).toMatchObject([log])
  })
})

test('the session of a user who is gone ends without an email', async () => {
  await withFile('identity', async ({ file, sources }) => {
    const ended = await file.change((tx) => {
      const { id } = createSession(tx, { userId: 'gone' }, sources)
      return endSession(tx, { sessionId: id }, sources)
    })
    expect(ended).toBe(true)
    expect(file.rows.list('AuthLog', {})).toMatchObject([{ action: 'signed_out', email: null, ip: null }])
  })
})

test('a session that nobody knows is not ended, and nothing is logged', async () => {
  await withFile('identity', async ({ file, sources }) => {
    expect(await file.change((tx) => endSession(tx, { sessionId: 'none' }, sources))).toBe(false)
    expect(file.rows.list('AuthLog', {})).toEqual([])
  })
})
