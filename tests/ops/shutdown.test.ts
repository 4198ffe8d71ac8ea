// SIGTERM for a real `gogga serve` under load: ten seconds at most, and nothing that was acknowledged is lost.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import { createContext } from '../../src/context.ts'
import { DOMAINS } from '../../src/database/domains.ts'
import { createKey } from '../../src/identity/api-keys.ts'
import { changeIdOf } from '../../src/saga/requests.ts'
import { type Databases, withDatabases } from '../helpers/databases.ts'
import { configOf } from '../http/app.ts'

const GOGGA = join(import.meta.dirname, '../../scripts/gogga.ts')
const PEOPLE = 8
/** What an orchestrator gives before it kills. */
const PROMISE_MS = 10_000

interface Served {
  readonly child: ChildProcess
  readonly address: string
  readonly key: string
  readonly log: () => string
}

async function withServer(databases: Databases, work: (served: Served) => Promise<void>): Promise<void> {
  const key = await prepare(databases)
  const env = { ...process.env, GOGGA_DATA_DIR: databases.dir, PORT: '0', GOGGA_LOG_LEVEL: 'warn' }
  const child = spawn(process.execPath, [GOGGA, 'serve', '--json'], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let log = ''
  child.stderr.on('data', (part) => {
    log += String(part)
  })
  try {
    const [line] = await once(child.stdout, 'data')
    await work({ child, key, address: JSON.parse(String(line)).address, log: () => log })
  } finally {
    child.kill('SIGKILL')
  }
}

/** People with credits, and the key of a service that spends them. */
async function prepare(databases: Databases): Promise<string> {
  await using context = await createContext(configOf(databases))
  const { identity, billing } = context.files
  for (let person = 0; person < PEOPLE; person++) {
    const userId = `u${person}`
    await identity.client.user.create({ data: { id: userId, email: `${userId}@example.co.za` } })
    const plan = { tier: 'JIGGA', status: 'active', credits: 1_000_000, monthlyCredits: 2_000_000 }
    await billing.client.subscription.create({ data: { id: `s${person}`, userId, ...plan } as never })
  }
  return (await createKey(identity.client, { name: 'test', scopes: ['frontend'] }, context)).key
}

/** Resolves when nobody is let in any more. */
async function refusing(address: string): Promise<void> {
  const { hostname, port } = new URL(address)
  for (;;) {
    const socket = connect(Number(port), hostname)
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (!isOpen) return
  }
}

interface Spender {
  /** Keys whose spend was answered with 200. */
  readonly acknowledged: Set<string>
  /** Resolves when the server answers nobody any more. */
  readonly ended: Promise<void>
}

/** Spends with a key of its own each, over and over, until a request fails. */
function spend({ address, key }: Served, person: number): Spender {
  const acknowledged = new Set<string>()
  const run = async () => {
    for (let round = 0; ; round++) {
      const id = `spend-${person}-${round}`
      const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'idempotency-key': id }
      const body = JSON.stringify({ userId: `u${person}`, credits: 1 })
      const answer = await fetch(`${address}/v1/usage`, { method: 'POST', headers, body })
      if (answer.status === 200) acknowledged.add(id)
      await answer.arrayBuffer()
    }
  }
  return { acknowledged, ended: run().catch(() => undefined) }
}

/** Resolves when at least so many spends were answered in all. */
async function answered(spenders: readonly Spender[], count: number): Promise<void> {
  while (spenders.reduce((sum, { acknowledged }) => sum + acknowledged.size, 0) < count)
    await new Promise((resolve) => setImmediate(resolve))
}

async function terminate({ child }: Served): Promise<{ code: number | null; milliseconds: number }> {
  const exited = once(child, 'exit')
  const since = performance.now()
  child.kill('SIGTERM')
  const [code] = await exited
  return { code, milliseconds: performance.now() - since }
}

/** Every acknowledged spend has its answer kept, and each kept answer took its credit once. */
function expectKept({ paths }: Databases, spenders: readonly Spender[]): void {
  const connection = new Database(paths.billing)
  const kept = new Set(connection.prepare('select id from "Change" where status = 200').pluck().all())
  const credits = connection.prepare('select sum(creditsUsed) from "Subscription"').pluck().get()
  connection.close()
  const identity = new Database(paths.identity)
  const hashKey = identity.prepare('select key from "HashKey"').pluck().get() as Buffer
  identity.close()
  const keys = spenders.flatMap(({ acknowledged }) => [...acknowledged])
  const ids = keys.map((key) =>
    changeIdOf({ route: 'POST /v1/usage', body: {}, key, scope: `u${key.split('-')[1]}` }, hashKey),
  )
  expect(ids.filter((id) => !kept.has(id))).toEqual([])
  expect(ids.length).toBeGreaterThan(0)
  expect(credits).toBe(kept.size)
}

const expectNoLogs = ({ paths }: Databases): void => {
  for (const domain of DOMAINS) expect(existsSync(`${paths[domain]}-wal`), domain).toBe(false)
}

test('under load: every spend that was answered is in billing.db, the logs are folded in, exit code 0', () =>
  withDatabases((databases) =>
    withServer(databases, async (served) => {
      const spenders = Array.from({ length: PEOPLE }, (_, person) => spend(served, person))
      await answered(spenders, 100)
      const { code, milliseconds } = await terminate(served)
      await Promise.all(spenders.map(({ ended }) => ended))
      expect(code, served.log()).toBe(0)
      expect(milliseconds).toBeLessThan(PROMISE_MS)
      expectNoLogs(databases)
      expectKept(databases, spenders)
    }),
  ))

test('an answer that comes after the signal asks its client to close the connection', () =>
  withDatabases((databases) =>
    withServer(databases, async (served) => {
      const other = new Database(databases.paths.billing, { timeout: 60_000 })
      other.exec('begin immediate')
      const headers = { authorization: `Bearer ${served.key}`, 'content-type': 'application/json' }
      const body = JSON.stringify({ userId: 'u0', credits: 1 })
      const spending = fetch(`${served.address}/v1/usage`, {
        method: 'POST',
        headers: { ...headers, 'idempotency-key': 'late' },
        body,
      })
      // By the time that this one is answered the spend waits for its turn at billing.db, or is before it in the same queue.
      const before = await fetch(`${served.address}/health/live`)
      expect(before.headers.get('connection')).toBe('keep-alive')
      const stopping = terminate(served)
      await refusing(served.address)
      other.exec('rollback')
      other.close()
      const answer = await spending
      expect([answer.status, answer.headers.get('connection')]).toEqual([200, 'close'])
      expect((await stopping).code, served.log()).toBe(0)
    }),
  ))

test('with a connection that never ends its request', () =>
  withDatabases((databases) =>
    withServer(databases, async (served) => {
      const { hostname, port } = new URL(served.address)
      const stuck = connect(Number(port), hostname)
      stuck.on('error', () => undefined)
      stuck.write(
        `POST /v1/usage HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${served.key}\r\nContent-Length: 100\r\n\r\n{`,
      )
      const spender = spend(served, 0)
      await answered([spender], 10)
      const { code, milliseconds } = await terminate(served)
      await spender.ended
      expect(code, served.log()).toBe(0)
      expect(milliseconds).toBeLessThan(PROMISE_MS)
      expectNoLogs(databases)
      expectKept(databases, [spender])
    }),
  ))

test('with billing.db locked by another process, and writes that wait for it', () =>
  withDatabases((databases) =>
    withServer(databases, async (served) => {
      const spenders = Array.from({ length: PEOPLE }, (_, person) => spend(served, person))
      await answered(spenders, 20)
      const other = new Database(databases.paths.billing, { timeout: 60_000 })
      other.exec('begin immediate')
      const { code, milliseconds } = await terminate(served)
      await Promise.all(spenders.map(({ ended }) => ended))
      expect(code, served.log()).toBe(0)
      expect(milliseconds).toBeLessThan(PROMISE_MS)
      other.exec('rollback')
      other.close()
      expectNoLogs(databases)
      expectKept(databases, spenders)
    }),
  ))
