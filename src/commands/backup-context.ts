// What the commands of backups share: the policy, the domains that are meant, clock, ids, progress and Ctrl-C.
import { randomBytes, randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { type Config, readConfig } from '../config.ts'
import { DOMAINS, type Domain, isDomain } from '../database/domains.ts'
import { GoggaError, StoppedError, UsageError } from '../errors.ts'
import { type Policies, readPolicies } from '../ops/backup/policy.ts'
import { stepBack } from '../ops/backup/step-back.ts'
import type { OnProgress, Sources } from '../ops/backup/types.ts'
import { reportError } from './command.ts'
import { createProgress } from './progress.ts'

export interface BackupContext extends Disposable {
  readonly config: Config
  readonly policies: Policies
  readonly sources: Sources
  readonly signal: AbortSignal
  readonly progress: OnProgress
  /** Ends the line of the bar before something is printed. */
  endProgress(): void
}

const UNITS = { copy: 'bytes', pack: 'bytes', store: 'bytes', fetch: 'bytes', check: 'bytes' }
const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** Reads configuration and policy; opens no file of a domain. */
export function openBackupContext(): BackupContext {
  const config = readConfig()
  const policies = readPolicies({ file: config.backupPolicy, dataDir: config.dataDir })
  const bar = createProgress({ now: Date.now, units: UNITS })
  const controller = new AbortController()
  const abort = () => controller.abort(new StoppedError('Stopped before the end: nothing was left behind.'))
  for (const signal of SIGNALS) process.once(signal, abort)
  stepBack()
  return {
    config,
    policies,
    sources: { now: () => new Date(), newId: () => randomUUID(), randomBytes: (size) => randomBytes(size) },
    signal: controller.signal,
    progress: (phase, done, total) => bar.update(phase, done, total),
    endProgress: () => bar.stop(),
    [Symbol.dispose]() {
      bar.stop()
      for (const signal of SIGNALS) process.off(signal, abort)
    },
  }
}

/** Those named, in the order of the files; `all` where none is. */
export function domainsIn(words: readonly string[], all: readonly Domain[] = DOMAINS): readonly Domain[] {
  const wrong = words.find((word) => !isDomain(word))
  if (wrong !== undefined) throw new UsageError(`Expected one of ${DOMAINS.join(', ')}, got "${wrong}".`)
  return words.length === 0 ? all : DOMAINS.filter((domain) => words.includes(domain))
}

export interface Failure {
  readonly domain: Domain
  readonly code: string
  readonly message: string
}

/** One that fails does not keep the others from their turn: it is told, and the exit code is 1. A signal ends them all. */
export async function eachDomain(
  domains: readonly Domain[],
  { signal, endProgress }: BackupContext,
  work: (domain: Domain) => Promise<void>,
): Promise<{ readonly failures: readonly Failure[]; readonly exitCode: 0 | 1 }> {
  const failures: Failure[] = []
  for (const domain of domains) {
    try {
      await work(domain)
    } catch (error) {
      if (signal.aborted || domains.length === 1) throw error
      endProgress()
      reportError(error)
      const code = error instanceof GoggaError ? error.code : 'internal'
      failures.push({ domain, code, message: (error as Error).message })
    }
  }
  return { failures, exitCode: failures.length > 0 ? 1 : 0 }
}

/** In pieces, since timers are bounded and clocks are set. */
const PIECE_MS = 30_000

export async function waitUntil(time: Date, signal: AbortSignal): Promise<void> {
  for (;;) {
    const left = time.getTime() - Date.now()
    if (left <= 0 || signal.aborted) return
    await wait(Math.min(left, PIECE_MS), undefined, { signal }).catch(() => undefined)
  }
}

const CALL_TIMEOUT_MS = 10_000

export async function callUrl(url: string, signal: AbortSignal): Promise<number> {
  const answer = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(CALL_TIMEOUT_MS)]) })
  await answer.body?.cancel()
  return answer.status
}

export const printJson = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`)

export const megabytes = (bytes: number): string => `${(bytes / 1_048_576).toFixed(1)} MiB`

/** `3 d 4 h`, `12 min`, `340 ms`. */
export function duration(milliseconds: number | undefined): string {
  if (milliseconds === undefined) return 'unknown'
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`
  if (milliseconds < 120_000) return `${(milliseconds / 1_000).toFixed(1)} s`
  const minutes = Math.round(milliseconds / 60_000)
  if (minutes < 120) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`
}
