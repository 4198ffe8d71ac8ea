// The memory that gogga split needs for a large file: the peak of its process, as the kernel counts it (VmHWM).
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildLegacyDatabase } from '../../tests/helpers/legacy-database.ts'
import { type Figure, type Verdict, verdict } from './measure.ts'
import { highWaterMark } from './processes.ts'

export interface MemoryOptions {
  readonly people: number
  readonly say: (text: string) => void
}

const GOGGA = join(import.meta.dirname, '../gogga.ts')
const POLL_MS = 50
const MIB = 1_048_576

export async function benchMemory({ people, say }: MemoryOptions): Promise<{ figures: Figure[]; verdicts: Verdict[] }> {
  const dir = mkdtempSync(join(tmpdir(), 'gogga-bench-'))
  try {
    const legacy = join(dir, 'legacy.db')
    say(`making a unified database of ${people} people with every trap …`)
    buildLegacyDatabase(legacy, { users: people })
    const mebibytes = Math.round(statSync(legacy).size / MIB)
    say(`splitting ${mebibytes} MiB …`)
    const began = performance.now()
    const peak = await peakOf(['split', legacy, '--into', join(dir, 'data'), '--json'])
    const seconds = (performance.now() - began) / 1_000
    const one = (name: string, value: number) => ({ name, median: value, min: value, max: value })
    return {
      figures: [
        one(`MiB, the unified database`, mebibytes),
        one('s, gogga split', seconds),
        one('MB, peak memory', peak),
      ],
      verdicts: [verdict(`peak memory of splitting ${mebibytes} MiB, in MB`, peak, 300)],
    }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

/** Megabytes (10^6 bytes). */
async function peakOf(args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [GOGGA, ...args], { stdio: ['ignore', 'ignore', 'inherit'] })
  let peak = 0
  const timer = setInterval(() => {
    peak = Math.max(peak, highWaterMark(child.pid))
  }, POLL_MS)
  const [code] = (await once(child, 'exit')) as [number]
  clearInterval(timer)
  if (code !== 0) throw new Error(`gogga ${args.join(' ')} ended with ${code}`)
  return Math.round(peak / 1_000) / 1_000
}
