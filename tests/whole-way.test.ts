// The whole way, with the commands that a person would use: a unified database with every trap is split, served, asked,
// and merged back.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, it } from 'vitest'
import { pathInFolder } from '../src/config.ts'
import { contentOf } from './helpers/compare-databases.ts'
import { withFolder } from './helpers/databases.ts'
import { buildLegacyDatabase, type Planted } from './helpers/legacy-database.ts'

const GOGGA = join(import.meta.dirname, '../scripts/gogga.ts')
const QUESTION = '/v1/users?expand=subscription,payments,vouchers&filter[subscription.tier]=JIGGA&sort=email&limit=200'

interface Person {
  readonly email: string
  readonly subscription: { readonly tier: string }
  readonly payments: readonly { readonly pfPaymentId: string; readonly amountCents: number }[]
  readonly vouchers: readonly { readonly code: string }[]
}

function gogga(args: readonly string[], env: Readonly<Record<string, string>> = {}): string {
  const result = spawnSync(process.execPath, [GOGGA, ...args], { encoding: 'utf8', env: { ...process.env, ...env } })
  expect(result.stderr + result.stdout, args.join(' ')).not.toMatch(/^gogga: /m)
  expect(result.status, result.stderr).toBe(0)
  return result.stdout
}

async function ask(dir: string, path: string): Promise<readonly Person[]> {
  // Old subscriptions would end while we look, and merge would give back what became of them.
  const off = { GOGGA_BACKGROUND: 'off' }
  const env = { ...process.env, GOGGA_DATA_DIR: dir, PORT: '0', GOGGA_LOG_LEVEL: 'warn', ...off }
  const { key } = JSON.parse(
    gogga(['keys', 'create', '--scope', 'admin', '--scope', 'pii:read', '--purpose', 'support', '--json'], env),
  ) as {
    key: string
  }
  const child = spawn(process.execPath, [GOGGA, 'serve', '--json'], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    const { address } = JSON.parse(line.toString()) as { address: string }
    const answer = await fetch(address + path, { headers: { authorization: `Bearer ${key}` } })
    expect(answer.status).toBe(200)
    return ((await answer.json()) as { data: Person[] }).data
  } finally {
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  }
}

/** Whom the access log names for a purpose. */
function seenBy(purpose: string, dir: string): readonly string[] {
  const told = gogga(['access-log', '--purpose', purpose, '--json'], { GOGGA_DATA_DIR: dir })
  const { data } = JSON.parse(told) as { data: readonly { subjects: readonly string[] }[] }
  return data.flatMap(({ subjects }) => subjects).sort()
}

function everybodyIn(dir: string): readonly unknown[] {
  const identity = new Database(pathInFolder(dir, 'identity'), { readonly: true })
  const ids = identity.prepare(`select id from "User" union all select id from "Contact"`).pluck().all()
  identity.close()
  return ids.sort()
}

/** The same question, asked of the unified database by SQL. */
function expected(legacy: string): unknown[] {
  const database = new Database(legacy, { readonly: true })
  const users = database
    .prepare(
      `select u.id, u.email from "User" u join "Subscription" s on s."userId" = u.id where s.tier = 'JIGGA' order by u.email`,
    )
    .all() as { id: string; email: string }[]
  const payments = database
    .prepare(`select "pfPaymentId" from "ProcessedPayment" where "userId" = ? order by 1`)
    .pluck()
  const vouchers = database.prepare(`select code from "Voucher" where "userId" = ? order by 1`).pluck()
  const answers = users.map(({ id, email }) => ({ email, payments: payments.all(id), vouchers: vouchers.all(id) }))
  database.close()
  return answers
}

/** Places where a planted value stands in the raw bytes of what a thief of billing.db or admin.db would hold. */
function leaks(dir: string, planted: Planted): string[] {
  const files = (['billing', 'admin'] as const).flatMap((domain) =>
    ['', '-wal'].map((end) => pathInFolder(dir, domain) + end),
  )
  const values = Object.values(planted).flat()
  return files.filter(existsSync).flatMap((path) => {
    const bytes = readFileSync(path).toString('latin1').toLowerCase()
    return values
      .filter((value) => bytes.includes(Buffer.from(value).toString('latin1').toLowerCase()))
      .map((value) => `${path}: ${value}`)
  })
}

it('splits, serves, answers across files and merges back', () =>
  withFolder(async (dir) => {
    const legacy = join(dir, 'legacy.db')
    const data = join(dir, 'data')
    const planted = buildLegacyDatabase(legacy, { users: 60 })
    const input = readFileSync(legacy)

    const report = JSON.parse(gogga(['split', legacy, '--into', data, '--json'])) as { tables: { equal: boolean }[] }
    expect(report.tables.every(({ equal }) => equal)).toBe(true)
    expect(JSON.parse(readFileSync(join(data, 'split-report.json'), 'utf8'))).toEqual(report)
    expect(leaks(data, planted)).toEqual([])
    expect(Object.values(planted).every((values) => values.length > 0)).toBe(true)

    const people = await ask(data, QUESTION)
    expect(people.length).toBeGreaterThan(5)
    expect(people.every(({ subscription }) => subscription.tier === 'JIGGA')).toBe(true)
    const short = people.map(({ email, payments, vouchers }) => ({
      email,
      payments: payments.map(({ pfPaymentId }) => pfPaymentId).sort(),
      vouchers: vouchers.map(({ code }) => code).sort(),
    }))
    expect(short).toEqual(expected(legacy))
    expect(leaks(data, planted)).toEqual([])

    const merged = join(dir, 'merged.db')
    gogga(['merge', data, '--into', merged, '--purpose', 'moving-back'])
    expect(seenBy('moving-back', data)).toEqual(everybodyIn(data))
    expect(contentOf(merged)).toEqual(contentOf(legacy))
    expect(readFileSync(legacy).equals(input)).toBe(true)
  }))
