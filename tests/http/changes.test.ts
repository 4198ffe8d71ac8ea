import { expect, test } from 'vitest'
import { type By, type TestApp, withApp } from './app.ts'

const look = ({ send }: TestApp, id: string, by: By) => send('GET', `/v1/changes/${id}`, by)

/** Spends an image of u1's, asked for in this way; gives the change's id. */
async function spend({ post }: TestApp, by: By, key = 'k'): Promise<string> {
  const answer = await post('/v1/usage', { userId: 'u1', images: 1 }, { ...by, headers: { 'idempotency-key': key } })
  expect(answer.statusCode, answer.body).toBe(200)
  return answer.json().change.id
}

/** FREE, so that there are images to spend. */
const withImages = (work: (test: TestApp) => Promise<void>): Promise<void> =>
  withApp(async (test) => {
    await test.context.files.billing.change((tx) => tx.update('Subscription', { userId: 'u1' }, { imagesLimit: 50 }))
    await work(test)
  })

test('a change as it was begun and what became of it', async () => {
  await withImages(async (test) => {
    const by = { session: await test.session('u1') }
    const id = await spend(test, by)
    const answer = await look(test, id, by)
    expect(answer.statusCode).toBe(200)
    expect(answer.json()).toEqual({
      data: {
        id,
        route: 'POST /v1/usage',
        status: 200,
        settled: true,
        createdAt: test.clock.now.toISOString(),
        waiting: [],
      },
    })
  })
})

test('people see what is theirs, services what they asked for, admin and ops everything; others 404', async () => {
  await withImages(async (test) => {
    const own = { session: await test.session('u1') }
    const other = { session: await test.session('u2') }
    const service: By = { scopes: ['frontend'] }
    const another: By = { scopes: ['frontend', 'compliance'] }
    const byPerson = await spend(test, own)
    const byService = await spend(test, service, 'another')
    const cases: readonly [string, By, string, number][] = [
      ['the person who asked', own, byPerson, 200],
      ['the person for whom a service asked', own, byService, 200],
      ['another session of theirs', { session: await test.session('u1') }, byPerson, 200],
      ['another person', other, byPerson, 404],
      ['another person, by a service', other, byService, 404],
      ['the service that asked', service, byService, 200],
      ['a service that did not', service, byPerson, 404],
      ['another service', another, byService, 404],
      ['admin', { scopes: ['admin'] }, byPerson, 200],
      ['ops', { scopes: ['ops'] }, byService, 200],
      ['compliance', { scopes: ['compliance'] }, byPerson, 403],
      ['nobody', {}, byPerson, 401],
    ]
    for (const [name, by, id, status] of cases) expect((await look(test, id, by)).statusCode, name).toBe(status)
    const [hidden, missing] = [await look(test, byPerson, other), await look(test, 'nothing', other)]
    expect(hidden.json().detail).toBe(missing.json().detail)
    expect(hidden.json().type).toBe(missing.json().type)
  })
})

test('it is kept for 24 hours', async () => {
  await withImages(async (test) => {
    const id = await spend(test, { session: await test.session('u1') })
    const by: By = { scopes: ['ops'] }
    const begun = test.clock.now.getTime()
    test.clock.now = new Date(begun + 24 * 3_600_000 - 1)
    expect((await look(test, id, by)).statusCode).toBe(200)
    test.clock.now = new Date(begun + 24 * 3_600_000)
    expect((await look(test, id, by)).statusCode).toBe(404)
  })
})

test('the sign-in of somebody is visible to whoever got its id', async () => {
  await withApp(async (test) => {
    await test.post('/v1/auth/login-tokens', { email: 'nomsa@example.co.za' })
    const answer = await test.post('/v1/auth/sessions', { token: await test.mailedToken() })
    const { data, change } = answer.json()
    const seen = await look(test, change.id, { session: data.token })
    expect(seen.json().data).toMatchObject({ route: 'POST /v1/auth/sessions', status: 201, settled: true })
    expect(seen.body).not.toMatch(/gogga_|nomsa/)
  })
})

test('odd ids are ids of nothing', async () => {
  await withApp(async (test) => {
    const by: By = { scopes: ['admin'] }
    for (const id of ["' or 1=1 --", '__proto__', '%00', 'x'.repeat(200), '🎟️', '%25'])
      expect((await look(test, encodeURIComponent(id), by)).statusCode, id).toBe(404)
    expect((await look(test, 'x'.repeat(201), by)).statusCode).toBe(400)
  })
})
