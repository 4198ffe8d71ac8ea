import { readFileSync } from 'node:fs'
import type { LightMyRequestResponse } from 'fastify'
import { expect, test } from 'vitest'
import { openWriter } from '../../src/database/connections.ts'
import { parseMail } from '../helpers/parse-mail.ts'
import { startSmtp } from '../helpers/smtp-server.ts'
import { lock, type TestApp, tokenIn, withApp } from './app.ts'

const TOKENS = '/v1/auth/login-tokens'
const SESSIONS = '/v1/auth/sessions'
const MINUTE = 60_000
const KNOWN = 'thabo@example.co.za'
const UNKNOWN = 'nomsa@example.co.za'

const keyed = (key: string) => ({ headers: { 'idempotency-key': key } })

/** `signed_in thabo@example.co.za` for every row of the log that the test wrote. */
const logOf = ({ context }: TestApp): readonly string[] =>
  context.files.identity.rows
    .list('AuthLog', {}, 'rowid')
    .slice(1)
    .map(({ action, email, meta }) => {
      const reason = meta === null ? undefined : (JSON.parse(meta) as { reason?: string }).reason
      return [action, reason, email].filter(Boolean).join(' ')
    })

const tokensOf = ({ context }: TestApp) => context.files.identity.rows.list('LoginToken', {})
const sessionsOf = ({ context }: TestApp) => context.files.identity.rows.list('Session', {})

/** What a caller could tell two answers apart by: ids and the time aside. */
function shown({ statusCode, headers, body }: LightMyRequestResponse): string {
  const { date: _, ...rest } = headers
  const text = body.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/, 'ID').replace(/"requestId":"[^"]+"/, '')
  return JSON.stringify({ statusCode, rest, text })
}

test('by a real SMTP server: mail, link, session, who I am, and a FREE subscription', async () => {
  await using smtp = await startSmtp()
  const env = { SMTP_URL: smtp.url, GOGGA_SIGN_IN_PAGE: 'https://gogga.example/in?token={token}' }
  await withApp(
    async ({ post, send }) => {
      const asked = await post(TOKENS, { email: UNKNOWN })
      expect(asked.statusCode).toBe(200)
      expect(asked.json().data).toEqual({ sent: true, minutes: 15 })
      const mail = await smtp.next()
      expect(mail.to).toEqual([UNKNOWN])
      const token = tokenIn(mail.raw)
      expect(parseMail(mail.raw).text).toContain(`https://gogga.example/in?token=${token}`)
      expect(asked.body).not.toContain(token)

      const answer = await post(SESSIONS, { token })
      expect(answer.statusCode).toBe(201)
      const { data, change } = answer.json()
      expect(change.settled).toBe(true)
      expect(data).toMatchObject({ isNew: true, expiresAt: '2026-07-01T12:00:00.000Z' })
      const me = await send('GET', '/v1/me', { session: data.token })
      expect(me.json().data).toMatchObject({ id: data.userId, email: UNKNOWN, isAdmin: false })
      const subscription = await send('GET', '/v1/me/subscription', { session: data.token })
      expect(subscription.json().data).toMatchObject({ userId: data.userId, tier: 'FREE', status: 'active' })
      expect(smtp.messages).toHaveLength(1)
    },
    { env },
  )
})

test('by a file where no server is named, with a row in the log for each step; who comes again is not new', async () => {
  await withApp(async (test) => {
    const { signIn, send } = test
    const first = await signIn(UNKNOWN)
    const again = await signIn('  Nomsa@Example.CO.za'.trim())
    const known = await signIn(KNOWN)
    expect([first.isNew, again.isNew, known.isNew]).toEqual([true, false, false])
    expect(again.userId).toBe(first.userId)
    expect(known.userId).toBe('u1')
    expect((await send('DELETE', '/v1/auth/session', { session: known.token })).statusCode).toBe(204)
    expect((await send('GET', '/v1/me', { session: known.token })).statusCode).toBe(401)
    expect((await send('GET', '/v1/me', { session: first.token })).statusCode).toBe(200)
    expect(logOf(test)).toEqual([
      `login_requested ${UNKNOWN}`,
      `signed_in ${UNKNOWN}`,
      'login_requested Nomsa@Example.CO.za',
      `signed_in ${UNKNOWN}`,
      `login_requested ${KNOWN}`,
      `signed_in ${KNOWN}`,
      `signed_out ${KNOWN}`,
    ])
  })
})

test('a token that was used, has expired or never was is refused in the same words, and the log says why', async () => {
  await withApp(async (test) => {
    const { post, mailedToken, signIn, clock } = test
    await signIn(KNOWN)
    const used = await mailedToken()
    await post(TOKENS, { email: UNKNOWN })
    const late = await mailedToken()
    const refused = [await post(SESSIONS, { token: used }), await post(SESSIONS, { token: 'gogga_login_nobody' })]
    clock.now = new Date(clock.now.getTime() + 15 * MINUTE)
    refused.push(await post(SESSIONS, { token: late }))
    for (const answer of refused) {
      expect(answer.statusCode).toBe(401)
      expect(shown(answer)).toBe(shown(refused[0] as LightMyRequestResponse))
    }
    expect(logOf(test).slice(3)).toEqual([
      `sign_in_refused used ${KNOWN}`,
      'sign_in_refused unknown',
      `sign_in_refused expired ${UNKNOWN}`,
    ])
    expect(sessionsOf(test)).toHaveLength(1)
  })
})

test('a token works until the last millisecond of its 15 minutes', async () => {
  await withApp(async ({ post, mailedToken, clock }) => {
    await post(TOKENS, { email: KNOWN })
    clock.now = new Date(clock.now.getTime() + 15 * MINUTE - 1)
    expect((await post(SESSIONS, { token: await mailedToken() })).statusCode).toBe(201)
  })
})

test('ten at once with one token: one session', async () => {
  await withApp(async (test) => {
    const { post, mailedToken } = test
    await post(TOKENS, { email: KNOWN })
    const token = await mailedToken()
    const answers = await Promise.all(Array.from({ length: 10 }, () => post(SESSIONS, { token })))
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([201, ...Array(9).fill(401)])
    expect(sessionsOf(test)).toHaveLength(1)
  })
})

test('a repeat whose answer was lost gets the same session, of which the file holds nothing that opens it', async () => {
  await withApp(async (test) => {
    const { post, mailedToken, databases, send } = test
    await post(TOKENS, { email: KNOWN })
    const token = await mailedToken()
    const first = await post(SESSIONS, { token }, keyed('lost-answer'))
    const again = await post(SESSIONS, { token }, keyed('lost-answer'))
    expect(first.statusCode).toBe(201)
    expect(again.statusCode).toBe(201)
    expect(again.body).toBe(first.body)
    expect(first.headers).not.toHaveProperty('idempotent-replayed')
    expect(again.headers['idempotent-replayed']).toBe('true')
    expect(sessionsOf(test)).toHaveLength(1)

    const session: string = first.json().data.token
    expect((await send('GET', '/v1/me', { session })).statusCode).toBe(200)
    expect((await post(SESSIONS, { token }, keyed('another'))).statusCode).toBe(401)
    expect((await post(SESSIONS, { token: `${token}x` }, keyed('lost-answer'))).statusCode).toBe(422)

    const writer = openWriter('identity', databases.paths.identity)
    writer.pragma('wal_checkpoint(TRUNCATE)')
    writer.close()
    const bytes = readFileSync(databases.paths.identity)
    expect(bytes.includes('sealed:')).toBe(true)
    expect(bytes.includes(KNOWN)).toBe(true)
    for (const secret of [session, token]) {
      const inner = secret.split('_').slice(2).join('_')
      for (const form of [secret, inner, Buffer.from(inner, 'base64url')]) expect(bytes.includes(form)).toBe(false)
      expect(bytes.includes(Buffer.from(secret).toString('base64').slice(4, 40))).toBe(false)
    }
    expect(bytes.includes('lost-answer')).toBe(false)
  })
})

test('whether somebody has an account shows in no byte of an answer', async () => {
  await withApp(async ({ post }) => {
    const [known, unknown] = [await post(TOKENS, { email: KNOWN }), await post(TOKENS, { email: UNKNOWN })]
    const contact = await post(TOKENS, { email: 'partner@example.org' })
    expect(known.body).toHaveLength(unknown.body.length)
    expect(shown(known)).toBe(shown(unknown))
    expect(shown(contact)).toBe(shown(unknown))
  })
})

test('a mail that cannot be sent is 503 with the time to wait, the same for everybody; a repeat sends it', async () => {
  const smtp = await startSmtp()
  await withApp(
    async (test) => {
      await smtp[Symbol.asyncDispose]()
      const answers = [
        await test.post(TOKENS, { email: KNOWN }, keyed('k')),
        await test.post(TOKENS, { email: UNKNOWN }),
      ]
      for (const answer of answers) {
        expect(answer.statusCode).toBe(503)
        expect(answer.headers['retry-after']).toBe('30')
        expect(answer.body).not.toContain('example.co.za')
      }
      expect(shown(answers[0] as LightMyRequestResponse)).toBe(shown(answers[1] as LightMyRequestResponse))
      expect(test.log.join('')).not.toContain('example.co.za')

      await using later = await startSmtp({}, smtp.port)
      expect((await test.post(TOKENS, { email: KNOWN }, keyed('k'))).statusCode).toBe(200)
      expect((await test.post(TOKENS, { email: KNOWN }, keyed('k'))).statusCode).toBe(200)
      expect(tokenIn((await later.next()).raw)).toMatch(/^gogga_login_/)
      expect(later.messages).toHaveLength(1)
    },
    { env: { SMTP_URL: smtp.url } },
  )
})

const LIMIT = { GOGGA_SIGN_INS_PER_MINUTE: '3', GOGGA_TRUSTED_PROXIES: '127.0.0.1' }
const from = (ip: string) => ({ headers: { 'x-forwarded-for': ip } })

function expectTooMany(answer: LightMyRequestResponse | undefined): void {
  expect(answer?.statusCode).toBe(429)
  expect(answer?.json()).toMatchObject({ type: 'urn:gogga:problem:too-many-requests', status: 429 })
  const wait = Number(answer?.headers['retry-after'])
  expect(wait).toBeGreaterThan(0)
  expect(wait).toBeLessThanOrEqual(60)
}

test('one email is mailed so often a minute, from however many addresses and in whatever spelling', async () => {
  await withApp(
    async (test) => {
      for (const email of [KNOWN, UNKNOWN]) {
        const spellings = [email, email.toUpperCase(), email.replace('e', 'E')]
        for (const [index, spelling] of spellings.entries())
          expect((await test.post(TOKENS, { email: spelling }, from(`10.0.${index}.1`))).statusCode).toBe(200)
        expectTooMany(await test.post(TOKENS, { email }, from('10.0.9.1')))
      }
      expect(tokensOf(test)).toHaveLength(6)
      const [known, unknown] = await Promise.all(
        [KNOWN, UNKNOWN].map((email) => test.post(TOKENS, { email }, from('10.0.9.2'))),
      )
      expect(known?.json().detail).toBe(unknown?.json().detail)
      expect((await test.post(TOKENS, { email: 'other@example.co.za' }, from('10.0.9.3'))).statusCode).toBe(200)
    },
    { env: LIMIT },
  )
})

test.each([
  ['an address', ['10.1.1.1', '10.1.1.1', '10.1.1.1', '10.1.1.1'], '10.1.1.2'],
  [
    'an IPv6 network',
    ['2001:db8:1:2::1', '2001:db8:1:2::2', '2001:db8:1:2:ffff::3', '2001:db8:1:2::4'],
    '2001:db8:1:3::1',
  ],
])('%s may ask for so many tokens and try so many a minute, each counted by itself', async (_name, ips, other) => {
  await withApp(
    async (test) => {
      const ask = (ip: string, index: number) => test.post(TOKENS, { email: `p${index}@example.co.za` }, from(ip))
      const attempt = (ip: string, index: number) => test.post(SESSIONS, { token: `guess-${index}` }, from(ip))
      for (const [index, ip] of ips.slice(0, 3).entries()) {
        expect((await ask(ip, index)).statusCode).toBe(200)
        expect((await attempt(ip, index)).statusCode).toBe(401)
      }
      expectTooMany(await ask(ips[3] as string, 7))
      expectTooMany(await attempt(ips[3] as string, 7))
      expect((await ask(other, 8)).statusCode).toBe(200)
      expect((await attempt(other, 8)).statusCode).toBe(401)
    },
    { env: LIMIT },
  )
})

test('0 is no limit', async () => {
  await withApp(
    async ({ post }) => {
      for (let asked = 0; asked < 15; asked++) expect((await post(SESSIONS, { token: 'x' })).statusCode).toBe(401)
    },
    { env: { GOGGA_SIGN_INS_PER_MINUTE: '0' } },
  )
})

test('while billing.db is held the first sign-in answers 202, and the subscription comes when it is free', async () => {
  await withApp(async (test) => {
    const { post, mailedToken, send, databases, clock, context } = test
    await post(TOKENS, { email: UNKNOWN })
    const token = await mailedToken()
    const [held, answer] = await (async () => {
      using _ = lock(databases, 'billing')
      const answer = await post(SESSIONS, { token })
      const by = { session: answer.json().data.token }
      return [await send('GET', '/v1/me/subscription', by), answer] as const
    })()
    expect(answer.statusCode).toBe(202)
    const { data, change } = answer.json()
    expect(change.settled).toBe(false)
    expect(answer.headers.location).toBe(`/v1/changes/${change.id}`)
    expect(held.statusCode).toBe(404)

    const look = async () => (await send('GET', `/v1/changes/${change.id}`, { session: data.token })).json().data
    expect(await look()).toEqual({
      id: change.id,
      route: `POST ${SESSIONS}`,
      status: 201,
      settled: false,
      createdAt: clock.now.toISOString(),
      waiting: [{ type: 'user-created', target: 'billing', dead: false }],
    })
    clock.now = new Date(clock.now.getTime() + 10_000)
    expect(await context.sagas.courier.sweep()).toBe(1)
    expect(await look()).toMatchObject({ settled: true, waiting: [] })
    const subscription = await send('GET', '/v1/me/subscription', { session: data.token })
    expect(subscription.json().data).toMatchObject({ tier: 'FREE' })
  })
})

const LONG = `${'a'.repeat(60)}@${'b.'.repeat(95)}za`

test.each<[string, string, unknown, number]>([
  ['no email', TOKENS, {}, 400],
  ['a number', TOKENS, { email: 7 }, 400],
  ['no address', TOKENS, { email: 'thabo' }, 400],
  ['two addresses', TOKENS, { email: 'a@example.com,b@example.com' }, 400],
  ['a line break', TOKENS, { email: 'a@example.com\r\nBcc: b@example.com' }, 400],
  ['SQL', TOKENS, { email: "a'; drop table User; --@example.com" }, 400],
  ['a name with it', TOKENS, { email: 'Thabo <thabo@example.co.za>' }, 400],
  ['an endless one', TOKENS, { email: `${LONG}${'.co'.repeat(20)}` }, 400],
  ['a local part that no server takes', TOKENS, { email: `${'a'.repeat(65)}@example.com` }, 400],
  ['a label that no domain has', TOKENS, { email: 'a@b-.example.com' }, 400],
  ['an array', TOKENS, { email: [KNOWN] }, 400],
  ['another field', TOKENS, { email: KNOWN, isAdmin: true }, 400],
  ['null', TOKENS, null, 400],
  ['an array as a body', TOKENS, [], 400],
  ['no body', TOKENS, undefined, 400],
  ['no token', SESSIONS, {}, 400],
  ['an empty token', SESSIONS, { token: '' }, 400],
  ['an endless token', SESSIONS, { token: 'x'.repeat(201) }, 400],
  ['an object', SESSIONS, { token: { $ne: null } }, 400],
  ['no body', SESSIONS, undefined, 400],
])('%s at %s is a problem document, and nothing is written', async (_name, url, body, status) => {
  await withApp(async (test) => {
    const payload = body === null ? 'null' : body
    const answer = await test.post(url, payload, { headers: { 'content-type': 'application/json' } })
    expect(answer.statusCode, answer.body).toBe(status)
    expect(answer.headers['content-type']).toContain('application/problem+json')
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(answer.body).not.toMatch(/thabo|drop table|example/i)
    expect(logOf(test)).toEqual([])
    expect(tokensOf(test)).toEqual([])
  })
})

test('what is not JSON is 415, what is too large 413, and what is unknown is named with what is known', async () => {
  await withApp(async ({ app, post }) => {
    const raw = (payload: string, type?: string) =>
      app.inject({ method: 'POST', url: TOKENS, payload, headers: type ? { 'content-type': type } : {} })
    for (const type of ['text/plain', 'text/xml', 'application/x-www-form-urlencoded', undefined])
      expect((await raw('email=a@example.com', type)).statusCode, type).toBe(415)
    expect((await raw(JSON.stringify({ email: 'x'.repeat(300_000) }), 'application/json')).statusCode).toBe(413)
    const { errors } = (await post(TOKENS, { email: KNOWN, role: 'admin' })).json()
    expect(errors).toEqual([{ at: 'role', message: 'is not known here; allowed: email' }])
    const missing = await post(TOKENS)
    expect(missing.json()).toMatchObject({ errors: [{ at: 'body', message: 'is missing' }] })
  })
})

test.each([
  ['an empty Idempotency-Key', ''],
  ['a space in it', 'a b'],
  ['an endless one', 'x'.repeat(256)],
])('%s is refused', async (_name, key) => {
  await withApp(async (test) => {
    const answer = await test.post(TOKENS, { email: KNOWN }, keyed(key))
    expect(answer.statusCode).toBe(400)
    expect(answer.json().errors[0].at).toBe('idempotency-key')
    expect(tokensOf(test)).toEqual([])
  })
})
