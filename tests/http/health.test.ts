import { renameSync } from 'node:fs'
import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import { openWriter } from '../../src/database/connections.ts'
import { DOMAINS, type Domain } from '../../src/database/domains.ts'
import { throttled } from '../../src/http/readiness.ts'
import { type TestApp, withApp } from './app.ts'

test('live and ready, without a key', async () => {
  await withApp(async ({ app }) => {
    expect((await app.inject('/health/live')).json()).toEqual({ status: 'live' })
    const ready = await app.inject('/health/ready')
    expect(ready.statusCode).toBe(200)
    expect(ready.json()).toEqual({ status: 'ready', files: DOMAINS })
  })
})

/** What makes a file unfit, and the words that tell; gives back what to undo. */
const FAULTS: Readonly<Record<string, readonly [words: string, spoil: (path: string, domain: Domain) => () => void]>> =
  {
    'held by another process': [
      'cannot be written',
      (path, domain) => {
        const other = openWriter(domain, path)
        other.exec('begin immediate')
        return () => other.close()
      },
    ],
    'without one of its migrations': [
      'lacks migrations',
      (path) => {
        const other = new Database(path)
        other.exec('delete from "_prisma_migrations"')
        other.close()
        return () => undefined
      },
    ],
    'moved away': [
      'is not open as it should be',
      (path) => {
        renameSync(path, `${path}.away`)
        return () => renameSync(`${path}.away`, path)
      },
    ],
    'with a table of another domain': [
      'is not open as it should be',
      (path) => {
        const other = new Database(path)
        other.exec('create table "Stranger" (id text)')
        other.close()
        return () => undefined
      },
    ],
  }

const CASES = Object.entries(FAULTS).flatMap(([name, [words, spoil]]) =>
  DOMAINS.map((domain) => ({ name, domain, words, spoil })),
)

test.each(CASES)('not ready: $domain, $name', async ({ domain, words, spoil }) => {
  await withApp(async ({ app, databases, log }: TestApp) => {
    const restore = spoil(databases.paths[domain], domain)
    const answer = await app.inject('/health/ready')
    restore()
    expect(answer.statusCode).toBe(503)
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
    expect(answer.json().errors).toEqual([{ at: domain, message: words }])
    expect(answer.body).not.toContain(databases.dir)
    expect(log.join('')).toContain(`"domain":"${domain}"`)
    expect((await app.inject('/health/live')).statusCode).toBe(200)
  })
})

test('the check runs at most once in its time, however many ask', async () => {
  let time = 0
  let asked = 0
  const ask = throttled(
    async () => {
      asked += 1
      return asked
    },
    1_000,
    () => new Date(time),
  )
  expect(await Promise.all([ask(), ask(), ask()])).toEqual([1, 1, 1])
  time = 999
  expect(await ask()).toBe(1)
  time = 1_000
  expect(await ask()).toBe(2)
})
