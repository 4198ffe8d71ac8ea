import { expect, test } from 'vitest'
import { withApp } from './app.ts'

test('every kind of answer carries the security headers', async () => {
  await withApp(async ({ app, get }) => {
    const answers = [
      await get('/v1/users'),
      await app.inject('/v1/users'),
      await app.inject('/nowhere'),
      await app.inject('/health/live'),
    ]
    for (const { headers, statusCode } of answers) {
      expect(headers, String(statusCode)).toMatchObject({
        'cache-control': 'no-store',
        'content-security-policy': "default-src 'none';frame-ancestors 'none'",
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
      })
      expect(headers).not.toHaveProperty('x-powered-by')
    }
  })
})

test('without origins no answer speaks to browsers of other sites', async () => {
  await withApp(async ({ app }) => {
    const answer = await app.inject({ url: '/health/live', headers: { origin: 'https://gogga.example' } })
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin')
  })
})

test('with origins these and no others may call, preflight included', async () => {
  await withApp(
    async ({ app, get }) => {
      const from = (origin: string) => app.inject({ url: '/health/live', headers: { origin } })
      expect((await from('https://a.example')).headers['access-control-allow-origin']).toBe('https://a.example')
      expect((await from('https://evil.example')).headers).not.toHaveProperty('access-control-allow-origin')
      const preflight = await app.inject({
        method: 'OPTIONS',
        url: '/v1/users',
        headers: {
          origin: 'https://a.example',
          'access-control-request-method': 'GET',
          'access-control-request-headers': 'authorization',
        },
      })
      expect(preflight.statusCode).toBe(204)
      expect(preflight.headers['access-control-allow-headers']).toContain('authorization')
      expect((await app.inject('/v1/users')).statusCode).toBe(401)
      expect((await get('/v1/users')).statusCode).toBe(200)
    },
    { env: { GOGGA_CORS_ORIGINS: 'https://a.example, https://b.example' } },
  )
})

test('a key that asks too often is told when to come back, and others are not held up', async () => {
  await withApp(
    async ({ get }) => {
      for (let asked = 0; asked < 3; asked++) expect((await get('/v1/payments')).statusCode).toBe(200)
      const answer = await get('/v1/users')
      expect(answer.statusCode).toBe(429)
      expect(answer.headers['content-type']).toContain('application/problem+json')
      expect(answer.json()).toMatchObject({ type: 'urn:gogga:problem:too-many-requests', status: 429 })
      const wait = Number(answer.headers['retry-after'])
      expect(wait).toBeGreaterThan(0)
      expect(wait).toBeLessThanOrEqual(60)
      expect((await get('/v1/users', ['frontend'])).statusCode).toBe(200)
    },
    { env: { GOGGA_RATE_LIMIT_PER_MINUTE: '3' } },
  )
})

test('whoever probes is answered under any limit, and so is not taken for one who asks too often', async () => {
  await withApp(
    async ({ app }) => {
      for (let asked = 0; asked < 5; asked++) {
        for (const url of ['/health/live', '/health/ready']) expect((await app.inject(url)).statusCode, url).toBe(200)
      }
      expect((await app.inject('/openapi.json')).statusCode).toBe(200)
      expect((await app.inject('/openapi.json')).statusCode).toBe(429)
    },
    { env: { GOGGA_RATE_LIMIT_PER_MINUTE: '1' } },
  )
})

test('0 is no limit', async () => {
  await withApp(async ({ get }) => {
    for (let asked = 0; asked < 50; asked++) expect((await get('/v1/payments?limit=1')).statusCode).toBe(200)
  })
})
