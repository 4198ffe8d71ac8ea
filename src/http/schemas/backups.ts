// Backups, drills and promises as operations staff see them.
import { z } from 'zod'
import { DOMAINS } from '../../database/domains.ts'
import { limitOf } from './limit.ts'

const time = () => z.iso.datetime({ offset: true })
const count = z.int().min(0)
const milliseconds = z.number().min(0)
const ID = 'billing-20260314T091500Z-1f3c9a2e'

export const BackupsQuery = z.strictObject({
  domain: z
    .enum(DOMAINS)
    .meta({ description: 'Only of this file.', examples: ['billing'] })
    .optional(),
  limit: limitOf('The newest so many of each file.'),
})

export const STATES = ['verified', 'unverified', 'failed', 'damaged', 'gone'] as const

const Sight = z
  .strictObject({
    isVisible: z
      .boolean()
      .describe('Whether this server can read the store; where not, only others can, and nothing is listed.'),
    total: count.describe('How many there are, whatever the limit.'),
    unreadable: count.describe('Manifests and results that cannot be read.'),
  })
  .meta({ id: 'BackupSight', examples: [{ isVisible: true, total: 61, unreadable: 0 }] })
const SEEN = { isVisible: true, total: 61, unreadable: 0 }
const UNSEEN = { isVisible: false, total: 0, unreadable: 0 }
const files = z.strictObject({ identity: Sight.optional(), billing: Sight.optional(), admin: Sight.optional() })

const Backup = z.strictObject({
  id: z.string(),
  domain: z.enum(DOMAINS),
  takenAt: time().describe('Everything committed before it is in the backup.'),
  tookMs: count,
  set: z.string().nullable().describe('The restore point over all files that it belongs to.'),
  bytes: z.strictObject({ plain: count, stored: count }),
  encrypted: z.boolean(),
  state: z
    .enum(STATES)
    .describe('failed: its last check said so; damaged: the archive has another size; gone: the archive is not there.'),
  verified: z
    .strictObject({ at: time(), passed: z.boolean(), findings: z.array(z.string()) })
    .nullable()
    .describe('The last check of the whole archive.'),
})
const BACKUP = {
  id: ID,
  domain: 'billing',
  takenAt: '2026-03-14T09:15:00.214Z',
  tookMs: 812,
  set: null,
  bytes: { plain: 41_943_040, stored: 9_112_004 },
  encrypted: true,
  state: 'verified',
  verified: { at: '2026-03-14T09:20:11.000Z', passed: true, findings: [] },
}

export const BackupsAnswer = z
  .strictObject({ data: z.array(Backup).describe('Newest first.'), files })
  .meta({ examples: [{ data: [BACKUP], files: { identity: UNSEEN, billing: SEEN, admin: UNSEEN } }] })

const Drill = z.strictObject({
  domain: z.enum(DOMAINS),
  backupId: z.string(),
  at: time(),
  tookMs: count.describe('From the fetch to the checked file.'),
  passed: z.boolean(),
  findings: z.array(z.string()),
})
const DRILL = {
  domain: 'billing',
  backupId: ID,
  at: '2026-03-14T10:00:00.000Z',
  tookMs: 2_104,
  passed: true,
  findings: [],
}

export const DrillsAnswer = z
  .strictObject({ data: z.array(Drill).describe('Newest first.'), files })
  .meta({ examples: [{ data: [DRILL], files: { identity: UNSEEN, billing: { ...SEEN, total: 1 }, admin: UNSEEN } }] })

const Promised = z.strictObject({
  domain: z.enum(DOMAINS),
  isVisible: z.boolean().describe('Whether this server can read the store; where not, what was achieved is null.'),
  schedule: z.string().describe('A cron pattern, in UTC.'),
  configured: z.strictObject({ recoveryPointMs: milliseconds.describe('The longest pause of the schedule.') }),
  achieved: z.strictObject({
    recoveryPointMs: milliseconds.nullable().describe('Age of the newest good backup: what would be lost now.'),
    longestGapMs: milliseconds.nullable().describe('The longest pause in the last 8 days.'),
    recoveryTimeMs: milliseconds.nullable().describe('Of the last drill that passed, else of the last check.'),
  }),
  backups: count.describe('Good ones.'),
  newest: z.strictObject({ id: z.string(), takenAt: time() }).nullable(),
  lastVerifiedAt: time().nullable(),
  lastDrillAt: time().nullable(),
  alarms: z.array(z.strictObject({ code: z.string(), message: z.string() })),
})

export const PromisesAnswer = z
  .strictObject({ data: z.array(Promised), alarms: count.describe('Of all files.') })
  .meta({
    examples: [
      {
        data: [
          {
            domain: 'billing',
            isVisible: true,
            schedule: '*/15 * * * *',
            configured: { recoveryPointMs: 900_000 },
            achieved: { recoveryPointMs: 312_000, longestGapMs: 901_400, recoveryTimeMs: 2_104 },
            backups: 61,
            newest: { id: ID, takenAt: '2026-03-14T09:15:00.214Z' },
            lastVerifiedAt: '2026-03-14T09:20:11.000Z',
            lastDrillAt: null,
            alarms: [
              {
                code: 'no-drill',
                message: 'No drill of billing passed in the last 30 days: run "gogga drill billing"',
              },
            ],
          },
        ],
        alarms: 1,
      },
    ],
  })

export const PromisesQuery = BackupsQuery.omit({ limit: true })
