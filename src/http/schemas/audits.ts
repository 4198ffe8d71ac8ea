// Audits as compliance reviewers see them.
import { z } from 'zod'
import { SECTIONS, SEVERITIES } from '../../compliance/audit/report.ts'
import { limitOf } from './limit.ts'

const time = () => z.iso.datetime({ offset: true })
const count = z.int().min(0)
const CAUSES = ['command', 'http', 'schedule'] as const
const ID = '0b0c7f7e-5d0f-4f7a-9a55-2f7c3c1f0a11'

const Counts = z.strictObject({ high: count, medium: count, low: count, info: count })
const COUNTS = { high: 0, medium: 1, low: 0, info: 4 }
const id = () => z.string().min(1).max(100)

const Finding = z.strictObject({
  severity: z.enum(SEVERITIES).describe('An audit passes with nothing of high or medium severity.'),
  section: z.enum(SECTIONS),
  code: z.string().describe('The same for the same kind of finding, whatever its message says.'),
  message: z.string(),
  place: z
    .strictObject({
      file: z.string(),
      table: z.string().optional(),
      column: z.string().optional(),
      path: z.string().optional(),
    })
    .describe('Where, never a value.'),
  count: count.describe('Values, rows, bytes or files, as the message says.'),
  next: z.string().describe('What to do about it.'),
})

const FINDING = {
  severity: 'medium',
  section: 'values',
  code: 'values.phone',
  message: '2 values hold a phone number',
  place: { file: 'billing.db', table: 'SubscriptionEvent', column: 'meta', path: '$.note' },
  count: 2,
  next: 'Take it out of these rows, keep it in identity.db as a detached value, and find what wrote it past the guard.',
}

const Section = z.strictObject({
  section: z.enum(SECTIONS),
  tookMs: count,
  looked: z.record(z.string(), count).describe('What it looked at, and how much of it.'),
  counts: Counts,
})

const Report = z.strictObject({
  id: id(),
  cause: z.enum(CAUSES).describe('Who asked for it.'),
  startedAt: time(),
  endedAt: time(),
  passed: z.boolean(),
  versions: z.strictObject({
    program: z.string(),
    node: z.string(),
    sqlite: z.string(),
    migrations: z.record(z.string(), z.array(z.string())).describe('Applied, of each file.'),
  }),
  sections: z.array(Section),
  counts: Counts,
  findings: z.array(Finding).describe('Worst first.'),
  before: z
    .strictObject({ id: id(), sha256: z.string().describe('Of its report, hexadecimal.') })
    .optional()
    .describe('The audit that was kept before this one; the first has none.'),
})

const REPORT = {
  ...{ id: ID, cause: 'schedule', startedAt: '2026-03-14T02:10:00.000Z', endedAt: '2026-03-14T02:10:41.120Z' },
  passed: false,
  versions: { program: '0.1.0', node: '24.21.0', sqlite: '3.51.0', migrations: { billing: ['20261122193702_init'] } },
  sections: [{ section: 'values', tookMs: 20_410, looked: { rows: 1_204_113 }, counts: COUNTS }],
  counts: COUNTS,
  findings: [FINDING],
}

const Signature = {
  signature: z
    .string()
    .nullable()
    .describe('Ed25519 in base64 over the JSON of `report` without white space, fields in their order.'),
  keyId: z.string().nullable().describe('First 16 hexadecimal digits of the SHA-256 of the public key.'),
}

const Kept = z.strictObject({
  ...{ id: id(), cause: z.enum(CAUSES), startedAt: time(), endedAt: time(), passed: z.boolean(), counts: Counts },
  keyId: Signature.keyId,
})
const KEPT = {
  ...{ id: ID, cause: 'schedule', startedAt: REPORT.startedAt, endedAt: REPORT.endedAt, passed: false, counts: COUNTS },
  keyId: 'e3b0c44298fc1c14',
}

const Running = z.strictObject({ id: id(), cause: z.enum(CAUSES), since: time() })
const RUNNING = { id: ID, cause: 'http', since: '2026-03-14T09:31:01.200Z' }

export const AuditsQuery = z.strictObject({ limit: limitOf('The newest so many.') })

export const AuditsAnswer = z
  .strictObject({
    data: z.array(Kept).describe('Newest first.'),
    running: Running.nullable(),
    failedAt: time().nullable().describe('When one began here that came to no end; null where the last one did.'),
  })
  .meta({ examples: [{ data: [KEPT], running: null, failedAt: null }] })

export const AuditParams = z.strictObject({ id: id().meta({ examples: [ID] }) })

export const AuditAnswer = z
  .strictObject({
    data: z.strictObject({ id: id(), status: z.enum(['running', 'ended']), report: Report.nullable(), ...Signature }),
  })
  .meta({ examples: [{ data: { id: ID, status: 'ended', report: REPORT, signature: null, keyId: null } }] })

export const BegunAudit = z.strictObject({ data: Running }).meta({ examples: [{ data: RUNNING }] })
