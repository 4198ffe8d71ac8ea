import { expect, test } from 'vitest'
import { authLogSubjects, resolveSubjects } from '../../src/identity/subjects.ts'
import { withIdentity } from './open.ts'

/** By auth log: the email that was typed, and whose it is. */
const LOGS: Readonly<Record<string, readonly [email: string | null, subject: string | undefined]>> = {
  exact: ['thabo@example.co.za', 'u1'],
  'other case': [' Thabo@Example.co.za', 'u1'],
  'a user spelled in capitals': ['Anna@Example.co.za', 'u2'],
  'a contact': ['BUSI@example.co.za ', 'c1'],
  'letters beyond ASCII': ['ZOË@example.co.za', 'c2'],
  nobody: ['nobody@example.co.za', undefined],
  'no email': [null, undefined],
}

test('an auth log belongs to the user or contact of its email', async () => {
  await withIdentity(async ({ client, reader }) => {
    const users = { u1: 'thabo@example.co.za', u2: 'Anna@Example.co.za' }
    await client.user.createMany({ data: Object.entries(users).map(([id, email]) => ({ id, email })) })
    const contacts = { c1: 'busi@example.co.za', c2: 'zoë@example.co.za' }
    await client.contact.createMany({
      data: Object.entries(contacts).map(([id, email]) => ({ id, email, emailKey: email })),
    })
    await client.authLog.createMany({
      data: Object.entries(LOGS).map(([id, [email]]) => ({ id, email, action: 'sign_in' })),
    })
    const found = authLogSubjects(reader)([...Object.keys(LOGS), 'purged'])
    for (const [id, [, subject]] of Object.entries(LOGS)) expect(found.get(id), id).toBe(subject)
    expect(found.has('purged')).toBe(false)
  })
})

test('rows become subjects, each once; what nobody knows stays', () => {
  const asked: (readonly string[])[] = []
  const logs = (ids: readonly string[]) => {
    asked.push(ids)
    return new Map([
      ['a1', 'u1'],
      ['a:2', 'u2'],
    ])
  }
  const entries = ['u1', 'logs:a1', 'logs:a:2', 'logs:a3', 'others:a1', 'constructor:a1']
  expect(resolveSubjects(entries, { logs })).toEqual(['u1', 'u2', 'logs:a3', 'others:a1', 'constructor:a1'])
  expect(asked).toEqual([['a1', 'a:2', 'a3']])
})

test('without such rows nothing is asked', () => {
  const logs = () => {
    throw new Error('asked')
  }
  const entries = ['u1', 'u2', 'others:a1']
  expect(resolveSubjects(entries, { logs })).toBe(entries)
})
