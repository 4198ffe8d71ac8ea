// A whole audit: by the command on files that nobody uses, then begun over HTTP at a server that answers 50 requests a second
// meanwhile. Half of these write to identity.db. The server does nothing in the background: its checks would read all files at
// the same time, by chance.
import { execFileSync, spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import type { AuditReport } from '../../src/compliance/audit/report.ts'
import type { AuditBenchOptions, AuditBenchResult } from './audit.ts'
import { type AuditData, auditData, writeLog } from './audit-data.ts'
import { createKey, GOGGA, gogga, type Latencies, load, loadKeys, type Served, startServer, together } from './load.ts'
import { type Figure, quantile, single, type Verdict, verdict } from './measure.ts'
import { type TreeCost, watchProcesses } from './processes.ts'

interface Audited {
  readonly report: AuditReport
  /** From the request for it until the report could be read. */
  readonly seconds: number
  readonly cost: TreeCost
}

interface Beside extends Audited {
  readonly without: Latencies
  readonly beside: Latencies
}

const MB = 1_000_000
const MIB = 1_048_576
const ASK_AGAIN_MS = 200
/** What every audit here has to have looked at, so that its figures count. */
const LOOKED = ['logs.bytes', 'values.rows', 'bytes.bytes', 'bytes.backups', 'chain.links']

export async function benchWhole({ people, quick, say }: AuditBenchOptions): Promise<AuditBenchResult> {
  using data = auditData(people, say)
  say('backups of the three files, and a log …')
  gogga(data.env, 'backup', '--all')
  writeLog(data, (quick ? 1 : 64) * MIB)
  execFileSync('sync', ['-f', data.dir])
  say('gogga audit …')
  const alone = await auditAlone(data)
  say('an audit beside requests …')
  const beside = await auditBeside(data, quick ? 2 : 20)
  for (const { report } of [alone, beside]) requireLooked(report, say)
  return {
    figures: [
      ...figuresOf('gogga audit, nobody else at work', alone),
      ...figuresOf('an audit beside requests', beside),
      ...latencyFigures(beside),
    ],
    verdicts: [
      ...verdictsOf('gogga audit', alone),
      ...verdictsOf('an audit beside requests', beside),
      verdict('p99 of requests beside an audit / without', ratioOf(beside, all), 2),
    ],
  }
}

async function auditAlone({ env }: AuditData): Promise<Audited> {
  const began = performance.now()
  const child = spawn(process.execPath, [GOGGA, 'audit', '--json'], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  await using watch = watchProcesses({ pid: child.pid ?? 0, itself: true })
  const report = JSON.parse(await text(child.stdout)) as AuditReport
  return { report, seconds: (performance.now() - began) / 1_000, cost: await watch.end() }
}

async function auditBeside(data: AuditData, seconds: number): Promise<Beside> {
  const { env, starts } = data
  const [keys, key] = [loadKeys(env), createKey(env, 'compliance')]
  const server = await startServer(env)
  const forSeconds = (count: number) => AbortSignal.timeout(count * 1_000)
  const loaded = (until: AbortSignal) => load({ address: server.address, keys, path: pathOf(starts) }, until)
  try {
    await loaded(forSeconds(2)) // Warms up.
    const before = await loaded(forSeconds(seconds))
    const ended = new AbortController()
    const [audited, beside] = await Promise.all([
      auditOver(server, key).finally(() => ended.abort()),
      loaded(ended.signal),
    ])
    const after = await loaded(forSeconds(seconds))
    return { ...audited, beside, without: together(before, after) }
  } finally {
    server.process.kill('SIGTERM')
  }
}

/** Pages in turns with single people, whom the other key reads in clear. */
const pathOf = (starts: readonly string[]) => (nth: number) => {
  const start = starts[nth % starts.length] ?? ''
  const expand = 'expand=subscription,payments,vouchers'
  if (nth % 2 === 1) return `/v1/users/${start}?${expand}`
  return `/v1/users?${expand}&filter[id][gt]=${start}&sort=id&limit=50`
}

async function auditOver({ address, process: server }: Served, key: string): Promise<Audited> {
  const headers = { authorization: `Bearer ${key}` }
  await using watch = watchProcesses({ pid: server.pid ?? 0, itself: false })
  const began = performance.now()
  const begun = await fetch(`${address}/v1/compliance/audits`, { method: 'POST', headers })
  if (begun.status !== 202) throw new Error(`The server answered ${begun.status} where an audit should begin`)
  const place = address + begun.headers.get('location')
  for (;;) {
    await wait(ASK_AGAIN_MS)
    const answer = await fetch(place, { headers })
    if (!answer.ok) throw new Error(`The server answered ${answer.status} where its audit should be`)
    const { data } = (await answer.json()) as { data: { report: AuditReport | null } }
    const seconds = (performance.now() - began) / 1_000
    if (data.report) return { report: data.report, seconds, cost: await watch.end() }
  }
}

function requireLooked({ sections, findings }: AuditReport, say: (text: string) => void): void {
  const looked = new Map(
    sections.flatMap((one) => Object.entries(one.looked).map(([what, count]) => [`${one.section}.${what}`, count])),
  )
  const missing = LOOKED.filter((what) => !looked.get(what))
  if (missing.length > 0) throw new Error(`The audit looked at nothing of ${missing.join(', ')}`)
  for (const { severity, code, place, message } of findings)
    if (severity === 'high' || severity === 'medium') say(`${code} in ${place.file}: ${message}`)
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

function figuresOf(name: string, { report, seconds, cost }: Audited): readonly Figure[] {
  const { sections, startedAt, endedAt } = report
  const told = (Date.parse(endedAt) - Date.parse(startedAt)) / 1_000
  return [
    single(`${name}: seconds until its report was there`, seconds),
    single('  seconds as its report tells them', told),
    // Does not know who else runs.
    single('  seconds of processor time', sum(cost.processes.map(({ cpuSeconds }) => cpuSeconds))),
    ...sections.flatMap(({ section, tookMs, looked }) => [
      single(`  ms for ${section}`, tookMs),
      ...Object.entries(looked).map(([what, count]) => single(`    ${what}`, count)),
    ]),
    single('  MB of memory (PSS), all of its processes at one time', cost.peakShared / MB),
    single('    the same, what they share counted for each (RSS)', cost.peak / MB),
    ...cost.processes.flatMap(({ name: program, peak, cpuSeconds }) => [
      single(`    MB of ${program} at its peak`, peak / MB),
      single(`      its ms of processor time`, cpuSeconds * 1_000),
    ]),
  ]
}

function verdictsOf(name: string, { report: { counts }, seconds, cost }: Audited): readonly Verdict[] {
  return [
    verdict(`${name}: seconds`, seconds, 60),
    // What the machine gives for it: a page that processes share is there once.
    verdict(`${name}: MB of memory, all of its processes at one time`, cost.peakShared / MB, 300),
    verdict(`${name}: findings that fail it, in clean files`, counts.high + counts.medium, 0),
  ]
}

type Kind = (latencies: Latencies) => readonly number[]

const all: Kind = ({ reads, writes }) => [...reads, ...writes]
const KINDS: readonly (readonly [string, Kind])[] = [
  ['all requests', all],
  ['pages', ({ reads }) => reads],
  ['people in clear', ({ writes }) => writes],
]

const ratioOf = ({ without, beside }: Beside, of: Kind): number =>
  quantile(of(beside), 0.99) / quantile(of(without), 0.99)

const latencyFigures = (round: Beside): readonly Figure[] =>
  KINDS.flatMap(([name, of]) =>
    (['without', 'beside'] as const).flatMap((when) => {
      const times = of(round[when])
      return [
        single(`${name}, ${when} an audit: median (µs)`, 1_000 * quantile(times, 0.5)),
        single('  99 % within (µs)', 1_000 * quantile(times, 0.99)),
        single('  longest (µs)', 1_000 * quantile(times, 1)),
        single('  of so many', times.length),
      ]
    }),
  )
