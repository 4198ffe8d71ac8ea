// What the policy promises against what backups and drills achieved. A drill, where there is one, says how long recovery
// takes; else a check of a whole archive does.
import { DOMAINS, type Domain } from '../../database/domains.ts'
import { HISTORY_DAYS, readHistory } from './history.ts'
import { isGood, type Listed, listStore } from './list.ts'
import { openStore } from './open-store.ts'
import { lastTime, longestPause } from './patterns.ts'
import type { BackupPolicy, Policies } from './policy.ts'

export type AlarmCode = 'missed' | 'failed-check' | 'unreadable' | 'no-drill' | 'out-of-reach'

export interface Alarm {
  readonly domain: Domain
  readonly code: AlarmCode
  readonly message: string
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
    const [listed, history] = [await listStore(store, policy.domain), await readHistory(store, policy.domain)]
    return compare(policy, listed, history, now)
  } catch (error) {
    const message = `${store.where} could not be read: ${(error as Error).message}`
    const nothing = compare(policy, { backups: [], drills: [], findings: [] }, [], now)
    return { ...nothing, alarms: [{ domain: policy.domain, code: 'out-of-reach', message }] }
  }
}

/** Pure: what is listed and when, against the policy. `history`: ISO times, oldest first. */
export function compare(policy: BackupPolicy, listed: Listed, history: readonly string[], now: Date): Promised {
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
    alarms: alarmsOf(policy, listed, now),
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

function alarmsOf(policy: BackupPolicy, { backups, drills, findings }: Listed, now: Date): Alarm[] {
  const { domain } = policy
  const alarm = (code: AlarmCode, message: string): Alarm => ({ domain, code, message })
  const alarms = [missed(policy, backups, now)].flatMap((message) => (message ? [alarm('missed', message)] : []))
  for (const { manifest, verified, stored } of backups) {
    if (verified?.passed === false)
      alarms.push(alarm('failed-check', `${manifest.id} failed its check: ${verified.findings.join('; ')}`))
    else if (stored !== manifest.bytes.stored)
      alarms.push(
        alarm('failed-check', `${manifest.id}: its archive ${stored === undefined ? 'is gone' : 'has another size'}`),
      )
  }
  alarms.push(...findings.map((finding) => alarm('unreadable', finding)))
  const drillBy = new Date(now.getTime() - policy.drillDays * DAY_MS).toISOString()
  const oldest = backups.at(-1)?.manifest.takenAt
  const isDue = policy.drillDays > 0 && oldest !== undefined && oldest <= drillBy
  if (isDue && !drills.some(({ passed, at }) => passed && at > drillBy))
    alarms.push(
      alarm(
        'no-drill',
        `No drill of ${domain} passed in the last ${policy.drillDays} days: run "gogga drill ${domain}"`,
      ),
    )
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
