// What metrics tell of work that others do, such as the process that makes the backups.
import type { Domain } from '../../database/domains.ts'

/** One file's backups, as found where they lie. */
export interface BackupFigures {
  readonly domain: Domain
  /** Whether this process can see where they lie; where not, the rest is null. */
  readonly isVisible: boolean
  /** When the newest good one was begun; null without any. */
  readonly newestAt: Date | null
  /** The longest that a change was in no backup yet, in seconds; null where that is not known. */
  readonly achievedRecoveryPointSeconds: number | null
  /** The same as the schedule promises it; null without a schedule. */
  readonly promisedRecoveryPointSeconds: number | null
  /** Missed schedules, failed checks and drills that are due: 0 is well. */
  readonly alarms: number | null
}

/** Rows of one link that name nothing, as the last check counted them. */
export interface OrphanFigures {
  /** `billing.Subscription.userId` */
  readonly link: string
  readonly domain: Domain
  readonly count: number
}

export interface FigureSources {
  readonly backups?: () => readonly BackupFigures[] | Promise<readonly BackupFigures[]>
  readonly orphans?: () => readonly OrphanFigures[] | Promise<readonly OrphanFigures[]>
}
