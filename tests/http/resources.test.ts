import { expect, test } from 'vitest'
import { resources } from '../../src/database/catalog.ts'
import { listAnswer, oneAnswer } from '../../src/http/schemas/rows.ts'
import { OverviewAnswer, TierStatsAnswer } from '../../src/http/schemas/stats.ts'
import { PEOPLE, sharedApp, withApp } from './app.ts'

const shared = sharedApp()

const LISTED = resources.filter(({ listed }) => listed)
/** A link of each resource, to see expanded rows against the schema as well; the others have none. */
const EXPAND: Readonly<Record<string, string>> = {
  users: 'subscription.events,payments,vouchers.logs,adminLogs.origin',
  subscriptions: 'user,events',
  'subscription-events': 'subscription.user',
  'credit-purchases': 'user',
  payments: 'user.subscription',
  'recurring-schedules': 'user',
  vouchers: 'creator,user,logs',
  'voucher-logs': 'voucher.user.subscription',
  'admin-logs': 'admin,target,origin',
}

test.each(LISTED.map((model) => [model.resource ?? '', model] as const))(
  '%s: a list and a row by id, as the schema says',
  async (resource, model) => {
    const { get } = shared()
    const expand = EXPAND[resource] === undefined ? '' : `&expand=${EXPAND[resource]}`
    const list = await get(`/v1/${resource}?meta=sources${expand}`)
    expect(list.statusCode).toBe(200)
    expect(list.headers['content-type']).toBe('application/json; charset=utf-8')
    const body = list.json()
    expect(body.data.length).toBeGreaterThan(0)
    expect(listAnswer(model).safeParse(body).error).toBeUndefined()

    const one = await get(`/v1/${resource}/${body.data[0].id}?${expand}`)
    expect(one.statusCode).toBe(200)
    expect(oneAnswer(model).safeParse(one.json()).error).toBeUndefined()
    expect(one.json().data).toEqual(body.data[0])

    const none = await get(`/v1/${resource}/nobody`)
    expect(none.statusCode).toBe(404)
    expect(`${list.body}${one.body}`).not.toContain('secret-token')
  },
)

test('the users of a tier with what they bought, by email', async () => {
  const { get } = shared()
  const url = '/v1/users?expand=subscription,payments,vouchers&filter[subscription.tier]=JIGGA&sort=email'
  const answer = await get(url, ['admin', 'pii:read'])
  expect(answer.statusCode).toBe(200)
  const { data, page, meta } = answer.json()
  const expected = PEOPLE.filter(({ tier }) => tier === 'JIGGA').map(({ email }) => email)
  expect(data.map(({ email }: { email: string }) => email)).toEqual([...expected].sort())
  const thabo = data.find(({ id }: { id: string }) => id === 'u1')
  expect(thabo.subscription.tier).toBe('JIGGA')
  expect(thabo.payments.map(({ id }: { id: string }) => id).sort()).toEqual(['p1', 'p2'])
  expect(thabo.vouchers.map(({ code }: { code: string }) => code)).toEqual(['GOGGA-1'])
  expect(page).toEqual({ next: null })
  expect(meta).toEqual({ orphans: 0 })
})

test('pages follow each other by their cursors, without a gap or a repeat', async () => {
  const { get } = shared()
  const seen: string[] = []
  let after = ''
  for (let pages = 0; pages < 10; pages++) {
    const { data, page } = (await get(`/v1/users?limit=2&sort=-id${after}`)).json()
    seen.push(...data.map(({ id }: { id: string }) => id))
    if (page.next === null) break
    after = `&after=${encodeURIComponent(page.next)}`
  }
  expect(seen).toEqual(['u5', 'u4', 'u3', 'u2', 'u1'])
})

test('filters reach their operators, and a list of values its elements', async () => {
  const { get } = shared()
  const ids = async (query: string) => {
    const answer = await get(`/v1/subscriptions?sort=credits&${query}`)
    expect(answer.statusCode, query).toBe(200)
    return answer.json().data.map(({ userId }: { userId: string }) => userId)
  }
  expect(await ids('filter[tier]=JIVE')).toEqual(['u2'])
  expect(await ids('filter[tier][in]=JIVE,FREE')).toEqual(['u2', 'u4'])
  expect(await ids('filter[credits][gte]=100&filter[credits][lt]=300')).toEqual(['u2', 'u3'])
  expect(await ids('filter%5Btier%5D%5Bne%5D=JIGGA')).toEqual(['u2', 'u4'])
  expect(await ids('filter[startedAt][isNull]=true&limit=1')).toEqual(['u1'])
  expect(await ids('filter[startedAt][isNull]=false')).toEqual([])
  expect(await ids('filter[createdAt][gt]=2026-01-04T00:00:00Z')).toEqual(['u5'])
})

test('a broken link is null and counted', async () => {
  const { get } = shared()
  const { data, meta } = (await get('/v1/payments?expand=user&filter[userId]=gone')).json()
  expect(data[0].user).toBeNull()
  expect(meta.orphans).toBe(1)
})

test('meta=sources tells what each file did, and only then', async () => {
  const { get } = shared()
  const { meta } = (await get('/v1/users?expand=subscription,vouchers&meta=sources')).json()
  const domains = meta.sources.map(({ domain }: { domain: string }) => domain)
  expect([...domains].sort()).toEqual(['admin', 'billing', 'identity'])
  expect((await get('/v1/users')).json().meta).toEqual({ orphans: 0 })
})

test('HEAD answers as GET does, without the body', async () => {
  const { app, key } = shared()
  const headers = { authorization: `Bearer ${await key('admin')}` }
  const get = await app.inject({ method: 'GET', url: '/v1/users', headers })
  const head = await app.inject({ method: 'HEAD', url: '/v1/users', headers })
  expect(head.statusCode).toBe(200)
  expect(head.body).toBe('')
  expect(head.headers['content-length']).toBe(get.headers['content-length'])
})

test('the figures across the files, as their schemas say', async () => {
  const { get } = shared()
  const tiers = (await get('/v1/stats/subscriptions', ['ops'])).json()
  expect(TierStatsAnswer.safeParse(tiers).error).toBeUndefined()
  expect(tiers.data).toEqual([
    { tier: 'FREE', userCount: 1, totalCredits: 300 },
    { tier: 'JIGGA', userCount: 3, totalCredits: 600 },
    { tier: 'JIVE', userCount: 1, totalCredits: 100 },
  ])
  const overview = (await get('/v1/stats/overview', ['ops'])).json()
  expect(OverviewAnswer.safeParse(overview).error).toBeUndefined()
  expect(overview.data).toMatchObject({ users: { total: 5 }, payments: { count: 4, sumCents: 119_600 } })
})

const CODE = 'GOGGA-1'

test.each([
  '/v1/vouchers',
  '/v1/vouchers?filter[redeemed]=false',
  '/v1/vouchers/v1',
  '/v1/users?expand=vouchers',
  '/v1/users/u1?expand=vouchers',
  '/v1/subscriptions?expand=user.vouchers,user.redeemedVouchers',
])('a code that can be redeemed is shown to administrators alone: %s', async (url) => {
  await withApp(async ({ get }) => {
    // First in clear, so that a plan made for one reader would show itself to the next.
    expect((await get(url, ['admin'])).body).toContain(CODE)
    for (const scopes of [
      ['frontend'],
      ['compliance'],
      ['frontend', 'pii:read'],
      ['compliance', 'pii:read'],
    ] as const) {
      const { statusCode, body } = await get(url, scopes)
      expect([statusCode, body], scopes.join()).toEqual([200, expect.stringContaining('"code":"***"')])
      expect(body, scopes.join()).not.toContain(CODE)
    }
    expect((await get('/v1/voucher-logs?expand=voucher', ['compliance'])).body).not.toContain(CODE)
  })
})

test.each([
  `/v1/vouchers?filter[code]=${CODE}`,
  '/v1/vouchers?filter[code][startsWith]=GOGGA-1',
  '/v1/vouchers?filter[code][gt]=GOGGA-0',
  '/v1/vouchers?filter[code][isNull]=false',
  '/v1/vouchers?sort=code',
  '/v1/users?filter[vouchers.code][startsWith]=G',
])('asking by a code is reading it, which needs the scope admin: %s', async (url) => {
  await withApp(async ({ get }) => {
    expect((await get(url, ['admin'])).statusCode).toBe(200)
    for (const scopes of [['frontend', 'pii:read'], ['compliance']] as const) {
      const answer = await get(url, scopes)
      expect(answer.statusCode, answer.body).toBe(403)
      expect(answer.json().errors).toEqual([{ at: expect.any(String), message: expect.stringContaining('code') }])
      expect(answer.body).not.toContain(CODE)
    }
  })
})

test('a list in the order of codes goes on from page to page, and no code stands in the cursor', async () => {
  await withApp(async ({ context, get }) => {
    const some = { type: 'R200', createdBy: 'u2', expiresAt: new Date('2026-12-01') }
    await context.files.admin.client.voucher.createMany({
      data: ['GOGGA-2', 'GOGGA-3'].map((code, index) => ({ ...some, id: `v${index + 2}`, code })),
    })
    const codes: string[] = []
    let after = ''
    for (let page = 0; page < 3; page++) {
      const answer = (await get(`/v1/vouchers?sort=-code&limit=1${after}`)).json()
      codes.push(...answer.data.map(({ code }: { code: string }) => code))
      expect(Buffer.from(answer.page.next ?? '', 'base64url').toString()).not.toContain('GOGGA')
      after = `&after=${answer.page.next}`
    }
    expect(codes).toEqual(['GOGGA-3', 'GOGGA-2', 'GOGGA-1'])
  })
})
