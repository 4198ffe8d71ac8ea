// The access log over HTTP: who saw what of whom, when, and why.
import { expect, test } from 'vitest'
import { AUTHORIZATION } from '../../src/http/authorization.ts'
import { AccessesAnswer } from '../../src/http/schemas/accesses.ts'
import { type TestApp, withApp } from './app.ts'

const URL = '/v1/compliance/accesses'
const CLEAR = ['admin', 'pii:read'] as const

const ask = async ({ get }: TestApp, query = '') => {
  const answer = await get(`${URL}${query}`, ['compliance'])
  expect(answer.statusCode, answer.body).toBe(200)
  expect(AccessesAnswer.safeParse(answer.json()).error).toBeUndefined()
  return answer.json() as {
    data: { subjects: string[]; createdAt: string; route: string }[]
    page: { next: string | null }
  }
}

/** u1, u2 and u3, an hour apart. */
async function readThree({ get, clock }: TestApp): Promise<void> {
  for (const id of ['u1', 'u2', 'u3']) {
    expect((await get(`/v1/users/${id}`, CLEAR)).statusCode).toBe(200)
    clock.now = new Date(clock.now.getTime() + 3_600_000)
  }
}

const whose = ({ data }: Awaited<ReturnType<typeof ask>>) => data.map(({ subjects }) => subjects.join())

test('a reading is answered with who, what, whose, when and why', async () => {
  await withApp(async (test) => {
    await readThree(test)
    const [, apiKeyId] = (await test.key(...CLEAR)).split('_')
    const { data, page } = await ask(test, '?subject=u2')
    expect(page.next).toBeNull()
    expect(data).toMatchObject([
      {
        createdAt: '2026-06-01T13:00:00.000Z',
        apiKeyId,
        apiKeyName: 'test',
        purpose: 'fraud-prevention',
        route: 'GET /v1/users/:id',
        fields: ['users.email'],
        subjects: ['u2'],
      },
    ])
  })
})

test('filters and pages, newest first', async () => {
  await withApp(async (test) => {
    await readThree(test)
    const [, key] = (await test.key(...CLEAR)).split('_')
    expect(whose(await ask(test))).toEqual(['u3', 'u2', 'u1'])
    expect(whose(await ask(test, '?from=2026-06-01T13:00:00Z&to=2026-06-01T16:00:00%2B02:00'))).toEqual(['u2'])
    expect(whose(await ask(test, `?key=${key}&purpose=fraud-prevention`))).toEqual(['u3', 'u2', 'u1'])
    for (const query of ['?key=other', '?purpose=none', '?purpose=support', '?subject=u4'])
      expect(whose(await ask(test, query)), query).toEqual([])
    const first = await ask(test, '?limit=2')
    expect(whose(first)).toEqual(['u3', 'u2'])
    expect(whose(await ask(test, `?limit=2&after=${first.page.next}`))).toEqual(['u1'])
  })
})

test('asking leaves no row, since nobody is named', async () => {
  await withApp(async (test) => {
    await readThree(test)
    await ask(test)
    const { data } = await ask(test)
    expect(data).toHaveLength(3)
    expect(JSON.stringify(data)).not.toContain('@')
  })
})

test.each([
  ['an email for a subject', '?subject=thabo@example.co.za', 'subject', 'filter[email]'],
  ['no time', '?from=yesterday', 'from', 'RFC 3339'],
  ['a purpose that there is not', '?purpose=curiosity', 'purpose', 'support'],
  ['too many', '?limit=201', 'limit', '1 to 200'],
  ['no cursor', '?after=x', 'after', 'page.next'],
  ['a parameter that there is not', '?email=thabo@example.co.za', '', 'allowed'],
])('%s is 400, in words that repeat nothing', async (_name, query, at, words) => {
  await withApp(async ({ get }) => {
    const answer = await get(`${URL}${query}`, ['compliance'])
    expect(answer.statusCode).toBe(400)
    expect(answer.body).not.toMatch(/thabo|yesterday|curiosity/)
    const [error] = answer.json().errors
    expect(error.message).toContain(words)
    if (at !== '') expect(error.at).toBe(at)
  })
})

test('it is for keys of the scope compliance alone', () => {
  expect(AUTHORIZATION.get(`GET ${URL}`)).toEqual(['compliance'])
})
