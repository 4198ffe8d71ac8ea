// Writes to billing while another process loads people in bulk: into identity.db, which is another file, or into the one file
// that holds both. The same writer does both: raw prepared statements with SQLite's own busy wait, as the stock adapter
// has it; and the application's own changes.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { openFile } from '../../src/database/clients.ts'
import { type Domain, FILES } from '../../src/database/domains.ts'
import { timeText } from '../../src/database/row-codec.ts'
import { benchData } from './data.ts'
import { type Figure, spread, verdict } from './measure.ts'
import { type Scratch, scratchOf, unify } from './scratch.ts'
import { tryTo } from './try-to.ts'
import type { WritesResult } from './writes.ts'

export interface BulkOptions {
  readonly people: number
  readonly rounds: number
  /** How long each writer writes. */
  readonly seconds: number
  readonly say: (text: string) => void
}

interface Written {
  readonly writes: number
  /** The longest wait for one write, in milliseconds. */
  readonly longest: number
}

interface BesideLoad extends Written {
  /** Rows that the other process wrote meanwhile. */
  readonly loaded: number
}

interface Place {
  /** The file that is written to. */
  readonly path: string
  /** The file that the other process loads. */
  readonly loaded: string
  /** How that file is synced. */
  readonly synchronous: Synchronous
}

interface Writing {
  readonly userIds: readonly string[]
  readonly seconds: number
}

type Synchronous = (typeof FILES)[Domain]['synchronous']

type Writer = (path: string, writing: Writing) => Promise<Written>

const LOADER = join(import.meta.dirname, 'bulk-load.ts')
const BUSY_WAIT_MS = 5_000
const AT_ONCE = 64
/** billing.db syncs at every commit, so the disk sets the pace; without that, what is left is the wait for the lock. */
const WRITERS: readonly (readonly [name: string, synchronous: Synchronous, write: Writer])[] = [
  ['raw statements', 'FULL', (path, writing) => writeRaw(path, writing, 'FULL')],
  ['raw statements, no commit synced', 'NORMAL', (path, writing) => writeRaw(path, writing, 'NORMAL')],
  ['changes of the application, one at a time', 'FULL', (path, writing) => writeChanges(path, writing, 1)],
  [`changes of the application, ${AT_ONCE} at once`, 'FULL', (path, writing) => writeChanges(path, writing, AT_ONCE)],
]

export async function benchBulk({ people, rounds, seconds, say }: BulkOptions): Promise<WritesResult> {
  const data = benchData(people, say)
  using scratch = scratchOf(data)
  unify(scratch)
  markAsBilling(scratch.one)
  const own: Place = {
    path: scratch.paths.billing,
    loaded: scratch.paths.identity,
    synchronous: FILES.identity.synchronous,
  }
  const one = { path: scratch.one, loaded: scratch.one }
  const ways = WRITERS.flatMap(([name, synchronous, write]) => [
    { name: `${name}: billing.db beside a bulk load of identity.db`, place: own, write, results: [] as BesideLoad[] },
    {
      name: `${name}: one file that takes the bulk load`,
      place: { ...one, synchronous },
      write,
      results: [] as BesideLoad[],
    },
  ])
  const writing = { userIds: data.starts, seconds }
  for (let round = 0; round < rounds; round++) {
    for (const { name, place, write, results } of ways) {
      say(`round ${round + 1} of ${rounds}, ${name}`)
      results.push(await besideLoad(fresh(scratch, place), writing, write))
    }
  }
  const rates = ways.map(({ results }) => results.map(({ writes }) => writes / seconds))
  return {
    figures: ways.flatMap(({ name, results }, index): Figure[] => [
      { name: `${name} (writes a second)`, ...spread(rates[index] ?? []) },
      { name: '  longest wait of a write (ms)', ...spread(results.map(({ longest }) => longest)) },
      { name: '  people loaded meanwhile (rows a second)', ...spread(results.map(({ loaded }) => loaded / seconds)) },
    ]),
    verdicts: [
      verdict('raw statements beside a bulk load: billing.db / one file', ratio(rates[0], rates[1]), 15, true),
      verdict('the same, no commit synced', ratio(rates[2], rates[3]), 15, true),
    ],
  }
}

const ratio = (ours: readonly number[] = [], theirs: readonly number[] = []): number =>
  spread(ours).median / spread(theirs).median

/** So that the application's changes take the one file for theirs. */
function markAsBilling(path: string): void {
  const one = new Database(path)
  one.pragma(`application_id = ${FILES.billing.applicationId}`)
  one.close()
}

/** Copies that nothing was loaded into yet. */
function fresh(scratch: Scratch, { path, loaded, synchronous }: Place): Place {
  const copyOf = (original: string) => `${original}.run`
  const { identity, billing } = scratch.paths
  for (const original of [identity, billing, scratch.one])
    for (const end of ['', '-wal', '-shm']) rmSync(copyOf(original) + end, { force: true })
  for (const original of new Set([path, loaded])) copyFileSync(original, copyOf(original))
  return { path: copyOf(path), loaded: copyOf(loaded), synchronous }
}

async function besideLoad({ path, loaded, synchronous }: Place, writing: Writing, write: Writer): Promise<BesideLoad> {
  const loader = spawn(process.execPath, [LOADER, loaded, synchronous], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    await firstLine(loader)
    const before = peopleIn(loaded)
    const written = await write(path, writing)
    return { ...written, loaded: peopleIn(loaded) - before }
  } finally {
    const gone = once(loader, 'exit')
    if (loader.exitCode === null && loader.kill('SIGKILL')) await gone
  }
}

function peopleIn(path: string): number {
  const reader = new Database(path, { readonly: true })
  const count = reader.prepare('select count(*) from "User"').pluck().get() as number
  reader.close()
  return count
}

async function firstLine(loader: ChildProcess): Promise<void> {
  const loading = once(loader.stdout as NodeJS.ReadableStream, 'data')
  const event = await Promise.race([loading, once(loader, 'exit').then(() => 'exit')])
  if (event === 'exit') throw new Error('The bulk load ended before it began')
}

const PAYMENT = `insert into "ProcessedPayment" (id, pfPaymentId, type, amountCents, userId, processedAt)
  values (?, ?, 'credit_pack', 20000, ?, ?)`
const CREDITS = 'update "Subscription" set credits = credits + 1, updatedAt = ? where userId = ?'

/** Synchronous from beginning to end, so that nothing but SQLite is measured. */
function writeRaw(path: string, { userIds, seconds }: Writing, synchronous: Synchronous): Promise<Written> {
  const file = new Database(path, { fileMustExist: true, timeout: BUSY_WAIT_MS })
  for (const pragma of [
    'journal_mode = WAL',
    `synchronous = ${synchronous}`,
    'foreign_keys = ON',
    'secure_delete = ON',
  ])
    file.pragma(pragma)
  const [pay, credit] = [file.prepare(PAYMENT), file.prepare(CREDITS)]
  const write = file.transaction((index: number) => {
    const [userId, now] = [userIds[index % userIds.length], timeText(new Date())]
    pay.run(`payment-${index}`, `pf-${index}`, userId, now)
    credit.run(now, userId)
  })
  const until = performance.now() + seconds * 1_000
  const written = { writes: 0, longest: 0 }
  for (let index = 0, began = performance.now(); began < until; index++) {
    if (tryTo(() => write.immediate(index))) written.writes += 1
    const ended = performance.now()
    written.longest = Math.max(written.longest, ended - began)
    began = ended
  }
  file.close()
  return Promise.resolve(written)
}

async function writeChanges(path: string, { userIds, seconds }: Writing, atOnce: number): Promise<Written> {
  await using file = await openFile('billing', path, { busyTimeoutMs: 60_000, cacheMb: 32 })
  const until = performance.now() + seconds * 1_000
  const written = { writes: 0, longest: 0 }
  let next = 0
  const change = () => {
    const index = next++
    const [userId = '', now] = [userIds[index % userIds.length], new Date()]
    return file.change((tx) => {
      const payment = { id: `payment-${index}`, pfPaymentId: `pf-${index}`, userId, processedAt: now }
      tx.insert('ProcessedPayment', { ...payment, type: 'credit_pack', amountCents: 20_000 })
      tx.run(CREDITS, timeText(now), userId)
    })
  }
  const writer = async () => {
    for (let began = performance.now(); began < until; ) {
      await change()
      const ended = performance.now()
      written.writes += 1
      written.longest = Math.max(written.longest, ended - began)
      began = ended
    }
  }
  await Promise.all(Array.from({ length: atOnce }, writer))
  return written
}
