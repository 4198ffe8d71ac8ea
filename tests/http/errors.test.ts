import fastify from 'fastify'
import { expect, test } from 'vitest'
import { ConflictError, FileError, UnavailableError } from '../../src/errors.ts'
import { type LogSink, loggingOptions } from '../../src/http/logging.ts'
import { errors } from '../../src/http/plugins/errors.ts'
import { ProblemSchema } from '../../src/http/schemas/problem.ts'
import { withApp } from './app.ts'

const SECRET = 'thabo@example.co.za'

/** The error handler alone, over routes that take a body and fail in every way. */
async function withErrors(work: (app: ReturnType<typeof fastify>, log: readonly string[]) => Promise<void>) {
  const log: string[] = []
  const sink: LogSink = { write: (line) => void log.push(line) }
  const app = fastify({ ...loggingOptions('info', sink), bodyLimit: 100 })
  await app.register(errors)
  app.post('/echo', async (request) => request.body)
  for (const [name, fail] of Object.entries(FAILURES)) app.get(`/${name}`, async () => fail())
  await work(app, log)
  await app.close()
}

function reject(error: unknown): never {
  throw error
}

const FAILURES: Readonly<Record<string, () => never>> = {
  plain: () => reject(new Error(`could not find ${SECRET}`)),
  text: () => reject(SECRET),
  nothing: () => reject(undefined),
  file: () => reject(new FileError(`identity.db at /srv/data is damaged: ${SECRET}`)),
  busy: () => reject(new UnavailableError('billing.db at /srv/data/billing.db is locked', { retryAfter: 7 })),
  conflict: () =>
    reject(new ConflictError('The voucher is redeemed', { errors: [{ at: 'code', message: 'is used' }] })),
  library: () => reject(Object.assign(new Error(SECRET), { statusCode: 418, code: 'TEAPOT' })),
}

const ANSWERS = [
  ['plain', 500, 'internal'],
  ['text', 500, 'internal'],
  ['nothing', 500, 'internal'],
  ['file', 500, 'internal'],
  ['busy', 503, 'unavailable'],
  ['conflict', 409, 'conflict'],
  ['library', 418, 'usage'],
] as const

test.each(ANSWERS)('%s: %i %s, and nothing of what a driver said', async (name, status, code) => {
  await withErrors(async (app, log) => {
    const answer = await app.inject(`/${name}?email=${SECRET}`)
    expect(answer.statusCode).toBe(status)
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8')
    expect(ProblemSchema.safeParse(answer.json()).error).toBeUndefined()
    expect(answer.json()).toMatchObject({ type: `urn:gogga:problem:${code}`, status, instance: `/${name}` })
    expect(answer.body).not.toMatch(/thabo|srv/)
    expect(log).toHaveLength(status >= 500 ? 1 : 0)
    if (name === 'plain') expect(log.join('')).not.toContain('thabo')
  })
})

test('Retry-After is what the error says; without a word of it there is none', async () => {
  await withErrors(async (app) => {
    expect((await app.inject('/busy')).headers['retry-after']).toBe('7')
    expect((await app.inject('/conflict')).headers).not.toHaveProperty('retry-after')
    expect((await app.inject('/conflict')).json().errors).toEqual([{ at: 'code', message: 'is used' }])
  })
})

test.each([
  ['another content type', 415, 'unsupported-media-type', 'text/xml', '<a/>'],
  ['no content type', 415, 'unsupported-media-type', '', '<a/>'],
  ['too large', 413, 'too-large', 'application/json', JSON.stringify({ a: 'x'.repeat(200) })],
  ['broken JSON', 400, 'usage', 'application/json', '{"email": "thabo@example.co.za'],
  ['an empty body', 400, 'usage', 'application/json', ''],
  ['a prototype in JSON', 400, 'usage', 'application/json', '{"__proto__": {"a": 1}}'],
])('a body with %s is a problem document', async (_name, status, code, type, payload) => {
  await withErrors(async (app) => {
    const headers = type ? { 'content-type': type } : {}
    const answer = await app.inject({ method: 'POST', url: '/echo?a=b', headers, payload })
    expect(answer.statusCode).toBe(status)
    expect(answer.json()).toMatchObject({ type: `urn:gogga:problem:${code}`, status, instance: '/echo' })
    expect(answer.body).not.toContain('thabo')
  })
})

test.each([
  ['/v1/users/u9', '/v1/users/u9'],
  ['/v1/users/u9?filter[email]=x', '/v1/users/u9'],
  [`/v1/users/${SECRET}`, '/v1/users/:id'],
  [`/v1/users/${encodeURIComponent(SECRET)}`, '/v1/users/:id'],
  ['/v1/users/8001015009087', '/v1/users/:id'],
  ['/v1/users/0821234567', '/v1/users/:id'],
  [`/v1/users/${'x'.repeat(65)}`, '/v1/users/:id'],
  [`/v1/users/${'x'.repeat(5_000)}`, '/v1/users/*'],
  ['/v1/users/%', '/v1/users/*'],
  ['/nowhere', '/nowhere'],
  [`/nowhere/${SECRET}/7`, '/nowhere/*/7'],
])('%s is shown as %s', async (path, instance) => {
  await withApp(async ({ get }) => {
    const answer = await get(path)
    expect(answer.json().instance).toBe(instance)
    expect(answer.body).not.toMatch(/thabo|8001015|0821234/)
  })
})

test('without an id after its slash there is no such path, with a key or without', async () => {
  await withApp(async ({ app, get }) => {
    const answers = [await get('/v1/users/'), await app.inject('/v1/users/'), await get('/v1/users//')]
    answers.push(await app.inject({ method: 'POST', url: '/v1/users/' }))
    for (const answer of answers) {
      expect(answer.statusCode).toBe(404)
      expect(answer.json().detail).toMatch(/^Nothing is at this path/)
    }
  })
})

test('the log leaves it to the caller to tell the address', async () => {
  await withApp(async ({ app, log }) => {
    await app.listen({ host: '127.0.0.1', port: 0 })
    expect(log).toEqual([])
    app.log.info('Server closes')
    expect(log).toHaveLength(1)
  })
})

test('each answer has a requestId of its own', async () => {
  await withApp(async ({ app }) => {
    const ids = new Set<string>()
    for (let asked = 0; asked < 20; asked++) ids.add((await app.inject('/nowhere')).json().requestId)
    expect(ids.size).toBe(20)
  })
})

test('a line for each request: pattern, status, time, request id; nothing that was asked for', async () => {
  await withApp(async ({ get, log, databases }) => {
    await get(`/v1/users/${encodeURIComponent(SECRET)}?expand=subscription`)
    await get(`/v1/users?filter[email]=${SECRET}`, ['admin', 'pii:read'])
    await get(`/${SECRET}`)
    expect(log.map((line) => JSON.parse(line)).map(({ route, status, method }) => ({ route, status, method }))).toEqual(
      [
        { route: '/v1/users/:id', status: 404, method: 'GET' },
        { route: '/v1/users', status: 200, method: 'GET' },
        { route: 'none', status: 404, method: 'GET' },
      ],
    )
    expect(Object.keys(JSON.parse(log[0] ?? '')).sort()).toEqual(
      ['hostname', 'level', 'method', 'ms', 'msg', 'pid', 'requestId', 'route', 'status', 'time'].sort(),
    )
    for (const word of ['thabo', 'gogga_', 'Bearer', databases.dir]) expect(log.join('')).not.toContain(word)
  })
})

test('above the level info requests leave no line', async () => {
  await withApp(
    async ({ get, log }) => {
      await get('/v1/users')
      expect(log).toEqual([])
    },
    { env: { GOGGA_LOG_LEVEL: 'warn' } },
  )
})
