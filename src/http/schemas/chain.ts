// Verifications of the logs' chains as compliance reviewers see them.
import { z } from 'zod'
import { SEVERITIES } from '../../compliance/audit/report.ts'
import { DOMAINS } from '../../database/domains.ts'

const time = () => z.iso.datetime({ offset: true })
const count = z.int().min(0)
const HASH = '5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03'

const Chain = z.strictObject({
  domain: z.enum(DOMAINS),
  logs: z.array(z.string()).describe('Tables whose rows are in this chain.'),
  links: count,
  rows: count.describe('That are there and are as they were written.'),
  removedByRetention: count.describe('Rows that are gone, and were kept for as long as the schema says.'),
  end: z.strictObject({ position: z.int(), hash: z.string() }).describe('The newest link; the hash in hexadecimal.'),
  heads: count.describe('Signed statements of how far it went.'),
  newestHead: z
    .strictObject({ id: z.string(), at: z.string(), position: z.int(), keyId: z.string().nullable() })
    .nullable()
    .describe('The newest that fits.'),
})
const CHAIN = {
  ...{ domain: 'admin', logs: ['AdminLog'], links: 18_204, rows: 18_199, removedByRetention: 4 },
  end: { position: 18_204, hash: HASH },
  heads: 212,
  newestHead: { id: 'admin-000212', at: '2026-03-14T02:00:00.000+00:00', position: 18_190, keyId: 'e3b0c44298fc1c14' },
}

const Finding = z.strictObject({
  severity: z.enum(SEVERITIES).describe('A verification passes with nothing of high or medium severity.'),
  section: z.literal('chain'),
  code: z.string().describe('The same for the same kind of finding, whatever its message says.'),
  message: z.string(),
  place: z.strictObject({ file: z.string(), table: z.string().optional() }),
  count: count.describe('Rows, links or heads, as the message says.'),
  rows: z
    .array(z.string())
    .optional()
    .describe('Keys of the first of them; `*` where one looks like personal information.'),
  position: z.int().optional().describe('Of the first link that it is about.'),
  next: z.string().describe('What to do about it.'),
})
const FINDING = {
  ...{ severity: 'high', section: 'chain', code: 'chain.row-changed', place: { file: 'admin.db', table: 'AdminLog' } },
  message: '1 row(s) are not as they were written, the first 6f1d0c55a8f14a0c8a31f1f5e3a0d9b2',
  ...{ count: 1, rows: ['6f1d0c55a8f14a0c8a31f1f5e3a0d9b2'], position: 17_551 },
  next: 'Find out who wrote to the file past the application; backups of before tell what it was.',
}

const Report = z.strictObject({
  at: time().describe('When it began: what was logged later is not in it.'),
  passed: z.boolean(),
  chains: z.array(Chain),
  findings: z.array(Finding),
})
const REPORT = { at: '2026-03-14T09:31:01.200Z', passed: false, chains: [CHAIN], findings: [FINDING] }

const Running = z.strictObject({ since: time() })

export const ChainAnswer = z
  .strictObject({
    data: Report.nullable().describe('The last one of this server since its start; null before the first.'),
    running: Running.nullable(),
    failedAt: time().nullable().describe('When one began that came to no end; null where the last one did.'),
  })
  .meta({ examples: [{ data: REPORT, running: null, failedAt: null }] })

export const BegunVerification = z
  .strictObject({ data: Running })
  .meta({ examples: [{ data: { since: '2026-03-14T09:31:01.200Z' } }] })
