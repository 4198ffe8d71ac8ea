// Personal information where nobody asks for it: in reasons and names, as ids in paths, as headers, as names of fields and
// parameters. Afterwards neither billing.db nor admin.db nor a line of the log holds it, and answers do not repeat it.
import { expect, test } from 'vitest'
import { TRY_OUT } from '../../src/config.ts'
import { startPayfast } from '../helpers/payfast-server.ts'
import { act, adminLogs, bytesOf, withRoles } from './administrators.ts'
import { type TestApp, withApp } from './app.ts'

/** By kind, in the spelling that is planted. */
const CANARIES = {
  email: 'canary.nkosi@birds.example',
  phone: '+27 82 555 0199',
  idNumber: '8001015009087',
  card: '4111 1111 1111 1111',
  ip: '198.51.100.77',
  iban: 'GB82 WEST 1234 5698 7654 32',
} as const

const withCanary = (work: (test: TestApp) => Promise<void>) =>
  withApp(
    async (test) => {
      await withRoles(test)
      await work(test)
    },
    { env: { ...TRY_OUT, PAYFAST_SOURCES: '', GOGGA_LOG_LEVEL: 'trace' } },
  )

async function expectNowhere(test: TestApp, canary: string): Promise<void> {
  const spellings = [canary, encodeURIComponent(canary), JSON.stringify(canary).slice(1, -1), canary.toUpperCase()]
  const places = {
    'billing.db': await bytesOf(test, 'billing'),
    'admin.db': await bytesOf(test, 'admin'),
    'the log': test.log.join(''),
  }
  for (const [place, bytes] of Object.entries(places))
    for (const spelling of spellings) expect(bytes.includes(spelling), `${spelling} in ${place}`).toBe(false)
}

const attempts = ({ context }: TestApp) => context.files.identity.rows.list('PiiAttempt', {})

test.each(Object.entries(CANARIES))(
  'what people write goes to admin.db without its %s, and each is an attempt',
  (kind, canary) =>
    withCanary(async (test) => {
      const text = `asked by ${canary}, twice`
      const voucher = { type: 'R200' }
      const asked = [
        await act(test, { url: '/v1/users/u4/tier-overrides', body: { tier: 'JIGGA', reason: text } }),
        await act(test, { url: '/v1/users/u4/credit-adjustments', body: { credits: 10, reason: text } }),
        await act(test, { url: '/v1/voucher-batches', body: { ...voucher, count: 3, name: text } }),
        await act(test, { url: '/v1/vouchers/v1/void', body: { reason: text } }),
      ]
      expect(asked.map(({ statusCode, body }) => [statusCode, body.includes(canary)])).toEqual(
        [200, 200, 201, 200].map((status) => [status, false]),
      )
      expect(adminLogs(test)).toHaveLength(4)
      for (const { meta } of adminLogs(test)) expect(meta).toMatch(/asked by pii:[0-9a-f]{32}, twice/)
      const place = 'admin.AdminLog.meta'
      expect(attempts(test).map((row) => [row.place, row.kind, row.outcome])).toEqual([
        ...[place, place, place, 'admin.Voucher.voidReason'].map((at) => [at, kind, 'detached']),
      ])
      await expectNowhere(test, canary)
      const { body } = await test.get('/metrics', ['ops'])
      expect(body).toContain(`gogga_pii_attempts_total{domain="admin",kind="${kind}",outcome="detached"} 4`)
    }),
)

interface Asked {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly url: string
  readonly payload?: object
  readonly headers?: Readonly<Record<string, string>>
}

/** Requests that bring it along, all of them by an administrator's key. */
const requests = (canary: string): readonly Asked[] => {
  const inUrl = encodeURIComponent(canary)
  const post = (url: string, payload: object, headers: Record<string, string> = {}): Asked => ({
    method: 'POST',
    url,
    payload,
    headers,
  })
  const usage = { credits: 1, userId: 'u3' }
  return [
    `/${inUrl}`,
    `/v1/users/${inUrl}`,
    `/v1/users/${inUrl}?expand=subscription`,
    `/v1/users?filter[email]=${inUrl}`,
    `/v1/users?filter[${inUrl}]=1`,
    `/v1/users?sort=${inUrl}`,
    `/v1/users?expand=${inUrl}`,
    `/v1/users?after=${inUrl}`,
    `/v1/users?limit=${inUrl}`,
    `/v1/users?${inUrl}=1`,
    `/v1/users?filter[subscription.tier]=${inUrl}`,
    `/v1/vouchers?filter[id]=${inUrl}`,
    `/v1/changes/${inUrl}`,
    `/v1/stats/${inUrl}`,
  ]
    .map((url): Asked => ({ method: 'GET', url }))
    .concat([
      post(`/v1/users/${inUrl}/roles`, { isAdmin: true }),
      post(`/v1/users/${inUrl}/tier-overrides`, { tier: 'JIGGA', reason: 'x' }),
      post(`/v1/users/${inUrl}/credit-adjustments`, { credits: 1, reason: 'x' }),
      post(`/v1/vouchers/${inUrl}/void`, { reason: canary }),
      { method: 'DELETE', url: `/v1/vouchers/${inUrl}` },
      post('/v1/vouchers', { type: canary }),
      post('/v1/vouchers', { [canary]: 1, type: 'R200' }),
      post('/v1/user-lookups', { email: canary }),
      post('/v1/user-lookups', { email: `${canary}@birds.example` }),
      post('/v1/vouchers', { type: 'R200' }, { 'idempotency-key': canary.replaceAll(' ', '') }),
      post('/v1/vouchers', { type: 'R200' }, { 'idempotency-key': canary }),
      post('/v1/vouchers', { type: 'R200' }, { 'x-gogga-actor': canary }),
      post(`/v1/ops/outbox/${inUrl}/retry`, {}),
      post(`/v1/ops/outbox/${inUrl}/drop`, {}),
      post('/v1/usage', { ...usage, userId: canary }, { 'idempotency-key': 'k1' }),
      post('/v1/usage', { ...usage, [canary]: 1 }, { 'idempotency-key': 'k2' }),
      {
        method: 'GET',
        url: '/v1/users/u1',
        headers: { 'x-gogga-purpose': canary, 'user-agent': canary, referer: canary, 'x-request-id': canary },
      },
    ])
}

test.each(Object.entries(CANARIES))(
  '%s in paths, parameters, headers and names of fields leaves nothing',
  (_kind, canary) =>
    withCanary(async (test) => {
      const keys = [await test.key('admin'), await test.key('frontend'), await test.key('admin', 'pii:read')]
      for (const key of keys) {
        for (const request of requests(canary)) {
          const headers = { 'x-gogga-actor': 'u3', authorization: `Bearer ${key}`, ...request.headers }
          const answer = await test.app.inject({ ...request, headers })
          expect(answer.statusCode, answer.body).toBeLessThan(500)
          expect(answer.body.includes(canary), `${request.url} repeats it: ${answer.body}`).toBe(false)
        }
      }
      await expectNowhere(test, canary)
      expect(attempts(test).filter(({ outcome }) => outcome === 'refused')).toEqual([])
    }),
)

test.each(Object.entries(CANARIES))('%s of a person at the door stays in identity.db', (_kind, canary) =>
  withCanary(async (test) => {
    const session = await test.session('u3')
    const headers = { 'idempotency-key': canary.replaceAll(' ', '') }
    const answers = [
      await test.post('/v1/auth/login-tokens', { email: canary }),
      await test.post('/v1/auth/login-tokens', { email: `${canary.replaceAll(' ', '.')}@birds.example` }),
      await test.post('/v1/auth/sessions', { token: canary }),
      await test.post('/v1/me/redemptions', { code: canary }, { session, headers }),
      await test.post('/v1/me/checkouts', { kind: 'subscription', tier: canary }, { session }),
      await test.post('/v1/me/subscription/tier', { tier: canary }, { session }),
      await test.post('/v1/usage', { credits: 1 }, { session, headers }),
    ]
    for (const { statusCode, body } of answers) {
      expect(statusCode, body).toBeLessThan(500)
      expect(body).not.toContain(canary)
    }
    await expectNowhere(test, canary)
  }),
)

const MERCHANT = {
  id: TRY_OUT.PAYFAST_MERCHANT_ID ?? '',
  key: TRY_OUT.PAYFAST_MERCHANT_KEY ?? '',
  passphrase: TRY_OUT.PAYFAST_PASSPHRASE ?? '',
}

test.each(Object.entries(CANARIES))('%s in the free fields of a notification leaves nothing', (_kind, canary) =>
  withCanary(async (test) => {
    await using payfast = await startPayfast({ merchant: MERCHANT })
    const texts = [
      'item_name',
      'item_description',
      'name_first',
      'name_last',
      'custom_str4',
      'custom_str5',
      'custom_int1',
    ]
    const notify = (fields: Readonly<Record<string, string>>) =>
      test.app.inject({
        method: 'POST',
        url: '/v1/payfast/notifications',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        remoteAddress: '197.97.145.150',
        payload: payfast.itn({ m_payment_id: 'a41c7d52', custom_str3: 'u4', ...fields }),
      })
    const everywhere = Object.fromEntries(texts.map((name) => [name, canary]))
    expect((await notify({ ...everywhere, email_address: canary })).statusCode).toBe(200)
    for (const name of [
      'm_payment_id',
      'custom_str1',
      'custom_str2',
      'custom_str3',
      'payment_status',
      'amount_gross',
    ]) {
      const answer = await notify({ [name]: canary, pf_payment_id: `77${name.length}` })
      expect(answer.statusCode, name).toBeLessThan(500)
      expect(answer.body, name).not.toContain(canary)
    }
    await expectNowhere(test, canary)
  }),
)
