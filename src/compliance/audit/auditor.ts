// The audits of a server: one at a time, in a process of its own at low priority, so that requests go on; each is kept.
import type { OpenFile } from '../../database/clients.ts'
import { StoppedError } from '../../errors.ts'
import { inProcess } from '../in-process.ts'
import type { SigningKey } from '../signing.ts'
import { type KeptAudit, keepAudit, listAudits, signed } from './audits.ts'
import type { AuditOptions } from './options.ts'
import type { AuditReport, Cause, SectionResult } from './report.ts'

/** What a process is told; see AuditOptions. */
export type AuditTask = Pick<
  AuditOptions,
  'id' | 'cause' | 'program' | 'paths' | 'busyTimeoutMs' | 'publicKeys' | 'logs'
> & { readonly startedAt: Date; readonly connections: SectionResult }

/** A code where it failed: messages may hold values. */
export type AuditAnswer = { readonly report: AuditReport } | { readonly code: string }

export interface AuditorOptions<Extra extends object> {
  /** A module that takes one AuditTask, with what `more` adds, and answers once. */
  readonly process: URL
  readonly task: () => Omit<AuditTask, 'id' | 'cause' | 'startedAt' | 'connections'> & Extra
  /** What the live connections of this process see. */
  readonly connections: () => SectionResult
  readonly identity: Pick<OpenFile<'identity'>, 'change' | 'rows'>
  readonly key: SigningKey | undefined
  readonly now: () => Date
  readonly newId: () => string
}

export interface RunningAudit {
  readonly id: string
  readonly cause: Cause
  readonly since: Date
}

export interface Auditor extends AsyncDisposable {
  readonly running: RunningAudit | undefined
  /** When the last one began that came to no end; undefined where the last one did. */
  readonly failedAt: Date | undefined
  /** The newest that was kept, by whichever process. */
  newest(): KeptAudit | undefined
  /** Begins one, or waits for the one that runs. Rejects with StoppedError where it is disposed of meanwhile. */
  run(cause: Cause): Promise<KeptAudit>
}

export function createAuditor<Extra extends object>(options: AuditorOptions<Extra>): Auditor {
  const { identity, key, now, newId } = options
  const stopped = new AbortController()
  let running: (RunningAudit & { readonly ended: Promise<KeptAudit> }) | undefined
  let failedAt: Date | undefined
  async function one(id: string, cause: Cause, startedAt: Date): Promise<KeptAudit> {
    try {
      const task = { ...options.task(), id, cause, startedAt, connections: options.connections() }
      const audit = signed(await auditIn(options.process, task, stopped.signal), key, listAudits(identity, 1)[0])
      await keepAudit(identity, audit)
      failedAt = undefined
      return audit
    } catch (error) {
      failedAt = startedAt
      throw error
    }
  }
  return {
    get running() {
      return running && { id: running.id, cause: running.cause, since: running.since }
    },
    get failedAt() {
      return failedAt
    },
    newest: () => listAudits(identity, 1)[0],
    async run(cause) {
      if (running) return await running.ended
      stopped.signal.throwIfAborted()
      const [id, since] = [newId(), now()]
      const ended = one(id, cause, since).finally(() => {
        running = undefined
      })
      running = { id, cause, since, ended }
      return await ended
    },
    async [Symbol.asyncDispose]() {
      stopped.abort(new StoppedError('The audit was stopped: the process ends.'))
      await running?.ended.catch(() => undefined)
    },
  }
}

async function auditIn(module: URL, task: AuditTask, signal: AbortSignal): Promise<AuditReport> {
  const answer = await inProcess<AuditAnswer>(module, task, signal)
  if (answer && 'report' in answer) return answer.report
  // Logs tell the code alone: messages may hold values.
  const code = answer?.code ?? 'KILLED_OR_OUT_OF_MEMORY'
  throw Object.assign(new Error(`The process that audits ended early: ${code}`), { code })
}
