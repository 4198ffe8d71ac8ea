// Which backups stay: a pure function, so that a test can ask it anything. All periods are those of UTC.
import type { Keep } from './policy.ts'
import type { Manifest } from './types.ts'

export interface Candidate {
  readonly manifest: Pick<Manifest, 'id' | 'takenAt' | 'set'>
  /** False: its archive is gone, or a check failed; it does not stand for its period. */
  readonly good: boolean
  /** Its last check passed. */
  readonly verified: boolean
}

export interface Kept {
  readonly id: string
  /** Why it stays: `last`, `hourly` …, `newest good`, `last verified`. Never empty. */
  readonly reasons: readonly string[]
}

const DAY_MS = 86_400_000
/** What failed a check is left for somebody to look at: a program that is too old finds fault with a good backup as well. */
const FAILED_MS = 7 * DAY_MS

const PERIODS: Readonly<Record<'hourly' | 'daily' | 'weekly' | 'monthly', (time: Date) => string>> = {
  hourly: (time) => time.toISOString().slice(0, 13),
  daily: (time) => time.toISOString().slice(0, 10),
  weekly: mondayOf,
  monthly: (time) => time.toISOString().slice(0, 7),
}

/**
 * The backups that stay, newest first; the others go. The newest good one and the last verified one always stay. What is
 * older than `longestAge` (milliseconds) goes otherwise, whatever the counts say, since it holds rows that must be gone.
 * A period is stood for by its newest good backup, and only periods with one are counted, so that a pause in backups
 * does not use up what there is.
 */
export function toKeep(
  candidates: readonly Candidate[],
  keep: Keep,
  now: Date,
  longestAge = Infinity,
): readonly Kept[] {
  const newestFirst = [...candidates].sort(
    (a, b) => b.manifest.takenAt.localeCompare(a.manifest.takenAt) || b.manifest.id.localeCompare(a.manifest.id),
  )
  const good = newestFirst.filter((candidate) => candidate.good)
  const ageOf = ({ takenAt }: Candidate['manifest']) => now.getTime() - Date.parse(takenAt)
  const young = good.filter(({ manifest }) => ageOf(manifest) <= longestAge)
  const reasons = new Map<string, string[]>()
  const stay = (chosen: readonly Candidate[], reason: string) => {
    for (const { manifest } of chosen) reasons.set(manifest.id, [...(reasons.get(manifest.id) ?? []), reason])
  }
  stay(young.slice(0, keep.last), 'last')
  for (const [name, periodOf] of Object.entries(PERIODS)) {
    const newestOfEach = Map.groupBy(young, ({ manifest }) => periodOf(new Date(manifest.takenAt))).values()
    const chosen = [...newestOfEach].slice(0, keep[name as keyof typeof PERIODS])
    stay(
      chosen.flatMap(([newest]) => newest ?? []),
      name,
    )
  }
  stay(young.filter(({ manifest }) => manifest.set !== undefined).slice(0, keep.sets), 'sets')
  stay(good.slice(0, 1), 'newest good')
  stay(good.filter(({ verified }) => verified).slice(0, 1), 'last verified')
  stay(
    newestFirst.filter(({ good, manifest }) => !good && ageOf(manifest) <= FAILED_MS),
    'failed lately',
  )
  // Without a single good one the newest of the others is all that there is.
  if (good.length === 0) stay(newestFirst.slice(0, 1), 'newest')
  return newestFirst.flatMap(({ manifest: { id } }) => {
    const why = reasons.get(id)
    return why ? [{ id, reasons: why }] : []
  })
}

function mondayOf(time: Date): string {
  const daysSinceMonday = (time.getUTCDay() + 6) % 7
  return new Date(time.getTime() - daysSinceMonday * DAY_MS).toISOString().slice(0, 10)
}
