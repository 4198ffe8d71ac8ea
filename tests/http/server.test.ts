// Over real sockets: what inject() cannot show.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { createContext } from '../../src/context.ts'
import { openWriter } from '../../src/database/connections.ts'
import { DOMAINS } from '../../src/database/domains.ts'
import { type Server, serve } from '../../src/main.ts'
import { type Databases, withDatabases } from '../helpers/databases.ts'
import { configOf, newKey } from './app.ts'

const CHILD = join(import.meta.dirname, 'children/serve.ts')

interface Served {
  readonly server: Server
  readonly databases: Databases
  readonly headers: { readonly authorization: string }
}

const withServer = (work: (served: Served) => Promise<void>) =>
  withDatabases(async (databases) => {
    const context = await createContext(configOf(databases, { GOGGA_LOG_LEVEL: 'silent' }))
    const key = await newKey(context, ['admin', 'pii:read'])
    await context.files.identity.client.user.create({ data: { id: 'u1', email: 'thabo@example.co.za' } })
    await using server = await serve(context)
    await work({ server, databases, headers: { authorization: `Bearer ${key}` } })
  })

/** Sends bytes as they are and gives back everything that comes until the server hangs up. */
async function raw(address: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(address)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => undefined)
  socket.write(bytes)
  return text(socket)
}

test('it answers, keeps connections alive and lets go of them when it closes', async () => {
  await withServer(async ({ server, headers }) => {
    expect(server.address).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    const answer = await fetch(`${server.address}/v1/users?filter[email]=thabo@example.co.za`, { headers })
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({ data: [{ id: 'u1', email: 'thabo@example.co.za' }] })
    await server.close()
    await expect(fetch(`${server.address}/health/live`)).rejects.toThrow()
    await server.closed
  })
})

test('many requests at once over sockets each get their own answer', async () => {
  await withServer(async ({ server, headers }) => {
    const urls = Array.from({ length: 100 }, (_, index) => `${server.address}/v1/users/u${index}`)
    const answers = await Promise.all(urls.map((url) => fetch(url, { headers })))
    expect(answers.map(({ status }) => status)).toEqual(urls.map((_, index) => (index === 1 ? 200 : 404)))
    const bodies = (await Promise.all(answers.map((answer) => answer.json()))) as { instance?: string }[]
    expect(bodies[7]?.instance).toBe('/v1/users/u7')
  })
})

test.each([
  ['no HTTP', 'HELO\r\n\r\n', 400, 'malformed'],
  ['a header without a colon', 'GET / HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n', 400, 'malformed'],
  ['a line break in a path', 'GET /v1\n/users HTTP/1.1\r\nHost: a\r\n\r\n', 400, 'malformed'],
  [
    'both lengths',
    'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
    400,
    'malformed',
  ],
  ['an endless URL', `GET /v1/users?x=${'x'.repeat(40_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 431, 'headers-too-large'],
  ['an endless header', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`, 431, 'headers-too-large'],
])('%s gets a problem document and the end of the connection', async (_name, bytes, status, code) => {
  await withServer(async ({ server }) => {
    const answer = await raw(server.address, bytes)
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    const body = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4))
    expect(body).toMatchObject({ type: `urn:gogga:problem:${code}`, status, errors: [] })
    expect(body.requestId).toMatch(/-/)
    expect((await fetch(`${server.address}/health/live`)).status).toBe(200)
  })
})

test('dots in a path are not resolved, and bytes outside ASCII do no harm', async () => {
  await withServer(async ({ server }) => {
    for (const path of ['/v1/../health/live', '/v1/users/\u00e9', '/%2e%2e/health/live']) {
      const answer = await raw(server.address, `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
      expect(answer, path).toMatch(/^HTTP\/1\.1 (400|401|404) /)
      expect(answer, path).toContain('application/problem+json')
    }
  })
})

test('where the port is taken, serve fails and closes the files', async () => {
  await withServer(async ({ server, databases }) => {
    const { port } = new URL(server.address)
    const context = await createContext(configOf(databases, { PORT: port, GOGGA_LOG_LEVEL: 'silent' }))
    await expect(serve(context)).rejects.toMatchObject({ code: 'EADDRINUSE' })
    expect(context.files.identity.reader.open).toBe(false)
  })
})

test('a file that is not migrated is refused before anything listens, with the next step', async () => {
  await withDatabases(async (databases) => {
    const writer = openWriter('billing', databases.paths.billing)
    writer.exec('delete from "_prisma_migrations"')
    writer.close()
    await expect(createContext(configOf(databases))).rejects.toMatchObject({
      code: 'file',
      message: expect.stringContaining('billing.db'),
      hint: expect.stringContaining('gogga migrate --domain billing'),
    })
  })
})

test.each(['SIGTERM', 'SIGINT'] as const)(
  'on %s a running request is answered, then the files are closed',
  async (signal) => {
    await withDatabases(async (databases) => {
      const headers = await (async () => {
        await using context = await createContext(configOf(databases))
        await context.files.identity.client.user.create({ data: { id: 'u1', email: 'thabo@example.co.za' } })
        return { authorization: `Bearer ${await newKey(context, ['admin', 'pii:read'])}` }
      })()
      const child = spawn(process.execPath, [CHILD, databases.dir], { stdio: ['ignore', 'pipe', 'inherit'] })
      const exit = once(child, 'exit')
      const output = text(child.stdout)
      const [address] = await once(child.stdout, 'data').then(([bytes]) => String(bytes).trim().split('\n'))

      // The access log cannot be written while we hold the file, so the request waits; then the signal comes.
      const other = openWriter('identity', databases.paths.identity)
      other.pragma('busy_timeout = 5000') // The server's background jobs write now and then.
      other.exec('begin immediate')
      const answer = fetch(`${address}/v1/users/u1`, { headers })
      await fetch(`${address}/health/live`)
      child.kill(signal)
      await refused(`${address}/health/live`)
      other.exec('rollback')
      other.close()

      expect((await answer).status).toBe(200)
      expect(await (await answer).json()).toMatchObject({ data: { email: 'thabo@example.co.za' } })
      expect(await exit).toEqual([0, null])
      expect(await output).toContain('closed')
      for (const domain of DOMAINS) expect(existsSync(`${databases.paths[domain]}-wal`), domain).toBe(false)
    })
  },
)

/** Resolves when nobody listens any more. */
async function refused(url: string): Promise<void> {
  for (;;) {
    const listens = await fetch(url, { headers: { connection: 'close' } }).then(
      () => true,
      () => false,
    )
    if (!listens) return
  }
}
