// What the chain of the logs costs: the same rows with it and without, turn by turn on files of their own. Without it the rows
// go by the same steps (row-codec.ts) up to SQLite, and no link is written.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { verifyChains } from '../../src/compliance/chain/verify.ts'
import { pathInFolder } from '../../src/config.ts'
import { modelNamed, quote } from '../../src/database/catalog.ts'
import { beginChain } from '../../src/database/chain.ts'
import { changeIn, type Files, openFile } from '../../src/database/clients.ts'
import { openReader, openWriter } from '../../src/database/connections.ts'
import { DOMAINS, type Domain } from '../../src/database/domains.ts'
import { migrate } from '../../src/database/migrations.ts'
import { codecOf } from '../../src/database/row-codec.ts'
import type { Tx } from '../../src/database/rows.ts'
import { CACHE } from './data.ts'
import { type Figure, spread, type Verdict, verdict } from './measure.ts'

export interface ChainBenchOptions {
  readonly rounds: number
  /** Rows a round. */
  readonly changes: number
  /** Rows of the log that is taken in, and verified, whole. */
  readonly rows: number
  readonly say: (text: string) => void
}

export interface ChainBenchResult {
  readonly figures: readonly Figure[]
  readonly verdicts: readonly Verdict[]
}

interface Log {
  readonly domain: Domain
  readonly model: string
  /** Rows a change, and how many changes wait for one COMMIT. */
  readonly rows: number
  readonly atOnce: number
  readonly name: string
  /** What is compared: where nothing is synced, nothing is waited for either, and processor time does not know who else runs. */
  readonly clock: 'wall' | 'processor'
}

const LOGS: readonly Log[] = [
  {
    domain: 'billing',
    model: 'SubscriptionEvent',
    rows: 1,
    atOnce: 1,
    name: 'a SubscriptionEvent, synced',
    clock: 'wall',
  },
  { domain: 'admin', model: 'AdminLog', rows: 1, atOnce: 1, name: 'an AdminLog row, synced', clock: 'wall' },
  {
    domain: 'billing',
    model: 'SubscriptionEvent',
    rows: 1,
    atOnce: 16,
    name: 'a SubscriptionEvent, 16 changes a sync',
    clock: 'wall',
  },
  { domain: 'identity', model: 'AccessLog', rows: 1, atOnce: 1, name: 'an AccessLog row alone', clock: 'processor' },
  {
    domain: 'identity',
    model: 'AccessLog',
    rows: 16,
    atOnce: 1,
    name: '16 AccessLog rows of one batch',
    clock: 'processor',
  },
  {
    domain: 'identity',
    model: 'AccessLog',
    rows: 64,
    atOnce: 1,
    name: '64 AccessLog rows of one batch',
    clock: 'processor',
  },
]
const BOUND = 1.1

type Row = Readonly<Record<string, unknown>>
type Write = (tx: Tx, model: string, rows: readonly Row[]) => void

export async function benchChain(options: ChainBenchOptions): Promise<ChainBenchResult> {
  mkdirSync(CACHE, { recursive: true })
  const dir = mkdtempSync(join(CACHE, 'chain-'))
  try {
    const [figures, verdicts]: [Figure[], Verdict[]] = [[], []]
    for (const log of LOGS) {
      options.say(`${log.name}: ${options.rounds} rounds …`)
      const [without, chained] = await sides(dir, log, options)
      const unit = log.clock === 'wall' ? 'µs' : 'processor µs'
      figures.push(figureOf(`${log.name}, without the chain (${unit} a row)`, without))
      figures.push(figureOf(`${log.name}, with the chain (${unit} a row)`, chained))
      const ratio = spread(chained).median / spread(without).median
      verdicts.push(verdict(`${log.name}: with the chain / without`, ratio, BOUND))
    }
    figures.push(...(await wholeChain(dir, options)))
    return { figures, verdicts }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

const figureOf = (name: string, samples: readonly number[]): Figure => ({ name, ...spread(samples) })

/** Microseconds a row of each round. The one that goes first changes from round to round. */
async function sides(dir: string, log: Log, { rounds, changes }: ChainBenchOptions) {
  const samples: [number[], number[]] = [[], []]
  const files = [await openFiles(join(dir, `${log.name}-without`)), await openFiles(join(dir, `${log.name}-with`))]
  const ways = [writePlain, writeChained]
  try {
    for (let round = -2; round < rounds; round++) {
      for (const side of round % 2 === 0 ? [0, 1] : [1, 0]) {
        const micros = await timed(files[side] as Files, log, ways[side] as Write, changes)
        if (round >= 0) samples[side as 0 | 1].push(micros)
      }
    }
  } finally {
    for (const opened of files) for (const domain of DOMAINS) await opened[domain][Symbol.asyncDispose]()
  }
  return samples
}

async function openFiles(dir: string): Promise<Files> {
  const open = async <D extends Domain>(domain: D) => {
    const path = pathInFolder(dir, domain)
    migrate(domain, path)
    return await openFile(domain, path, { busyTimeoutMs: 5_000, cacheMb: 32 })
  }
  return { identity: await open('identity'), billing: await open('billing'), admin: await open('admin') }
}

async function timed(files: Files, { domain, model, rows, atOnce, clock }: Log, write: Write, changes: number) {
  const turns = Math.max(1, Math.round(changes / atOnce / rows))
  const batches = Array.from({ length: turns * atOnce }, () => Array.from({ length: rows }, () => rowOf(model)))
  const began = CLOCKS[clock]()
  for (let turn = 0; turn < turns; turn++) {
    const own = batches.slice(turn * atOnce, (turn + 1) * atOnce)
    await Promise.all(own.map((batch) => changeIn(files, domain, (tx) => write(tx, model, batch))))
  }
  return (CLOCKS[clock]() - began) / (turns * atOnce * rows)
}

/** Microseconds. */
const CLOCKS = {
  wall: () => performance.now() * 1_000,
  processor() {
    const { user, system } = process.threadCpuUsage()
    return user + system
  },
} as const

const writeChained: Write = (tx, model, rows) =>
  (tx as unknown as { insertAll(model: string, rows: readonly Row[]): void }).insertAll(model, rows)

/** Everything that `insertAll` does for a table without a chain. */
const writePlain: Write = (tx, model, rows) => {
  const { names, check, encode } = codecIn(tx.domain, model)
  for (const row of rows) {
    const columns = names(row)
    check(row)
    const values = columns.map((name) => encode(name, row[name]))
    const marks = columns.map(() => '?').join(', ')
    tx.run(`insert into ${quote(model)} (${columns.map(quote).join(', ')}) values (${marks})`, ...values)
  }
}

const codecs = new Map<string, ReturnType<typeof codecOf>>()
function codecIn(domain: Domain, model: string) {
  const codec = codecs.get(model) ?? codecOf(modelNamed(domain, model))
  codecs.set(model, codec)
  return codec
}

let made = 0
function rowOf(model: string): Row {
  made += 1
  const id = () => crypto.randomUUID()
  const createdAt = new Date(Date.UTC(2026, 10, 22) + made)
  if (model === 'AccessLog') {
    const what = { route: 'GET /v1/users/:id', fields: 'users.email contacts.email', subjects: JSON.stringify([id()]) }
    return { id: id(), apiKeyId: id(), ...what, requestId: id(), purpose: 'support', createdAt }
  }
  if (model === 'AdminLog') {
    const what = { action: 'voucher_created', targetUser: id(), targetId: id(), meta: '{"type":"R200"}' }
    return { id: id(), adminId: id(), ...what, createdAt }
  }
  const tiers = { fromTier: 'JIVE', toTier: 'JIVE', fromStatus: 'active', toStatus: 'active' }
  return { id: id(), subscriptionId: id(), userId: id(), event: 'credits_reset', ...tiers, actor: 'system', createdAt }
}

/** How long a migration takes for a large log, and a verification of it. */
async function wholeChain(dir: string, { rows, say }: ChainBenchOptions): Promise<readonly Figure[]> {
  say(`a log of ${rows} rows …`)
  const paths = { identity: '', billing: '', admin: '' }
  for (const domain of DOMAINS) {
    paths[domain] = pathInFolder(join(dir, 'whole'), domain)
    migrate(domain, paths[domain])
  }
  const writer = openWriter('billing', paths.billing)
  writer.exec(
    `insert into "SubscriptionEvent" (id, subscriptionId, userId, event, actor, createdAt)
     with recursive n (i) as (select 1 union all select i + 1 from n where i < ${rows})
     select lower(hex(randomblob(16))), lower(hex(randomblob(16))), lower(hex(randomblob(16))), 'credits_reset', 'system',
       strftime('%Y-%m-%dT%H:%M:%fZ', 1600000000 + i, 'unixepoch') from n`,
  )
  const begun = performance.now()
  beginChain('billing', writer)
  const adopted = performance.now() - begun
  writer.close()
  const readers = {
    identity: openReader('identity', paths.identity),
    billing: openReader('billing', paths.billing, { cacheMb: 8 }),
    admin: openReader('admin', paths.admin),
  }
  try {
    const since = performance.now()
    const { passed } = await verifyChains(readers, { now: new Date(Date.UTC(2026, 10, 22)) })
    const verified = performance.now() - since
    const memory = process.resourceUsage().maxRSS / 1_024
    const one = (name: string, value: number): Figure => ({ name, median: value, min: value, max: value })
    return [
      one(`a chain for ${rows} rows that are there (ms)`, adopted),
      one(`its verification${passed ? '' : ', without a head'} (ms)`, verified),
      one('peak memory (MB)', memory),
    ]
  } finally {
    for (const reader of Object.values(readers)) reader.close()
  }
}
