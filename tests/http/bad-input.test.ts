// What no caller should send, to every route that changes something: always a 4xx problem document, and nothing written in
// any of the three files. Which values are bad follows from what each field is; a route that is new has to be named here.
import fc from 'fast-check'
import type { LightMyRequestResponse } from 'fastify'
import { expect, test } from 'vitest'
import { TRY_OUT } from '../../src/config.ts'
import { AUTHORIZATION } from '../../src/http/authorization.ts'
import type { Scope } from '../../src/identity/api-keys.ts'
import { startPayfast } from '../helpers/payfast-server.ts'
import { counts, withRoles } from './administrators.ts'
import { type TestApp, withApp } from './app.ts'
import { BAD_ITN, BAD_KEYS, BODIES, badValues, type Kind, WEIRD_IDS } from './bad-values.ts'

interface Spec {
  /** Who may: somebody's session, or a key. */
  readonly by: 'nobody' | 'u1' | Scope
  /** Fits; with one field changed it no longer does. */
  readonly good: Readonly<Record<string, unknown>>
  readonly fields: Readonly<Record<string, Kind>>
  readonly optional?: readonly string[]
  /** The body may be missing altogether. */
  readonly bodyless?: boolean
  readonly needsKey?: boolean
  /** It changes nothing that a repeat could do twice, and reads no Idempotency-Key. */
  readonly readsNoKey?: boolean
}

const REASON: Kind = { is: 'prose', most: 500 }
const TYPE: Kind = { is: 'word' }
const EXPIRY: Kind = { is: 'time' }

const SPECS: Readonly<Record<string, Spec>> = {
  'POST /v1/auth/login-tokens': {
    by: 'nobody',
    good: { email: 'new@mail.example' },
    fields: { email: { is: 'email' } },
  },
  'POST /v1/auth/sessions': {
    by: 'nobody',
    good: { token: `gogga_login_${'a'.repeat(43)}` },
    fields: { token: { is: 'secret', most: 200 } },
  },
  'POST /v1/me/subscription/tier': { by: 'u1', good: { tier: 'JIVE' }, fields: { tier: TYPE } },
  'POST /v1/me/subscription/cancellation': { by: 'u1', good: {}, fields: {}, bodyless: true },
  'POST /v1/me/checkouts': {
    by: 'u1',
    good: { kind: 'credit_pack', pack: '200' },
    fields: { kind: TYPE, pack: TYPE },
  },
  'POST /v1/me/redemptions': { by: 'u1', good: { code: 'GOGGA-2' }, fields: { code: { is: 'anyId', most: 100 } } },
  'POST /v1/usage': {
    by: 'frontend',
    good: { userId: 'u1', credits: 1, images: 1 },
    fields: {
      userId: { is: 'anyId', most: 200 },
      credits: { is: 'integer', least: 0, most: 100_000_000 },
      images: { is: 'integer', least: 0, most: 10_000 },
    },
    optional: ['credits', 'images'],
    needsKey: true,
  },
  'POST /v1/vouchers': {
    by: 'admin',
    good: { type: 'R200', expiresAt: '2026-12-31T00:00:00Z' },
    fields: { type: TYPE, expiresAt: EXPIRY },
    optional: ['expiresAt'],
  },
  'POST /v1/voucher-batches': {
    by: 'admin',
    good: { type: 'R200', count: 2, name: 'Spring', expiresAt: '2026-12-31T00:00:00Z' },
    fields: {
      type: TYPE,
      count: { is: 'integer', least: 1, most: 10_000 },
      name: { is: 'prose', most: 200 },
      expiresAt: EXPIRY,
    },
    optional: ['name', 'expiresAt'],
  },
  'POST /v1/vouchers/:id/void': { by: 'admin', good: { reason: 'issued twice' }, fields: { reason: REASON } },
  'POST /v1/users/:id/tier-overrides': {
    by: 'admin',
    good: { tier: 'JIVE', reason: 'Outage' },
    fields: { tier: TYPE, reason: REASON },
  },
  'POST /v1/users/:id/credit-adjustments': {
    by: 'admin',
    good: { credits: 5, reason: 'Outage' },
    fields: { credits: { is: 'integer', least: -100_000_000, most: 100_000_000 }, reason: REASON },
  },
  'POST /v1/users/:id/roles': {
    by: 'admin',
    good: { isAdmin: true, isServiceAdmin: false },
    fields: { isAdmin: { is: 'flag' }, isServiceAdmin: { is: 'flag' } },
    optional: ['isAdmin', 'isServiceAdmin'],
  },
  'POST /v1/user-lookups': { by: 'admin', good: { email: 'thabo@example.co.za' }, fields: { email: { is: 'email' } } },
  'POST /v1/subjects/:id/erasure': {
    by: 'compliance',
    good: { preview: true },
    fields: { preview: { is: 'flag' } },
  },
  'POST /v1/subjects/:id/restriction': {
    by: 'compliance',
    good: { kind: 'restricted', note: 'By letter' },
    fields: { kind: TYPE, note: { is: 'prose', most: 2_000 } },
    optional: ['note'],
  },
  'POST /v1/subjects/:id/corrections': {
    by: 'compliance',
    good: { dispute: 'I never did' },
    fields: { dispute: { is: 'prose', most: 2_000 } },
  },
  'POST /v1/compliance/audits': { by: 'compliance', good: {}, fields: {}, bodyless: true, readsNoKey: true },
  'POST /v1/compliance/chain': { by: 'compliance', good: {}, fields: {}, bodyless: true, readsNoKey: true },
  'POST /v1/ops/checks': { by: 'ops', good: {}, fields: {}, bodyless: true, readsNoKey: true },
}

/** A form, and the cases that it has of its own below. */
const FORM = 'POST /v1/payfast/notifications'
/** They read no body. */
const WITHOUT_BODY: Readonly<Record<string, Scope | 'u1'>> = {
  'DELETE /v1/auth/session': 'u1',
  'DELETE /v1/vouchers/:id': 'admin',
  'DELETE /v1/subjects/:id/restriction': 'compliance',
  'POST /v1/ops/outbox/:id/retry': 'ops',
  'POST /v1/ops/outbox/:id/drop': 'ops',
}

test('every route that changes something is named here', () => {
  const changing = [...AUTHORIZATION.keys()].filter((route) => !route.startsWith('GET '))
  expect([...Object.keys(SPECS), FORM, ...Object.keys(WITHOUT_BODY)].sort()).toEqual(changing.sort())
})

interface Request {
  readonly name: string
  readonly body?: string | undefined
  readonly url?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly status?: number
}

interface Asking {
  readonly test: TestApp
  /** Sends it and gives what was wrong with the answer, or with what it left behind; undefined where all is well. */
  wrong(request: Request): Promise<string | undefined>
}

const [ENV, ROWS_OF_THE_DOOR] = [
  { ...TRY_OUT, GOGGA_SIGN_INS_PER_MINUTE: '0', GOGGA_REDEMPTIONS_PER_MINUTE: '0', GOGGA_LOG_LEVEL: 'error' },
  ['identity.AuthLog', 'identity.LoginToken'],
]
const JSON_TYPE = { 'content-type': 'application/json' }

function asking(route: string, by: Spec['by'], work: (asking: Asking) => Promise<void>): Promise<void> {
  return withApp(
    async (test) => {
      await withRoles(test)
      await makeReady(test)
      const [method = '', path = ''] = route.split(' ')
      const bearer = by === 'nobody' ? undefined : await (by === 'u1' ? test.session('u1') : test.key(by))
      const standing = {
        ...(bearer && { authorization: `Bearer ${bearer}` }),
        ...(by === 'admin' && { 'x-gogga-actor': 'u3' }),
      }
      const wrong = async ({ body, url, headers, status: expected }: Request) => {
        const before = counts(test)
        const answer = await test.app.inject({
          method: method as 'POST' | 'DELETE',
          url: url ?? path.replace(':id', /users|subjects/.test(path) ? 'u1' : 'v1'),
          headers: { ...standing, ...(body !== undefined && JSON_TYPE), ...headers },
          ...(body !== undefined && { payload: body }),
        })
        const { statusCode } = answer
        const found = `${statusCode} ${answer.headers['content-type']} ${answer.body.slice(0, 300)}`
        if (!isProblem(answer, expected)) return found
        // A refusal that answers an Idempotency-Key is kept for its repeats.
        const isKept = headers?.['idempotency-key'] !== undefined && [404, 409].includes(statusCode)
        const ignored = [...ROWS_OF_THE_DOOR, ...(isKept ? ['billing.Change'] : [])]
        const written = changed(before, counts(test)).filter((table) => !ignored.includes(table))
        return written.length === 0 ? undefined : `${found} wrote ${written.join(', ')}`
      }
      await work({ test, wrong })
      expect(test.log, 'nothing failed inside').toEqual([])
    },
    { env: ENV },
  )
}

/** So that every good request would be taken: u1's subscription runs and renews itself, and there is a voucher to redeem. */
async function makeReady({ context: { files } }: TestApp): Promise<void> {
  const running = {
    startedAt: new Date('2026-05-20'),
    nextBilling: new Date('2026-06-20'),
    lastReset: new Date('2026-05-20'),
  }
  await files.billing.client.subscription.update({ where: { userId: 'u1' }, data: { ...running, credits: 1_000 } })
  const voucher = { id: 'v2', code: 'GOGGA-2', type: 'R200', createdBy: 'u2', expiresAt: new Date('2026-12-31') }
  await files.admin.client.voucher.create({ data: voucher })
}

function isProblem(answer: LightMyRequestResponse, expected = answer.statusCode): boolean {
  const { statusCode, headers } = answer
  if (statusCode < 400 || statusCode > 499 || statusCode !== expected) return false
  return /^application\/problem\+json/.test(String(headers['content-type'])) && answer.json().status === statusCode
}

/** A message that was delivered before leaves its outbox a little later: there only more rows are a change. */
const changed = (before: Readonly<Record<string, number>>, after: Readonly<Record<string, number>>) =>
  Object.entries(after).flatMap(([table, count]) => {
    const was = before[table] ?? 0
    const isSame = table.endsWith('.OutboxMessage') ? count <= was : count === was
    return isSame ? [] : [table]
  })

async function expectAllRefused({ wrong }: Asking, requests: readonly Request[]): Promise<void> {
  const found: string[] = []
  for (const [index, request] of requests.entries()) {
    const headers = { ...request.headers }
    if (headers['idempotency-key'] === 'each') headers['idempotency-key'] = `key-${index}`
    const problem = await wrong({ ...request, headers })
    if (problem !== undefined) found.push(`${request.name}: ${problem}`)
  }
  expect(found).toEqual([])
}

function requestsOf(
  route: string,
  { good, fields, optional = [], bodyless, needsKey, readsNoKey }: Spec,
): readonly Request[] {
  const text = JSON.stringify(good)
  const each = needsKey ? { 'idempotency-key': 'each' } : {}
  const byField = Object.entries(fields).flatMap(([field, kind]) =>
    Object.entries(badValues(kind, good[field])).map(([name, value]) => ({
      name: `${field} ${name}`,
      body: JSON.stringify({ ...good, [field]: value }),
      headers: each,
    })),
  )
  const without = Object.keys(fields)
    .filter((field) => !optional.includes(field))
    .map((field) => ({
      name: `without ${field}`,
      body: JSON.stringify({ ...good, [field]: undefined }),
      headers: each,
    }))
  const whole = Object.entries(BODIES)
    .filter(([, body]) => !bodyless || !['', 'null'].includes(body))
    .map(([name, body]) => ({ name, body, headers: each }))
  const huge = JSON.stringify({ ...good, more: 'x'.repeat(256 * 1024) })
  const types = ['application/xml', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'nonsense']
  return [
    ...(bodyless ? [] : [{ name: 'no body' }, { name: 'an empty object', body: '{}' }]),
    ...byField,
    ...without,
    ...whole,
    {
      name: 'a field that is not known',
      body: JSON.stringify({ ...good, unknown: 1 }),
      headers: each,
    },
    {
      name: 'a prototype beside',
      body: text.replace(/^\{/, `{"__proto__":{"a":1}${text === '{}' ? '' : ','}`),
      headers: each,
    },
    { name: 'too large', body: huge, status: 413, headers: each },
    ...types.map((type) => ({ name: type, body: text, status: 415, headers: { ...each, 'content-type': type } })),
    { name: 'text/plain', body: text, headers: { ...each, 'content-type': 'text/plain' } },
    ...(readsNoKey ? [] : BAD_KEYS).map((key) => ({
      name: `Idempotency-Key ${key}`,
      body: text,
      status: 400,
      headers: { 'idempotency-key': key },
    })),
    ...(needsKey ? [{ name: 'no Idempotency-Key', body: text, status: 400 }] : []),
    ...(route.includes(':id') ? WEIRD_IDS : []).map((id) => ({
      name: `id ${id.slice(0, 50)}`,
      body: text,
      url: (route.split(' ')[1] ?? '').replace(':id', id),
    })),
  ]
}

test.each(Object.entries(SPECS))('%s refuses what does not fit, and writes nothing', async (route, spec) => {
  await asking(route, spec.by, (asked) => expectAllRefused(asked, requestsOf(route, spec)))
})

/** Any value of JSON in the place of each field, or of all of them. */
test.each(Object.entries(SPECS))(
  '%s never fails inside, and where it refuses it writes nothing',
  async (route, spec) => {
    const { by, good, fields, needsKey } = spec
    expect(Object.keys(fields).sort()).toEqual(Object.keys(good).sort())
    const anything = fc.oneof(fc.jsonValue(), fc.string({ unit: 'binary' }), fc.double(), fc.maxSafeInteger())
    const some = Object.entries(good).map(([field, value]) => [field, fc.oneof(fc.constant(value), anything)])
    const bodies = fc.oneof(
      fc.jsonValue(),
      fc.record<Record<string, unknown>>(Object.fromEntries(some), { requiredKeys: [] }),
      fc.dictionary(fc.string(), anything),
    )
    await asking(route, by, async ({ wrong }) => {
      let count = 0
      const property = fc.asyncProperty(bodies, async (body) => {
        count += 1
        const headers = needsKey ? { 'idempotency-key': `random-${count}` } : {}
        const problem = await wrong({ name: 'random', body: JSON.stringify(body), headers })
        if (problem !== undefined) expect(problem).toMatch(/^20\d /)
      })
      await fc.assert(property, { numRuns: 60, seed: 20_261_122 })
    })
  },
)

test.each(Object.entries(WITHOUT_BODY))(
  '%s refuses ids that are none, whatever body comes along',
  async (route, by) => {
    await asking(route, by, async (asked) => {
      const path = route.split(' ')[1] ?? ''
      if (!path.includes(':id')) return
      const urls = WEIRD_IDS.map((id) => path.replace(':id', id))
      await expectAllRefused(asked, [
        ...urls.map((url) => ({ name: url.slice(0, 80), url })),
        ...Object.entries(BODIES).map(([name, body]) => ({ name, body, url: path.replace(':id', 'none') })),
        { name: 'too large', body: `"${'x'.repeat(256 * 1024)}"`, url: path.replace(':id', 'none'), status: 413 },
      ])
    })
  },
)

test.each(Object.entries(SPECS).filter(([, { by }]) => by === 'admin'))(
  '%s refuses actors that are none',
  async (route, spec) => {
    await asking(route, 'admin', async (asked) => {
      const actors = [
        '',
        ' ',
        'nobody',
        '__proto__',
        "' or 1=1 --",
        'u3 ',
        'U3',
        'u3, u3',
        '🦗',
        'u3\u0000',
        'x'.repeat(8_000),
      ]
      const body = JSON.stringify(spec.good)
      const requests = actors.map((actor) => ({ name: actor.slice(0, 20), body, headers: { 'x-gogga-actor': actor } }))
      await expectAllRefused(asked, requests)
    })
  },
)

test(`${FORM} refuses what does not fit, though it is signed, and writes nothing`, async () => {
  await using payfast = await startPayfast({
    merchant: {
      id: TRY_OUT.PAYFAST_MERCHANT_ID ?? '',
      key: TRY_OUT.PAYFAST_MERCHANT_KEY ?? '',
      passphrase: TRY_OUT.PAYFAST_PASSPHRASE ?? '',
    },
  })
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  const good = payfast.itn({ custom_str3: 'u4' })
  const fields = Object.entries(BAD_ITN).flatMap(([field, values]) =>
    values.map((value) => ({
      name: `${field} ${value.slice(0, 30)}`,
      body: payfast.itn({ custom_str3: 'u4', [field]: value }),
      headers: form,
    })),
  )
  const { 'a form': _, ...bodies } = BODIES
  const requests: readonly Request[] = [
    ...fields,
    ...Object.entries(bodies).map(([name, body]) => ({ name, body, headers: form })),
    { name: 'no body' },
    { name: 'a field twice', body: `${good}&custom_str2=JIVE`, headers: form },
    { name: 'one more field', body: `${good}&custom_str9=JIVE`, headers: form },
    { name: 'a raw NUL', body: `${good}\u0000`, headers: form },
    { name: 'too large', body: `${good}&x=${'x'.repeat(16_384)}`, headers: form, status: 413 },
    ...['application/json', 'text/plain', 'application/xml', 'nonsense'].map((type) => ({
      name: type,
      body: good,
      headers: { 'content-type': type },
      status: 415,
    })),
  ]
  await asking(FORM, 'nobody', async (asked) => {
    await expectAllRefused(asked, requests)
    expect(await asked.wrong({ name: 'good', body: good, headers: form })).toMatch(/^200 text\/plain/)
  })
})

test('what fits is taken: the cases above are refused for what they change', async () => {
  for (const [route, { by, good, needsKey }] of Object.entries(SPECS)) {
    if (route === 'POST /v1/auth/sessions') continue // Its token would have to come by mail.
    const headers = needsKey ? { 'idempotency-key': 'good' } : {}
    await asking(route, by, async ({ wrong }) => {
      expect(await wrong({ name: 'good', body: JSON.stringify(good), headers }), route).toMatch(/^20[012] /)
    })
  }
})
