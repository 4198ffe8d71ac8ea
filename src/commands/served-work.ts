// What a server does beside answering and beside its sagas, and what metrics tell of it.
import type { Context } from '../context.ts'
import type { ServeOptions } from '../main.ts'
import { checkJob } from '../ops/check/check-job.ts'
import { backupFigures } from '../ops/metrics/backup-figures.ts'
import { checkFigures } from '../ops/metrics/check-figures.ts'
import { purgeJob } from '../ops/purge/purge-job.ts'

/** Throws UsageError where the backup policy does not fit. */
export function servedWork(context: Context): Pick<ServeOptions, 'figures' | 'jobs'> {
  const { files, now, checker, policies, purged: onPurged } = context
  const purge = purgeJob({ files, now, onPurged })
  return {
    figures: { backups: backupFigures(policies(), now), checks: checkFigures(checker), purge: purge.figures },
    jobs: [checkJob(checker, now), purge],
  }
}
