// What the policy promises against what backups and drills achieved. A drill, where there is one, says how long recovery
// takes; else a check of a whole archive does.
import { DOMAINS, type Domain } from '../../database/domains.ts'
import { HISTORY_DAYS, readHistory, readSince } from './history.ts'
import { isGood, type Listed, listStore } from './list.ts'
import { openStore } from './open-store.ts'
import { lastTime, longestPause } from './patterns.ts'
import type { BackupPolicy, Policies } from './policy.ts'

export type AlarmCode = 'missed' | 'failed-check' | 'unreadable' | 'failed-drill' | 'no-drill' | 'out-of-reach'

export interface Alarm {
  readonly domain: Domain
  readonly code: AlarmCode
  readonly message: string
  /** A failed check of a backup, where a younger one has passed since: known, and no reason to wake anybody. */
  readonly isOld?: true
}

/** Milliseconds; undefined where nothing is known. */
export interface Promised {
  readonly domain: Domain
  readonly schedule: string
  readonly configured: { readonly recoveryPointMs: number }
  readonly achieved: {
    /** Age of the newest good backup: what would be lost now. */
    readonly recoveryPointMs: number | undefined
    /** The longest pause between backups in the last 8 days, up to now. */
    readonly longestGapMs: number | undefined
    /** Of the last drill that passed, else of the last check. */
    readonly recoveryTimeMs: number | undefined
  }
  readonly backups: number
  readonly newest: { readonly id: string; readonly takenAt: string } | undefined
  readonly lastVerifiedAt: string | undefined
  readonly lastDrillAt: string | undefined
  readonly alarms: readonly Alarm[]
}

const DAY_MS = 86_400_000

/** Of each domain, in the order of `domains`. A store that is out of reach is an alarm, not an error. */
export async function promisesOf(
  policies: Policies,
  now: Date,
  domains: readonly Domain[] = DOMAINS,
): Promise<readonly Promised[]> {
  return await Promise.all(domains.map((domain) => promisedOf(policies[domain], now)))
}

async function promisedOf(policy: BackupPolicy, now: Date): Promise<Promised> {
  using store = openStore(policy.target)
  try {
    const { domain } = policy
    const [listed, history] = [await listStore(store, domain), await readHistory(store, domain)]
    return compare(policy, listed, { history, since: await readSince(store, domain) }, now)
  } catch (error) {
    const message = `${store.where} could not be read: ${(error as Error).message}`
    const nothing = compare(policy, { backups: [], drills: [], findings: [] }, { history: [] }, now)
    return { ...nothing, alarms: [{ domain: policy.domain, code: 'out-of-reach', message }] }
  }
}

export interface Past {
  /** Times of backups of late, ISO, oldest first. */
  readonly history: readonly string[]
  /** Of the first backup of all; where nobody wrote it down, the oldest that is kept counts. */
  readonly since?: string | undefined
}

/** Pure: what is listed and when, against the policy. */
export function compare(policy: BackupPolicy, listed: Listed, { history, since }: Past, now: Date): Promised {
  const { domain, schedule } = policy
  const good = listed.backups.filter(isGood)
  const [newest] = good
  const verified = listed.backups.flatMap((backup) => backup.verified ?? []).sort((a, b) => b.at.localeCompare(a.at))
  const [lastVerified] = verified.filter(({ passed }) => passed)
  const [lastDrill] = listed.drills.filter(({ passed }) => passed)
  const age = newest && now.getTime() - Date.parse(newest.manifest.takenAt)
  const times = [...history, ...good.map(({ manifest }) => manifest.takenAt)]
  return {
    domain,
    schedule,
    configured: { recoveryPointMs: longestPause(schedule, now) },
    achieved: {
      recoveryPointMs: age,
      longestGapMs: longestGap(times, now),
      recoveryTimeMs: (lastDrill ?? lastVerified)?.tookMs,
    },
    backups: good.length,
    newest: newest && { id: newest.manifest.id, takenAt: newest.manifest.takenAt },
    lastVerifiedAt: lastVerified?.at,
    lastDrillAt: lastDrill?.at,
    alarms: alarmsOf(policy, listed, since, now),
  }
}

/** From the newest before the window on; undefined without any. */
function longestGap(times: readonly string[], now: Date): number | undefined {
  const start = now.getTime() - HISTORY_DAYS * DAY_MS
  const sorted = times.map((time) => Date.parse(time)).sort((a, b) => a - b)
  const before = sorted.findLastIndex((time) => time <= start)
  const window = [...sorted.slice(Math.max(before, 0)), now.getTime()]
  const gaps = window.slice(1).map((time, index) => time - (window[index] ?? time))
  return gaps.length > 0 ? Math.max(...gaps) : undefined
}

function alarmsOf(policy: BackupPolicy, listed: Listed, since: string | undefined, now: Date): Alarm[] {
  const { domain } = policy
  const { backups, findings } = listed
  const passed = backups.find(({ verified }) => verified?.passed)?.manifest.takenAt ?? ''
  const alarm = (code: AlarmCode, message: string): Alarm => ({ domain, code, message })
  const alarms = [missed(policy, backups, now)].flatMap((message) => (message ? [alarm('missed', message)] : []))
  for (const { manifest, verified, stored } of backups) {
    const isOld = manifest.takenAt <= passed ? { isOld: true as const } : {}
    if (verified?.passed === false)
      alarms.push({
        ...alarm('failed-check', `${manifest.id} failed its check: ${verified.findings.join('; ')}`),
        ...isOld,
      })
    else if (stored !== manifest.bytes.stored)
      alarms.push(
        alarm('failed-check', `${manifest.id}: its archive ${stored === undefined ? 'is gone' : 'has another size'}`),
      )
  }
  alarms.push(...findings.map((finding) => alarm('unreadable', finding)))
  alarms.push(...drillAlarms(policy, listed, since, now))
  return alarms
}

function drillAlarms(
  { domain, drillDays }: BackupPolicy,
  { backups, drills }: Listed,
  since: string | undefined,
  now: Date,
): Alarm[] {
  const alarms: Alarm[] = []
  const [last] = drills
  if (last && !last.passed)
    alarms.push({
      domain,
      code: 'failed-drill',
      message: `The last drill of ${domain}, of ${last.backupId} at ${last.at}, failed: ${last.findings.join('; ')}`,
    })
  const drillBy = new Date(now.getTime() - drillDays * DAY_MS).toISOString()
  // Backups are pruned sooner than drills are due: the oldest that is kept says too little.
  const first = since ?? backups.at(-1)?.manifest.takenAt
  const isDue = drillDays > 0 && first !== undefined && first <= drillBy
  if (isDue && !drills.some(({ passed, at }) => passed && at > drillBy))
    alarms.push({
      domain,
      code: 'no-drill',
      message: `No drill of ${domain} passed in the last ${drillDays} days: run "gogga drill ${domain}"`,
    })
  return alarms
}

function missed(
  { domain, schedule, graceMinutes }: BackupPolicy,
  backups: Listed['backups'],
  now: Date,
): string | undefined {
  const newest = backups.find(isGood)?.manifest.takenAt
  if (newest === undefined) return `There is no good backup of ${domain}.db`
  const due = lastTime(schedule, new Date(now.getTime() - graceMinutes * 60_000))?.toISOString()
  if (due === undefined || newest >= due) return undefined
  return `The backup of ${domain}.db due at ${due} is missing; the newest is of ${newest}`
}
