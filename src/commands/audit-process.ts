// A process of its own that makes one audit and tells what it found: a statement that reads a whole file cannot be stopped in a
// thread, and a server that ends would have to wait for it.
import { type AuditOptions, runAudit } from '../compliance/audit/audit.ts'
import type { AuditAnswer, AuditTask } from '../compliance/audit/auditor.ts'
import type { AuditReport } from '../compliance/audit/report.ts'
import type { Policies } from '../ops/backup/policy.ts'
import { stepBack } from '../ops/backup/step-back.ts'
import { archivesOf } from './audit-archives.ts'

export interface ServedTask extends AuditTask {
  readonly policies: Policies
}

// Whoever began it ends it, or is gone.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined)
process.once('disconnect', () => process.exit())
process.once('message', (task: ServedTask) => {
  stepBack()
  audited(task).then(
    (report) => answer({ report }),
    (error: { code?: string; name?: string }) => answer({ code: error.code ?? error.name ?? 'unknown' }),
  )
})

const answer = (message: AuditAnswer) => process.send?.(message, () => process.disconnect())

async function audited({ startedAt, policies, ...task }: ServedTask): Promise<AuditReport> {
  const began = performance.now()
  const now = () => new Date(startedAt.getTime() + performance.now() - began)
  const options: AuditOptions = { ...task, ...(await archivesOf(policies)), now }
  return await runAudit(options)
}
