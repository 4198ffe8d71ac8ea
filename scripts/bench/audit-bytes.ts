// The search of raw bytes: how fast a million people's values are looked for in billing.db and admin.db, in every form and any
// case, and with how much memory; beside it grep -F, which looks for the same values as they stand, and nothing else.
// Processor time is told too: it does not know who else runs.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import { type ScanReport, scanSources } from '../../src/compliance/audit/bytes/scan.ts'
import { filesBeside } from '../../src/compliance/audit/bytes/sources.ts'
import { migrate } from '../../src/database/migrations.ts'
import { seededRandom } from '../../src/ops/makers.ts'
import type { AuditBenchOptions, AuditBenchResult } from './audit.ts'
import { benchData } from './data.ts'
import { type Figure, spread, verdict } from './measure.ts'
import { highWaterMark } from './processes.ts'

const MB = 1_000_000
const POLL_MS = 50
/** grep -F may take long, or more memory than there is. */
const GREP_LIMIT_MS = 120_000

interface Run {
  readonly report: ScanReport
  readonly ms: number
}

export async function benchBytes({ people, quick, say }: AuditBenchOptions): Promise<AuditBenchResult> {
  const data = benchData(people, say)
  const dir = mkdtempSync(join(dirname(data.dir), 'audit-'))
  try {
    const identity = join(dir, 'identity.db')
    copyFileSync(data.paths.identity, identity)
    migrate('identity', identity)
    addAddresses(identity, people / 10)
    const paths = { ...data.paths, identity }
    const runs: Run[] = []
    for (let round = 0; round < (quick ? 1 : 3); round++) {
      say(`searching billing.db and admin.db, ${round + 1} …`)
      const began = performance.now()
      const report = await scanSources({ needles: { identity }, files: filesBeside(paths) })
      runs.push({ report, ms: performance.now() - began })
    }
    say('the same by grep -F …')
    const grep = await benchGrep(dir, identity, data.paths.billing)
    const peak = Math.max(...runs.map(({ report }) => report.cost.all.peakKib)) * 0.001024
    const speed = figure('MB/s of processor time, searched without reading the values', runs, speedOf)
    return {
      figures: [
        figure('values of identity.db, looked for', runs, ({ report }) => report.needles.values),
        figure('MB searched', runs, ({ report }) => report.bytes / MB),
        figure('ms in all, reading the values included', runs, ({ ms }) => ms),
        figure('ms of processor time, reading the values', runs, ({ report }) => report.cost.values.cpuMs),
        speed,
        ...grep,
      ],
      verdicts: [
        verdict('MB searched a second of processor time', speed.median, 150, true),
        verdict('peak memory of the search, in MB', peak, 300),
        verdict('occurrences in clean files', runs[0]?.report.hits.length ?? 0, 0),
      ],
    }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

const speedOf = ({ report: { bytes, cost } }: Run): number =>
  bytes / MB / ((cost.all.cpuMs - cost.values.cpuMs) / 1_000)

const figure = (name: string, runs: readonly Run[], of: (run: Run) => number): Figure => ({
  name,
  ...spread(runs.map(of)),
})

/** Sign-ins from as many IP addresses. */
function addAddresses(path: string, count: number): void {
  const random = seededRandom(2)
  const octet = () => Math.floor(random() * 256)
  const connection = new Database(path)
  const insert = connection.prepare(
    `insert into "AuthLog" (id, action, ip, createdAt) values (?, 'login_success', ?, ?)`,
  )
  connection.transaction(() => {
    for (let at = 0; at < count; at++)
      insert.run(`bench-${at}`, `${octet()}.${octet()}.${octet()}.${octet()}`, '2026-11-22T10:00:00.000+00:00')
  })()
  connection.close()
}

/** None where there is no grep, or it takes too long. */
async function benchGrep(dir: string, identity: string, billing: string): Promise<readonly Figure[]> {
  const list = join(dir, 'values')
  await writeValues(identity, list)
  const began = performance.now()
  const child = spawn('grep', ['-a', '-c', '-F', '-f', list, billing], {
    env: { LC_ALL: 'C' },
    stdio: 'ignore',
    timeout: GREP_LIMIT_MS,
  })
  let peak = 0
  const timer = setInterval(() => {
    peak = Math.max(peak, highWaterMark(child.pid))
  }, POLL_MS)
  try {
    // 1: no line was found, as it should be.
    const [code] = (await once(child, 'exit')) as [number | null]
    if (code !== 1) return []
  } catch {
    return []
  } finally {
    clearInterval(timer)
  }
  const ms = performance.now() - began
  const one = (name: string, value: number): Figure => ({ name, median: value, min: value, max: value })
  return [one('  grep -F: ms for billing.db alone, as they stand alone', ms), one('  grep -F: MB of memory', peak / MB)]
}

async function writeValues(identity: string, path: string): Promise<void> {
  const reader = new Database(identity, { readonly: true })
  const file = createWriteStream(path)
  const sql = `select email from "User" union all select email from "Contact" union all select ip from "AuthLog" where ip is not null`
  for (const value of reader.prepare(sql).pluck().iterate()) {
    if (!file.write(`${value}\n`)) await once(file, 'drain')
  }
  reader.close()
  file.end()
  await once(file, 'finish')
}
