// What the chain of the logs costs: the same changes with it and without, turn by turn on files of their own, and how long a
// large log takes to be taken in and to be verified.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { openSubscription } from '../../src/billing/subscriptions.ts'
import { verifyChains } from '../../src/compliance/chain/verify.ts'
import { pathInFolder, readConfig } from '../../src/config.ts'
import { type Context, createContext } from '../../src/context.ts'
import { allModels } from '../../src/database/catalog.ts'
import { beginChain } from '../../src/database/chain-begin.ts'
import { openReader, openWriter } from '../../src/database/connections.ts'
import { DOMAINS } from '../../src/database/domains.ts'
import { migrate } from '../../src/database/migrations.ts'
import { overrideTier } from '../../src/saga/administer.ts'
import type { AuditBenchOptions, AuditBenchResult } from './audit.ts'
import { CACHE } from './data.ts'
import { type Figure, spread, type Verdict, verdict } from './measure.ts'

interface ChainBenchOptions {
  readonly rounds: number
  /** Rows a round. */
  readonly changes: number
  /** Rows of the log that is taken in, and verified, whole. */
  readonly rows: number
  readonly say: (text: string) => void
}

interface Case {
  readonly name: string
  /** What is compared: where nothing is synced, nothing is waited for either, and processor time does not know who else runs. */
  readonly clock: 'wall' | 'processor'
  /** Rows of the log that a turn writes. */
  readonly rows: number
  turn(side: Context): Promise<unknown>
}

const [ADMIN, USER] = ['boss', 'ann']

const CASES: readonly Case[] = [
  {
    ...{ name: 'a tier override: a SubscriptionEvent and an AdminLog row, settled', clock: 'wall', rows: 1 },
    turn: (context) => overridden(context),
  },
  {
    ...{ name: 'a SubscriptionEvent alone, synced', clock: 'wall', rows: 1 },
    turn: ({ files }) => files.billing.change((tx) => tx.insert('SubscriptionEvent', event())),
  },
  {
    ...{ name: '64 SubscriptionEvents alone, synced together', clock: 'wall', rows: 64 },
    turn: ({ files }) =>
      Promise.all(times(64, () => files.billing.change((tx) => tx.insert('SubscriptionEvent', event())))),
  },
  {
    ...{ name: 'an AdminLog row alone, synced', clock: 'wall', rows: 1 },
    turn: ({ files }) => files.admin.change((tx) => tx.insert('AdminLog', adminLog())),
  },
  {
    ...{ name: 'an AccessLog row alone, not synced', clock: 'processor', rows: 1 },
    turn: ({ files }) => files.identity.change((tx) => tx.insertAll('AccessLog', times(1, accessLog))),
  },
  {
    ...{ name: '16 AccessLog rows of one batch, not synced', clock: 'processor', rows: 16 },
    turn: ({ files }) => files.identity.change((tx) => tx.insertAll('AccessLog', times(16, accessLog))),
  },
  {
    ...{ name: '64 AccessLog rows of one batch, not synced', clock: 'processor', rows: 64 },
    turn: ({ files }) => files.identity.change((tx) => tx.insertAll('AccessLog', times(64, accessLog))),
  },
]
const BOUND = 1.1
/** Processor time is counted in steps of some milliseconds. */
const PROCESSOR_FACTOR = 30

export async function benchChain({ quick, say }: Pick<AuditBenchOptions, 'quick' | 'say'>): Promise<AuditBenchResult> {
  return await measured(
    quick ? { rounds: 2, changes: 16, rows: 1_000, say } : { rounds: 41, changes: 64, rows: 1_000_000, say },
  )
}

async function measured(options: ChainBenchOptions): Promise<AuditBenchResult> {
  mkdirSync(CACHE, { recursive: true })
  const dir = mkdtempSync(join(CACHE, 'chain-'))
  try {
    const figures = [...(await wholeChain(dir, options))]
    const verdicts: Verdict[] = []
    await using without = await openSide(join(dir, 'without'), false)
    await using chained = await openSide(join(dir, 'chained'), true)
    for (const one of CASES) {
      options.say(`${one.name}: ${options.rounds} rounds …`)
      const samples = await sides(one, [without, chained], options)
      const unit = one.clock === 'wall' ? 'µs' : 'processor µs'
      const [plain, linked] = [spread(samples[0]), spread(samples[1])]
      figures.push({ name: `${one.name}, without the chain (${unit} a row)`, ...plain })
      figures.push({ name: `${one.name}, with the chain (${unit} a row)`, ...linked })
      verdicts.push(verdict(`${one.name}: with the chain / without`, linked.median / plain.median, BOUND))
    }
    return { figures, verdicts }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

/** The application over three files. Without the chain it does everything else: its rows are no log's to it. */
async function openSide(dir: string, isChained: boolean): Promise<Context> {
  const config = readConfig({ GOGGA_DATA_DIR: dir, GOGGA_LOG_LEVEL: 'silent' }, dir)
  for (const domain of DOMAINS) migrate(domain, config.paths[domain])
  const logs = allModels.filter(({ chained }) => chained) as { chained?: true }[]
  if (!isChained) for (const log of logs) delete log.chained
  try {
    const context = await createContext(config)
    await plantPeople(context)
    return context
  } finally {
    for (const log of logs) log.chained = true
  }
}

async function plantPeople({ files, now }: Context): Promise<void> {
  const times = { createdAt: now(), updatedAt: now() }
  await files.identity.change((tx) => {
    const roles = { isAdmin: true, isServiceAdmin: true }
    for (const id of [ADMIN, USER]) tx.insert('User', { id, email: `${id}@example.com`, ...roles, ...times })
  })
  await files.billing.change((tx) => void openSubscription(tx, { userId: USER }, { now, newId: () => 'subscription' }))
}

/** Microseconds a row of each round. The one that goes first changes from round to round. */
async function sides(
  one: Case,
  [without, chained]: readonly [Context, Context],
  { rounds, changes }: ChainBenchOptions,
) {
  const samples: [number[], number[]] = [[], []]
  for (let round = -2; round < rounds; round++) {
    for (const side of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      const micros = await timed(side === 0 ? without : chained, one, changes)
      if (round >= 0) samples[side].push(micros)
    }
  }
  return samples
}

async function timed(context: Context, { rows, clock, turn }: Case, changes: number): Promise<number> {
  const turns = Math.ceil((clock === 'wall' ? changes : PROCESSOR_FACTOR * changes) / rows)
  const began = CLOCKS[clock]()
  for (let at = 0; at < turns; at++) await turn(context)
  return (CLOCKS[clock]() - began) / (turns * rows)
}

/** Microseconds. */
const CLOCKS = {
  wall: () => performance.now() * 1_000,
  processor() {
    const { user, system } = process.threadCpuUsage()
    return user + system
  },
} as const

let made = 0

function overridden({ sagas }: Context) {
  made += 1
  const body = { userId: USER, tier: made % 2 === 0 ? ('JIVE' as const) : ('JIGGA' as const), reason: 'a benchmark' }
  const asked = { route: 'POST /v1/users/:id/tier-overrides', body, key: `override-${made}` }
  return overrideTier(sagas, { userId: ADMIN, ip: '192.0.2.1' }, body, asked)
}

const times = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make)
const id = () => crypto.randomUUID()
const createdAt = () => new Date(Date.UTC(2026, 10, 22) + ++made)

function accessLog() {
  const what = { route: 'GET /v1/users/:id', fields: 'users.email contacts.email', subjects: JSON.stringify([id()]) }
  return { id: id(), apiKeyId: id(), ...what, requestId: id(), purpose: 'support', createdAt: createdAt() }
}

function adminLog() {
  const what = { action: 'voucher_created', targetUser: id(), targetId: id(), meta: '{"type":"R200"}' }
  return { id: id(), adminId: id(), ...what, createdAt: createdAt() }
}

function event() {
  const tiers = { fromTier: 'JIVE', toTier: 'JIVE', fromStatus: 'active', toStatus: 'active' }
  const what = { event: 'credits_reset', ...tiers, actor: 'system', meta: null }
  return { id: id(), subscriptionId: id(), userId: id(), ...what, createdAt: createdAt() }
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
