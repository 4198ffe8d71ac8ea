// What metrics tell of work that others do, such as the process that makes the backups.
import type { Domain } from '../../database/domains.ts'
import type { AttemptFigure } from '../../identity/pii-attempts.ts'
import type { Severity } from '../check/finding.ts'
import type { Turn } from '../check/turns.ts'
import type { PurgeFigures } from '../purge/purge-job.ts'

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
  /** What happens when the row that is named goes; where it is `keep`, orphans are as they should be. */
  readonly policy: 'keep' | 'delete' | 'null'
  readonly count: number
}

/** What the checks of this server found. */
export interface CheckFigures {
  /** Of those turns that came to their end since the start. */
  readonly turns: readonly { readonly turn: Turn; readonly at: Date; readonly tookMs: number }[]
  /** Findings by severity; undefined before the first turn. */
  readonly counts: Readonly<Record<Severity, number>> | undefined
  /** Of the links that could be compared. */
  readonly orphans: readonly OrphanFigures[]
}

/** Audits of where personal information is. */
export interface AuditFigures {
  /** The newest whole one, by whichever process, with findings by severity; undefined before the first. */
  readonly newest: { readonly at: Date; readonly counts: Readonly<Record<string, number>> } | undefined
  /** Whether the last one that began in this process came to no end. */
  readonly hasFailed: boolean
}

export interface FigureSources {
  readonly audits?: () => AuditFigures
  readonly backups?: () => readonly BackupFigures[] | Promise<readonly BackupFigures[]>
  readonly checks?: () => CheckFigures
  readonly purge?: () => PurgeFigures
  /** What the guard before billing.db and admin.db met. */
  readonly piiAttempts?: () => readonly AttemptFigure[]
}
