// What a server does beside answering and beside its sagas, and what metrics tell of it.
import { headsJob } from '../compliance/chain/heads.ts'
import type { Context } from '../context.ts'
import type { ServeOptions } from '../main.ts'
import { checkJob } from '../ops/check/check-job.ts'
import { backupFigures } from '../ops/metrics/backup-figures.ts'
import { checkFigures } from '../ops/metrics/check-figures.ts'
import { purgeJob } from '../ops/purge/purge-job.ts'
import { signingKeyOf } from './audit-context.ts'

/** Throws UsageError where the backup policy or the signing key does not fit. */
export function servedWork(context: Context): Pick<ServeOptions, 'figures' | 'jobs'> {
  const { config, files, now, checker, policies, purged: onPurged } = context
  const purge = purgeJob({ files, now, onPurged })
  const heads = headsJob({ files, now, key: signingKeyOf(config) })
  return {
    figures: { backups: backupFigures(policies(), now), checks: checkFigures(checker), purge: purge.figures },
    jobs: [checkJob(checker, now), purge, heads],
  }
}
