import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { sharedApp } from './app.ts'

const shared = sharedApp()

test('/docs is a page whose script comes from this server, and which may load nothing from elsewhere', async () => {
  const { app } = shared()
  const moved = await app.inject('/docs')
  expect(moved.headers.location).toBe('/docs/')
  const page = await app.inject('/docs/')
  expect(page.headers['content-type']).toContain('text/html')
  expect(page.body).not.toMatch(/https?:\/\//)
  expect(page.body).toContain('"url": "/openapi.json"')

  const [, source] = /<script src="([^"]+)"/.exec(page.body) ?? []
  const script = await app.inject(new URL(source ?? '', 'http://localhost/docs/').pathname)
  expect(script.statusCode).toBe(200)
  expect(script.headers['content-type']).toContain('javascript')
  expect(script.body.length).toBeGreaterThan(1_000_000)

  const policy = String(page.headers['content-security-policy'])
  expect(policy).toContain("default-src 'none'")
  expect(policy).toContain("connect-src 'self'")
  expect(policy).not.toMatch(/https?:|\*/)
})

test("the page's own inline script is the only one that its policy allows", async () => {
  const { app } = shared()
  const page = await app.inject('/docs/')
  const inline = [...page.body.matchAll(/<script type="text\/javascript">([\s\S]+?)<\/script>/g)].map(
    ([, text]) => text,
  )
  const hashes = inline.map(
    (text) =>
      `'sha256-${createHash('sha256')
        .update(text ?? '')
        .digest('base64')}'`,
  )
  expect(hashes).toHaveLength(1)
  expect(String(page.headers['content-security-policy'])).toContain(`script-src 'self' ${hashes[0]};`)
})
