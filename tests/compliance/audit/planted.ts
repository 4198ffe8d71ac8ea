// One audit over fresh files, and what it found, shortly.
import { randomUUID } from 'node:crypto'
import { runAudit } from '../../../src/compliance/audit/audit.ts'
import type { Finding } from '../../../src/compliance/audit/finding.ts'
import type { AuditOptions } from '../../../src/compliance/audit/options.ts'
import { type AuditReport, placeText } from '../../../src/compliance/audit/report.ts'
import type { Databases } from '../../helpers/databases.ts'

export const NOW = new Date('2026-06-01T12:00:00.000Z')

export const audit = ({ paths }: Databases, options: Partial<AuditOptions> = {}): Promise<AuditReport> =>
  runAudit({
    ...{ id: randomUUID(), cause: 'command', now: () => NOW, program: 'test', paths, busyTimeoutMs: 500 },
    ...options,
  })

/** `high billing.db Subscription.userId schema.link`, of what keeps an audit from passing, or of all. */
export const shortly = (findings: readonly Finding[], all = false): readonly string[] =>
  findings
    .filter(({ severity }) => all || severity === 'high' || severity === 'medium')
    .map(({ severity, place, code }) => `${severity} ${placeText(place)} ${code}`)
