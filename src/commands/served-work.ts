// What a server does beside answering and beside its sagas, and what metrics tell of it.
import { auditJob } from '../compliance/audit/audit-job.ts'
import { type Auditor, createAuditor } from '../compliance/audit/auditor.ts'
import { auditConnections } from '../compliance/audit/handles/connections.ts'
import type { AuditReport } from '../compliance/audit/report.ts'
import { headsJob } from '../compliance/chain/heads.ts'
import { createVerifier, type Verifier } from '../compliance/chain/verifier.ts'
import type { Context } from '../context.ts'
import type { ServeOptions } from '../main.ts'
import { checkJob } from '../ops/check/check-job.ts'
import { backupFigures } from '../ops/metrics/backup-figures.ts'
import { checkFigures } from '../ops/metrics/check-figures.ts'
import type { AuditFigures } from '../ops/metrics/sources.ts'
import { purgeJob } from '../ops/purge/purge-job.ts'
import { applicationOf } from '../transfer/report.ts'
import { signingKeyOf } from './audit-context.ts'
import type { ServedTask } from './audit-process.ts'

/** Throws UsageError where the backup policy or the signing key does not fit. */
export function servedWork(context: Context): Pick<ServeOptions, 'auditor' | 'figures' | 'jobs' | 'verifier'> {
  const { config, files, now, checker, policies, purged: onPurged } = context
  const purge = purgeJob({ files, now, onPurged })
  const heads = headsJob({ files, now, key: signingKeyOf(config) })
  const auditor = auditorOf(context)
  return {
    auditor,
    verifier: verifierOf(context),
    figures: {
      audits: () => figuresOf(auditor),
      backups: backupFigures(policies(), now),
      checks: checkFigures(checker),
      purge: purge.figures,
    },
    jobs: [checkJob(checker, now), purge, heads, auditJob(auditor, now)],
  }
}

type Served = Omit<ServedTask, 'id' | 'cause' | 'startedAt' | 'connections'>

/** Owned by the app. */
export function auditorOf({ config, files, now, newId, policies }: Context): Auditor {
  const { paths, busyTimeoutMs, logFiles } = config
  const key = signingKeyOf(config)
  const program = applicationOf().version
  return createAuditor({
    process: new URL('./audit-process.ts', import.meta.url),
    task: (): Served => ({
      ...{ program, paths, busyTimeoutMs, policies: policies(), logs: { files: logFiles } },
      ...(key && { publicKeys: [key.publicPem] }),
    }),
    connections: () => auditConnections(Object.values(files)),
    ...{ identity: files.identity, key, now, newId },
  })
}

/** Owned by the app. */
export function verifierOf({ config, now }: Pick<Context, 'config' | 'now'>): Verifier {
  const key = signingKeyOf(config)
  const process = new URL('./verify-process.ts', import.meta.url)
  return createVerifier({ process, paths: config.paths, publicKeys: key ? [key.publicPem] : [], now })
}

function figuresOf(auditor: Auditor): AuditFigures {
  const kept = auditor.newest()
  const newest = kept && { at: new Date(kept.startedAt), counts: (JSON.parse(kept.report) as AuditReport).counts }
  return { newest, hasFailed: auditor.failedAt !== undefined }
}
