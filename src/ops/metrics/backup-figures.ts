// Backups as metrics tell of them: from where they lie, so that the process that makes them needs no port.

import type { Policies } from '../backup/policy.ts'
import { type Promised, promisesOf } from '../backup/promises.ts'
import type { BackupFigures, FigureSources } from './sources.ts'

/** Listing a store takes longer than a reading should, and backups are minutes apart. */
const KEPT_MS = 60_000

export function backupFigures(policies: Policies, now: () => Date): NonNullable<FigureSources['backups']> {
  let last: { readonly at: number; readonly figures: Promise<readonly BackupFigures[]> } | undefined
  return () => {
    const at = now().getTime()
    if (!last || at - last.at >= KEPT_MS) {
      const figures = promisesOf(policies, now()).then((promises) => promises.map(figuresOf))
      figures.catch(() => {
        last = undefined
      })
      last = { at, figures }
    }
    return last.figures
  }
}

const seconds = (milliseconds: number | undefined) => (milliseconds === undefined ? null : milliseconds / 1_000)

/** Backups that only their own process can see are no alarm here: `gogga backup promises` tells of them there. */
function figuresOf({ domain, newest, achieved, configured, alarms }: Promised): BackupFigures {
  const isVisible = alarms.every(({ code }) => code !== 'out-of-reach')
  return {
    domain,
    isVisible,
    newestAt: newest ? new Date(newest.takenAt) : null,
    achievedRecoveryPointSeconds: seconds(achieved.longestGapMs),
    promisedRecoveryPointSeconds: seconds(configured.recoveryPointMs),
    alarms: isVisible ? alarms.length : null,
  }
}
