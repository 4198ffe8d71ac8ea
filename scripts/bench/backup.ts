// A backup against VACUUM INTO by the sqlite3 shell, and what it does to writes: a file of more than a gigabyte, on the disk
// of the data. The backup beside writes is the command, a process of its own as in use.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { type BackupPolicy, readPolicies } from '../../src/ops/backup/policy.ts'
import { takeBackup } from '../../src/ops/backup/take.ts'
import { benchData } from './data.ts'
import { type Figure, quantile, spread, type Verdict, verdict } from './measure.ts'
import { scratchOf } from './scratch.ts'

export interface BackupOptions {
  readonly people: number
  readonly rounds: number
  /** How long writes are measured without a backup, each round. */
  readonly idleSeconds: number
  readonly say: (text: string) => void
}

interface Result {
  readonly figures: readonly Figure[]
  readonly verdicts: readonly Verdict[]
}

const GOGGA = join(import.meta.dirname, '../gogga.ts')
const WRITER = join(import.meta.dirname, 'backup-writer.ts')
const WRITES_A_SECOND = 500
const MIB = 1_048_576

export async function benchBackup(options: BackupOptions): Promise<Result> {
  using scratch = scratchOf(benchData(options.people, options.say))
  const path = scratch.paths.billing
  const dir = mkdtempSync(join(dirname(dirname(path)), 'backup-'))
  const taken = await timed(path, dir, options)
  const written = await besideWrites(path, dir, options)
  const mebibytes = statSync(path).size / MIB
  return {
    figures: [{ name: 'MiB, billing.db', ...spread([mebibytes]) }, ...taken.figures, ...written.figures],
    verdicts: [...taken.verdicts, ...written.verdicts],
  }
}

/** Each way in turn, round by round; the first round warms up. Milliseconds. */
async function timed(path: string, dir: string, { rounds, say }: BackupOptions): Promise<Result> {
  const shell = baseline()
  const ways = [
    { name: shell.name, run: () => shell.run(path, join(dir, 'vacuum.db')), times: [] as number[] },
    ...backups(path, dir).map((way) => ({ ...way, times: [] as number[] })),
  ]
  for (let round = 0; round <= rounds; round++) {
    for (const { name, run, times } of ways) {
      say(`backup: round ${round} of ${rounds}, ${name}`)
      rmSync(join(dir, 'vacuum.db'), { force: true })
      rmSync(join(dir, 'target'), { recursive: true, force: true })
      const began = performance.now()
      await run()
      if (round > 0) times.push(performance.now() - began)
    }
  }
  const [first = [], ...others] = ways.map(({ times }) => times)
  const ratios = others.map((times) => spread(times.map((time, round) => time / (first[round] ?? Number.NaN))))
  return {
    figures: ways.map(({ name, times }) => ({ name: `${name} (ms)`, ...spread(times) })),
    verdicts: ratios.map(({ median }, index) =>
      verdict(`${ways[index + 1]?.name} / ${shell.name}, median of the rounds`, median, 1.3),
    ),
  }
}

/** The shell, or where there is none the same statement with the settings that it has. */
function baseline(): { readonly name: string; run(path: string, into: string): void } {
  if (spawnSync('sqlite3', ['-version']).status === 0)
    return {
      name: 'VACUUM INTO by the sqlite3 shell',
      run(path, into) {
        const done = spawnSync('sqlite3', [path, `vacuum into '${into}'`], { encoding: 'utf8' })
        if (done.status !== 0) throw new Error(`sqlite3 failed: ${done.stderr}`)
      },
    }
  return {
    name: 'VACUUM INTO by better-sqlite3 with the settings of the shell (no sqlite3 here)',
    run(path, into) {
      const source = new Database(path, { readonly: true })
      source.pragma('cache_size = -2000')
      source.prepare('vacuum into ?').run(into)
      source.close()
    },
  }
}

function backups(path: string, dir: string) {
  const keyFile = join(dir, 'key')
  writeFileSync(keyFile, randomBytes(32).toString('hex'), { mode: 0o600 })
  const shipped = readPolicies({ dataDir: dir }).billing
  const target = { kind: 'folder' as const, path: join(dir, 'target') }
  const sources = { now: () => new Date(), newId: () => randomUUID(), randomBytes }
  const way = (name: string, changes: Partial<BackupPolicy>) => ({
    name,
    run: async () => void (await takeBackup({ policy: { ...shipped, target, ...changes }, path, sources })),
  })
  return [
    way('a backup, not compressed', { compression: 'none' }),
    way('a backup, zstd', {}),
    way('a backup, zstd and encrypted', { keyFile }),
  ]
}

/** Microseconds of each write, first without a backup, then while one is made; round by round. */
async function besideWrites(path: string, dir: string, options: BackupOptions): Promise<Result> {
  const { rounds, idleSeconds, say } = options
  const writer = startWriter(path)
  const [idle, busy]: [number[][], number[][]] = [[], []]
  try {
    await writer.during(() => wait(1_000))
    for (let round = 1; round <= rounds; round++) {
      say(`writes beside a backup: round ${round} of ${rounds}`)
      idle.push(await writer.during(() => wait(idleSeconds * 1_000)))
      busy.push(await writer.during(() => backUp(path, dir)))
      await wait(1_000)
    }
  } finally {
    await writer.end()
  }
  const at = (share: number, rounds_: readonly number[][]) => spread(rounds_.map((times) => quantile(times, share)))
  const rows = [0.5, 0.99, 1].flatMap((share) => {
    const name = share === 1 ? 'longest' : `p${share * 100}`
    return [
      { name: `a synced write, ${WRITES_A_SECOND} a second, ${name}, no backup (µs)`, ...at(share, idle) },
      { name: `  the same while gogga backup runs, ${name} (µs)`, ...at(share, busy) },
    ]
  })
  const ratio = spread(busy.map((times, round) => quantile(times, 0.99) / quantile(idle[round] ?? [], 0.99)))
  return {
    figures: rows,
    verdicts: [verdict('p99 of writes during a backup / idle, median of the rounds', ratio.median, 2)],
  }
}

async function backUp(path: string, dir: string): Promise<void> {
  const policy = join(dir, 'policy.json')
  writeFileSync(policy, JSON.stringify({ billing: { target: { kind: 'folder', path: join(dir, 'target') } } }))
  rmSync(join(dir, 'target'), { recursive: true, force: true })
  const env = { ...process.env, GOGGA_DATA_DIR: dirname(dirname(path)), GOGGA_BACKUP_POLICY: policy }
  const child = spawn(process.execPath, [GOGGA, 'backup', 'billing', '--json'], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr?.on('data', (part: Buffer) => {
    said += part.toString()
  })
  const [code] = (await once(child, 'exit')) as [number]
  if (code !== 0) throw new Error(`gogga backup ended with ${code}: ${said}`)
}

function startWriter(path: string) {
  const child: ChildProcess = spawn(process.execPath, [WRITER, path, String(WRITES_A_SECOND)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let times: number[] = []
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
    times.push(...(JSON.parse(line) as number[]))
  })
  return {
    async during(work: () => Promise<unknown>): Promise<number[]> {
      times = []
      await work()
      if (child.exitCode !== null) throw new Error('The writes ended early')
      return times
    },
    async end(): Promise<void> {
      const gone = once(child, 'exit')
      child.stdin?.end()
      if (child.exitCode === null) await gone
    },
  }
}
