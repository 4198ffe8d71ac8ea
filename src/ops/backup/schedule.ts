// Backups on their schedules, until it is told to stop: per file one at a time, several files side by side. It opens
// nothing but the files that it is asked to back up.
import type { Domain } from '../../database/domains.ts'
import { GoggaError } from '../../errors.ts'
import { isGood, listBackups } from './list.ts'
import { lastTime, nextTime } from './patterns.ts'
import type { BackupPolicy, Policies } from './policy.ts'
import { type AlarmCode, promisesOf } from './promises.ts'
import { pruneBackups } from './prune.ts'
import { takeBackup } from './take.ts'
import type { Sources } from './types.ts'
import { verifyBackup } from './verify.ts'

/** One JSON line each. */
export type ScheduleEvent =
  | { readonly event: 'waiting'; readonly domain: Domain; readonly until: string }
  | {
      readonly event: 'backup'
      readonly domain: Domain
      readonly id: string
      readonly tookMs: number
      readonly bytes: number
    }
  | { readonly event: 'pruned'; readonly domain: Domain; readonly removed: number }
  | {
      readonly event: 'verified'
      readonly domain: Domain
      readonly id: string
      readonly passed: boolean
      readonly tookMs: number
      readonly findings: readonly string[]
    }
  /** What keeps the heartbeat back. */
  | { readonly event: 'alarm'; readonly domain: Domain; readonly code: AlarmCode; readonly message: string }
  | { readonly event: 'heartbeat'; readonly domain: Domain; readonly status: number }
  | {
      readonly event: 'failed'
      readonly domain: Domain
      readonly step: Step
      readonly code: string
      readonly message: string
    }

type Step = 'backup' | 'prune' | 'verify' | 'promises' | 'heartbeat'

export interface ScheduleOptions {
  readonly policies: Policies
  readonly domains: readonly Domain[]
  readonly paths: Readonly<Record<Domain, string>>
  readonly sources: Sources
  readonly signal: AbortSignal
  readonly log: (event: ScheduleEvent) => void
  /** Resolves at the time, or when the signal is aborted. */
  readonly waitUntil: (time: Date, signal: AbortSignal) => Promise<void>
  /** Gives the status of the answer. */
  readonly callUrl: (url: string, signal: AbortSignal) => Promise<number>
}

/** A whole archive is fetched and checked once in so long. */
const VERIFY_EVERY_MS = 86_400_000

/** Ends when the signal is aborted and what was under way has ended. A failed run is logged, and the next one comes. */
export async function runSchedule(options: ScheduleOptions): Promise<void> {
  await Promise.all(options.domains.map((domain) => runDomain(domain, options)))
}

async function runDomain(domain: Domain, options: ScheduleOptions): Promise<void> {
  const { policies, signal, sources, log, waitUntil } = options
  const policy = policies[domain]
  if (await isOverdue(policy, options)) await runOnce(policy, options)
  while (!signal.aborted) {
    const time = nextTime(policy.schedule, sources.now())
    if (!time) return
    log({ event: 'waiting', domain, until: time.toISOString() })
    await waitUntil(time, signal)
    if (!signal.aborted) await runOnce(policy, options)
  }
}

/** A run was due while nobody ran: it is made up for at once. */
async function isOverdue(policy: BackupPolicy, options: ScheduleOptions): Promise<boolean> {
  const due = lastTime(policy.schedule, options.sources.now())?.toISOString()
  const listed = await attempt(policy, 'backup', options, () => listBackups(policy))
  const newest = listed?.backups.find(isGood)?.manifest.takenAt
  return due !== undefined && listed !== undefined && (newest === undefined || newest < due)
}

async function runOnce(policy: BackupPolicy, options: ScheduleOptions): Promise<void> {
  const { domain } = policy
  const { policies, paths, sources, signal, log, callUrl } = options
  const manifest = await attempt(policy, 'backup', options, () =>
    takeBackup({ policy, path: paths[domain], sources, signal }),
  )
  if (!manifest) return
  log({ event: 'backup', domain, id: manifest.id, tookMs: manifest.tookMs, bytes: manifest.bytes.stored })
  const pruned = await attempt(policy, 'prune', options, () => pruneBackups(policy, { now: sources.now(), policies }))
  if (pruned) log({ event: 'pruned', domain, removed: pruned.removed.length })
  await verifyNow(policy, options)
  const isWell = await keepsPromises(policy, options)
  const url = policy.heartbeatUrl
  if (url === undefined || !isWell || signal.aborted) return
  const status = await attempt(policy, 'heartbeat', options, () => callUrl(url, signal))
  if (status !== undefined) log({ event: 'heartbeat', domain, status })
}

/** A missed run, a failed check or a drill that is due keeps the heartbeat back, so that whoever waits for it asks. */
async function keepsPromises(policy: BackupPolicy, options: ScheduleOptions): Promise<boolean> {
  const { domain } = policy
  const policies = { ...options.policies, [domain]: policy }
  const promised = await attempt(policy, 'promises', options, () =>
    promisesOf(policies, options.sources.now(), [domain]),
  )
  const alarms = promised?.flatMap((one) => one.alarms).filter(({ isOld }) => !isOld)
  for (const { code, message } of alarms ?? []) options.log({ event: 'alarm', domain, code, message })
  return alarms?.length === 0
}

async function verifyNow(policy: BackupPolicy, options: ScheduleOptions): Promise<void> {
  const { sources, signal, log } = options
  const result = await attempt(policy, 'verify', options, async () => {
    const { backups } = await listBackups(policy)
    // After a failed check the next backup is checked at once.
    const last = backups
      .flatMap(({ verified }) => (verified?.passed ? verified.at : []))
      .sort()
      .at(-1)
    const [newest] = backups
    if (!newest || (last && sources.now().getTime() - Date.parse(last) < VERIFY_EVERY_MS)) return undefined
    return await verifyBackup({ policy, backup: newest, sources, signal })
  })
  if (!result) return
  const { backupId: id, passed, tookMs, findings } = result
  log({ event: 'verified', domain: policy.domain, id, passed, tookMs, findings })
}

async function attempt<T>(
  { domain }: BackupPolicy,
  step: Step,
  { log, signal }: ScheduleOptions,
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (signal.aborted) return undefined
    const code = error instanceof GoggaError ? error.code : 'internal'
    log({ event: 'failed', domain, step, code, message: (error as Error).message })
    return undefined
  }
}
