import { expect, test } from 'vitest'
import { type By, type TestApp, withApp } from './app.ts'

const URL = '/v1/usage'

let keys = 0
const keyed = (by: By, key = `k${keys++}`): By => ({ ...by, headers: { 'idempotency-key': key } })
const frontend: By = { scopes: ['frontend'] }

/** u1 has a JIGGA month that nobody touched, and 1,000 credits beyond it. */
const withMonth = <T>(work: (test: TestApp) => Promise<T>): Promise<T> =>
  withApp(async (test) => {
    const { context, clock } = test
    await context.files.billing.change((tx) => {
      tx.update(
        'Subscription',
        { userId: 'u1' },
        {
          credits: 1_000,
          monthlyCredits: 2_000_000,
          imagesLimit: 1_000,
          startedAt: clock.now,
          lastReset: clock.now,
          nextBilling: new Date(clock.now.getTime() + 20 * 86_400_000),
        },
      )
    })
    return await work(test)
  })

const rowOf = ({ context }: TestApp) => context.files.billing.rows.find('Subscription', { userId: 'u1' })

test('a person spends what is their own, a service what it names; allowance before packs', async () => {
  await withMonth(async (test) => {
    const { post, session } = test
    const by = { session: await session('u1') }
    const own = await post(URL, { credits: 1_999_000, images: 3 }, keyed(by))
    expect(own.statusCode).toBe(200)
    expect(own.json().data).toEqual({ fromAllowance: 1_999_000, fromPacks: 0, creditsLeft: 2_000, imagesLeft: 997 })
    const named = await post(URL, { userId: 'u1', credits: 1_500 }, keyed(frontend))
    expect(named.json().data).toEqual({ fromAllowance: 1_000, fromPacks: 500, creditsLeft: 500, imagesLeft: 997 })
    expect(named.json().change.settled).toBe(true)
    const self = await post(URL, { userId: 'u1', images: 1 }, keyed(by))
    expect(self.json().data).toMatchObject({ creditsLeft: 500, imagesLeft: 996 })
    expect(rowOf(test)).toMatchObject({ credits: 500, creditsUsed: 2_000_000, imagesUsed: 4 })
  })
})

test('a person names nobody else, and a service somebody who is there', async () => {
  await withMonth(async (test) => {
    const { post, session } = test
    const by = { session: await session('u2') }
    const other = await post(URL, { userId: 'u1', credits: 1 }, keyed(by))
    expect(other.statusCode).toBe(403)
    expect(other.json().errors).toEqual([{ at: 'userId', message: 'is somebody else' }])
    const nobody = await post(URL, { credits: 1 }, keyed(frontend))
    expect(nobody.statusCode).toBe(400)
    expect(nobody.json().errors).toEqual([{ at: 'userId', message: 'is needed' }])
    expect((await post(URL, { userId: 'u99', credits: 1 }, keyed(frontend))).statusCode).toBe(404)
    expect((await post(URL, { userId: 'k1', credits: 1 }, keyed(frontend))).statusCode).toBe(404)
    expect(rowOf(test)).toMatchObject({ creditsUsed: 0, credits: 1_000 })
  })
})

test('a repeat gets the same answer and spends nothing; the same key with another body is refused', async () => {
  await withMonth(async (test) => {
    const { post } = test
    const body = { userId: 'u1', credits: 10 }
    const first = await post(URL, body, keyed(frontend, 'once'))
    const again = await post(URL, { credits: 10, userId: 'u1' }, keyed(frontend, 'once'))
    expect(again.body).toBe(first.body)
    expect(again.headers['idempotent-replayed']).toBe('true')
    const other = await post(URL, { ...body, credits: 11 }, keyed(frontend, 'once'))
    expect(other.statusCode).toBe(422)
    expect(other.json().type).toBe('urn:gogga:problem:idempotency-key-reused')
    expect(rowOf(test)?.creditsUsed).toBe(10)

    const late = new Date(test.clock.now.getTime() + 24 * 3_600_000)
    test.clock.now = late
    expect((await post(URL, { ...body, credits: 11 }, keyed(frontend, 'once'))).statusCode).toBe(200)
    expect(rowOf(test)?.creditsUsed).toBe(21)
  })
})

test("a spender's key is spent once, whoever asks with it; another spender's is another", async () => {
  await withMonth(async (test) => {
    const { post, session } = test
    const callers: By[] = [frontend, { session: await session('u1') }, { scopes: ['frontend', 'ops'] }]
    for (const by of callers)
      expect((await post(URL, { userId: 'u1', credits: 1 }, keyed(by, 'k'))).statusCode).toBe(200)
    expect(rowOf(test)?.creditsUsed).toBe(1)
    expect((await post(URL, { userId: 'u4', images: 1 }, keyed(frontend, 'k'))).json()).toMatchObject({
      data: { fromAllowance: 0 },
    })
  })
})

test('what is not enough is refused whole, with what is left; the refusal is the answer of a repeat too', async () => {
  await withMonth(async (test) => {
    const { post } = test
    const body = { userId: 'u1', credits: 2_001_001, images: 1 }
    const answer = await post(URL, body, keyed(frontend, 'much'))
    expect(answer.statusCode).toBe(409)
    expect(answer.json().errors).toEqual([{ at: 'credits', message: '2001000 left' }])
    expect((await post(URL, body, keyed(frontend, 'much'))).json().errors).toEqual(answer.json().errors)
    const images = await post(URL, { userId: 'u1', images: 1_001 }, keyed(frontend))
    expect(images.json().errors).toEqual([{ at: 'images', message: '1000 left' }])
    expect(rowOf(test)).toMatchObject({ creditsUsed: 0, imagesUsed: 0 })
  })
})

test('sixty at once with room for fifty: fifty are spent, ten refused, nothing is left', async () => {
  await withMonth(async (test) => {
    const { post } = test
    const answers = await Promise.all(
      Array.from({ length: 60 }, () => post(URL, { userId: 'u1', credits: 40_020 }, keyed(frontend))),
    )
    const statuses = answers.map(({ statusCode }) => statusCode)
    expect(statuses.filter((status) => status === 200)).toHaveLength(50)
    expect(statuses.filter((status) => status === 409)).toHaveLength(10)
    expect(rowOf(test)).toMatchObject({ creditsUsed: 2_000_000, credits: 0 })
  })
})

test('ten at once with one key spend once', async () => {
  await withMonth(async (test) => {
    const { post } = test
    const body = { userId: 'u1', credits: 5 }
    const answers = await Promise.all(Array.from({ length: 10 }, () => post(URL, body, keyed(frontend, 'same'))))
    for (const { statusCode, headers } of answers) {
      expect([200, 409]).toContain(statusCode)
      if (statusCode === 409) expect(headers['retry-after']).toBe('1')
    }
    expect(answers.some(({ statusCode }) => statusCode === 200)).toBe(true)
    expect(rowOf(test)?.creditsUsed).toBe(5)
  })
})

test.each<[string, unknown]>([
  ['nothing to spend', { userId: 'u1' }],
  ['zeros', { userId: 'u1', credits: 0, images: 0 }],
  ['a negative number', { userId: 'u1', credits: -1 }],
  ['a negative number beside a positive one', { userId: 'u1', credits: 5, images: -1 }],
  ['a fraction', { userId: 'u1', credits: 1.5 }],
  ['text', { userId: 'u1', credits: '5' }],
  ['null', { userId: 'u1', credits: null }],
  ['too many credits', { userId: 'u1', credits: 100_000_001 }],
  ['too many images', { userId: 'u1', images: 10_001 }],
  ['a huge integer', '{"userId":"u1","credits":9007199254740993}'],
  ['infinity', '{"userId":"u1","credits":1e999}'],
  ['an empty id', { userId: '', credits: 1 }],
  ['an endless id', { userId: 'x'.repeat(201), credits: 1 }],
  ['a list of ids', { userId: ['u1'], credits: 1 }],
  ['another field', { userId: 'u1', credits: 1, tier: 'JIGGA' }],
  ['an array', []],
  ['a number as a body', '7'],
])('%s: 400, and nothing is spent', async (_name, body) => {
  await withMonth(async (test) => {
    const by = keyed(frontend)
    const headers = { ...by.headers, 'content-type': 'application/json' }
    const answer = await test.post(URL, body, { ...by, headers })
    expect(answer.statusCode, answer.body).toBe(400)
    expect(answer.json().errors.length).toBeGreaterThan(0)
    expect(rowOf(test)).toMatchObject({ creditsUsed: 0, imagesUsed: 0, credits: 1_000 })
  })
})

test('odd ids are ids of nobody', async () => {
  await withMonth(async ({ post }) => {
    for (const userId of ["u1' or '1'='1", 'u1\u0000', '\ud800', 'ü1', 'u1 ', 'U1', '%', 'ｕ１'])
      expect((await post(URL, { userId, credits: 1 }, keyed(frontend))).statusCode, userId).toBe(404)
  })
})

test('without an Idempotency-Key nothing is spent', async () => {
  await withMonth(async (test) => {
    const answer = await test.post(URL, { userId: 'u1', credits: 1 }, frontend)
    expect(answer.statusCode).toBe(400)
    expect(answer.json().errors).toEqual([{ at: 'idempotency-key', message: 'is needed' }])
    expect(rowOf(test)?.creditsUsed).toBe(0)
  })
})
