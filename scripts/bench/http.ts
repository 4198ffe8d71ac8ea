// The same answers over HTTP: this project's own server (one process, key check, problem documents and all) against a
// bare Fastify with Prisma `include` on one file. The load comes from this process, over 16 connections.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import autocannon from 'autocannon'
import { generateBaseline } from './baseline/unified.ts'
import { type BenchData, benchData } from './data.ts'
import { type Figure, spread, type Verdict, verdict } from './measure.ts'

export interface HttpOptions {
  readonly people: number
  readonly seconds: number
  readonly rounds: number
  readonly say: (text: string) => void
}

interface Target {
  readonly name: string
  readonly address: string
  readonly headers: Readonly<Record<string, string>>
  page(start: string): string
  one(id: string): string
}

const GOGGA = join(import.meta.dirname, '../gogga.ts')
const BASELINE = join(import.meta.dirname, 'baseline/server.ts')
const EXPAND = 'expand=subscription,payments,vouchers'
const CONNECTIONS = 16

export async function benchHttp(options: HttpOptions): Promise<{ figures: Figure[]; verdicts: Verdict[] }> {
  const data = benchData(options.people, options.say)
  generateBaseline()
  const children: ChildProcess[] = []
  try {
    const targets = await startTargets(data, children)
    const pages = await measure('page of 50', targets, (target, start) => target.page(start), data, options)
    const ones = await measure('one user with everything', targets, (target, start) => target.one(start), data, options)
    return {
      figures: [...pages, ...ones],
      verdicts: [...verdicts('page of 50', pages, 4), ...verdicts('one user', ones, 6.5)],
    }
  } finally {
    for (const child of children) child.kill('SIGTERM')
  }
}

async function startTargets(data: BenchData, children: ChildProcess[]): Promise<readonly Target[]> {
  // Checks, audits and purges begin with a server, and take a processor for minutes; the baseline has none of them.
  const quiet = { GOGGA_BACKGROUND: 'off', GOGGA_LOG_LEVEL: 'warn' }
  const env = { ...process.env, GOGGA_DATA_DIR: data.dir, PORT: '0', ...quiet }
  const keyOf = (scopes: readonly string[]) => {
    const words = ['keys', 'create', '--days', '1', ...scopes.flatMap((scope) => ['--scope', scope])]
    if (scopes.includes('pii:read')) words.push('--purpose', 'service-operation')
    return execFileSync(process.execPath, [GOGGA, ...words], { env, encoding: 'utf8' }).trim()
  }
  const keys = [keyOf(['frontend']), keyOf(['frontend', 'pii:read'])]
  const listening = async (args: readonly string[]) => {
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
    children.push(child)
    return firstLine(child)
  }
  const { address } = JSON.parse(await listening([GOGGA, 'serve', '--json'])) as { address: string }
  const ours = (name: string, key: string | undefined): Target => ({
    name,
    address,
    headers: { authorization: `Bearer ${key}` },
    page: (start) => `/v1/users?${EXPAND}&filter[id][gt]=${start}&sort=id&limit=50`,
    one: (id) => `/v1/users/${id}?${EXPAND}`,
  })
  const baseline = async (name: string, file: string): Promise<Target> => ({
    name,
    address: await listening([BASELINE, file]),
    headers: {},
    page: (start) => `/users?start=${start}`,
    one: (id) => `/users/${id}`,
  })
  return [
    ours('gogga-data', keys[0]),
    ours('gogga-data, personal information in clear, access logged', keys[1]),
    await baseline('Fastify and Prisma include, an index added on each userId', data.unified),
    await baseline('Fastify and Prisma include, the legacy indexes', data.legacy),
  ]
}

/** Throws where the process ends before it says anything. */
export async function firstLine(child: ChildProcess): Promise<string> {
  let text = ''
  child.stdout?.setEncoding('utf8')
  child.stdout?.on('data', (part: string) => {
    text += part
  })
  while (!text.includes('\n')) {
    const [event] = await Promise.race([
      once(child.stdout as NodeJS.ReadableStream, 'data'),
      once(child, 'exit').then(() => ['exit']),
    ])
    if (event === 'exit') throw new Error('A server of the benchmark ended before it listened')
  }
  return text.split('\n')[0] ?? ''
}

type PathOf = (target: Target, start: string) => string

/** Requests a second of each target, in turns; a single answer that is not 200 makes the run invalid. */
async function measure(
  what: string,
  targets: readonly Target[],
  pathOf: PathOf,
  data: BenchData,
  options: HttpOptions,
): Promise<Figure[]> {
  const samples = targets.map((): number[] => [])
  for (let round = -1; round < options.rounds; round++) {
    options.say(`http, ${what}: round ${Math.max(0, round + 1)} of ${options.rounds}`)
    for (const [index, target] of targets.entries()) {
      const rate = await load(target, pathOf, data, round < 0 ? 1 : options.seconds)
      if (round >= 0) samples[index]?.push(rate)
    }
  }
  return targets.map(({ name }, index) => ({
    name: `${what}: ${name} (requests a second)`,
    ...spread(samples[index] ?? []),
  }))
}

async function load(target: Target, pathOf: PathOf, data: BenchData, seconds: number): Promise<number> {
  const result = await autocannon({
    url: target.address,
    connections: CONNECTIONS,
    duration: seconds,
    headers: target.headers,
    requests: data.starts.map((start) => ({ method: 'GET' as const, path: pathOf(target, start) })),
  })
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${target.name}: ${result.non2xx} answers were not 2xx, ${result.errors} errors`)
  return result.requests.total / result.duration
}

function verdicts(what: string, figures: readonly Figure[], bound: number): Verdict[] {
  const [ours, clear, indexed, legacy] = figures.map(({ median }) => median) as [number, number, number, number]
  return [
    verdict(`${what}: gogga-data / Prisma, userId indexes added`, ours / indexed, bound, true),
    verdict(`${what}: gogga-data in clear and logged / Prisma, userId indexes added`, clear / indexed, bound, true),
    verdict(`${what}: gogga-data / Prisma, legacy indexes`, ours / legacy, bound, true),
  ]
}
