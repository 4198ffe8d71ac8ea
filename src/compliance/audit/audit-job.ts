// When a server audits: once a day, whoever audited last. Not right after a start, so that a server that is started again and
// again does not read all files each time.
import type { Auditor } from './auditor.ts'

const OFTEN_MS = 600_000
const DAY_MS = 86_400_000

export interface AuditJob {
  readonly name: 'audit'
  readonly everyMs: number
  /** Resolves early where it is to stop: the auditor ends what runs when it is disposed of. */
  run(stop: AbortSignal): Promise<void>
}

export function auditJob(auditor: Pick<Auditor, 'run' | 'newest'>, now: () => Date): AuditJob {
  let turns = 0
  return {
    name: 'audit',
    everyMs: OFTEN_MS,
    async run(stop) {
      turns += 1
      if (turns === 1 || !isDue(auditor, now())) return
      const stopping = new Promise<void>((resolve) => stop.addEventListener('abort', () => resolve(), { once: true }))
      const audit = auditor.run('schedule')
      audit.catch(() => undefined) // Nobody waits for it after a stop.
      await Promise.race([audit, stopping])
    },
  }
}

function isDue(auditor: Pick<Auditor, 'newest'>, now: Date): boolean {
  const newest = auditor.newest()
  return !newest || now.getTime() - Date.parse(newest.startedAt) >= DAY_MS
}
