// Requests to a server while `gogga purge`, a process of its own, removes a large sign-in log from the same file: how long they
// take with and without it, and how long it kept the file's writer. Half of the requests write to identity.db, since
// personal information in clear leaves a row in the access log.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { pathInFolder } from '../../src/config.ts'
import { CACHE } from './data.ts'
import { GOGGA, type Latencies, load, loadKeys, startServer, together } from './load.ts'
import { type Figure, quantile, spread, type Verdict, verdict } from './measure.ts'
import { logData } from './purge-data.ts'
import { copyFiles } from './scratch.ts'

export interface PurgeBenchOptions {
  /** In the sign-in log; two fifths of them are due. */
  readonly rows: number
  /** Without a purge; with one, it takes as long as that takes. */
  readonly seconds: number
  readonly rounds: number
  readonly say: (text: string) => void
}

interface Report {
  readonly purged: readonly { readonly rows: number }[]
  readonly holds: { readonly count: number; readonly longestMs: number; readonly overLimit: number }
}

interface Round {
  readonly without: Latencies
  readonly beside: Latencies
  readonly report: Report
  readonly seconds: number
}

const LIMIT_MS = 20

export async function benchPurge(options: PurgeBenchOptions): Promise<{ figures: Figure[]; verdicts: Verdict[] }> {
  const data = logData(options.rows, options.say)
  const rounds: Round[] = []
  for (let round = 0; round < options.rounds; round++) {
    options.say(`purge: round ${round + 1} of ${options.rounds}`)
    const dir = mkdtempSync(join(CACHE, 'purging-'))
    try {
      copyFiles((domain) => pathInFolder(data, domain), dir)
      rounds.push(await measured(dir, options.seconds))
    } finally {
      rmSync(dir, { recursive: true, force: true })
    }
  }
  return { figures: figuresOf(rounds), verdicts: verdictsOf(rounds) }
}

async function measured(dir: string, seconds: number): Promise<Round> {
  // The server would purge by itself, and is to do nothing else here.
  const env = { ...process.env, GOGGA_DATA_DIR: dir, PORT: '0', GOGGA_LOG_LEVEL: 'warn', GOGGA_BACKGROUND: 'off' }
  const keys = loadKeys(env)
  const server = await startServer(env)
  try {
    const loaded = (until: AbortSignal) =>
      load({ address: server.address, keys, path: (nth) => `/v1/users/user${nth % 1_000}` }, until)
    const forSeconds = (count: number) => AbortSignal.timeout(count * 1_000)
    await loaded(forSeconds(Math.min(2, seconds))) // Warms up.
    const before = await loaded(forSeconds(seconds / 2))
    const began = performance.now()
    const { report, beside } = await besidePurge(env, loaded)
    const took = (performance.now() - began) / 1_000
    const after = await loaded(forSeconds(seconds / 2))
    return { without: together(before, after), beside, report, seconds: took }
  } finally {
    server.process.kill('SIGTERM')
  }
}

async function besidePurge(env: NodeJS.ProcessEnv, loaded: (until: AbortSignal) => Promise<Latencies>) {
  const purge: ChildProcess = spawn(process.execPath, [GOGGA, 'purge', '--json'], {
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const ended = new AbortController()
  const said = text(purge.stdout as NodeJS.ReadableStream).finally(() => ended.abort())
  const beside = await loaded(ended.signal)
  return { beside, report: JSON.parse(await said) as Report }
}

const isOver = (ms: number): boolean => ms > LIMIT_MS

function figuresOf(rounds: readonly Round[]): Figure[] {
  const figure = (name: string, of: (round: Round) => number): Figure => ({ name, ...spread(rounds.map(of)) })
  const latencies = (['reads', 'writes'] as const).flatMap((kind) =>
    (['without', 'beside'] as const).flatMap((when) => {
      const name = `${kind}, ${when === 'without' ? 'without a purge' : 'beside a purge'}`
      return [
        figure(`${name}: median (µs)`, (round) => 1_000 * quantile(round[when][kind], 0.5)),
        figure('  99 % within (µs)', (round) => 1_000 * quantile(round[when][kind], 0.99)),
        figure('  longest (µs)', (round) => 1_000 * Math.max(...round[when][kind])),
        figure('  of 100,000, over 20 ms', (round) => 100_000 * shareOver(round[when][kind])),
      ]
    }),
  )
  return [
    ...latencies,
    figure('rows purged', ({ report }) => report.purged.reduce((sum, { rows }) => sum + rows, 0)),
    figure('  seconds that it took', ({ seconds }) => seconds),
    figure('  times that it held a writer', ({ report }) => report.holds.count),
    figure('  longest hold (µs)', ({ report }) => 1_000 * report.holds.longestMs),
  ]
}

const shareOver = (values: readonly number[]): number => values.filter(isOver).length / values.length

function verdictsOf(rounds: readonly Round[]): Verdict[] {
  const median = (of: (round: Round) => number) => spread(rounds.map(of)).median
  const added = ({ without, beside }: Round) => quantile(beside.writes, 0.99) - quantile(without.writes, 0.99)
  return [
    verdict(
      'purge: times that it held a writer for more than 20 ms',
      median(({ report }) => report.holds.overLimit),
      0,
    ),
    verdict('purge: ms that it adds to the slowest hundredth of writes', median(added), LIMIT_MS),
  ]
}
