// A process of its own that makes one audit and tells what it found: a statement that reads a whole file cannot be stopped in a
// thread, and a server that ends would have to wait for it.
import { runAudit } from '../compliance/audit/audit.ts'
import type { AuditAnswer, AuditTask } from '../compliance/audit/auditor.ts'
import type { AuditOptions } from '../compliance/audit/options.ts'
import type { AuditReport } from '../compliance/audit/report.ts'
import { answerOneTask } from '../compliance/in-process.ts'
import type { Policies } from '../ops/backup/policy.ts'
import { stepBack } from '../ops/backup/step-back.ts'
import { archivesOf } from './audit-archives.ts'

export interface ServedTask extends AuditTask {
  readonly policies: Policies
}

answerOneTask<ServedTask, AuditAnswer>(
  async (task) => {
    stepBack()
    return { report: await audited(task) }
  },
  (code) => ({ code }),
)

async function audited({ startedAt, policies, ...task }: ServedTask): Promise<AuditReport> {
  const archives = await archivesOf(policies)
  const began = performance.now()
  const now = () => new Date(startedAt.getTime() + performance.now() - began)
  const options: AuditOptions = { ...task, archives, now }
  return await runAudit(options)
}
