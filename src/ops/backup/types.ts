// Words of backups.
//
// policy      when, where to and for how long the backups of one file are kept
// archive     the stored bytes of one backup: a compact copy of the file, compressed and encrypted as the policy says
// manifest    what an archive holds, as JSON beside it; written last, so that an archive without one does not exist
// store       where archives and manifests lie: a folder or an S3-compatible bucket
// set         a restore point over all three files: backups that bear its name belong together
// verified    somebody fetched the archive whole and checked all of it; the result lies beside the manifest
// drill       somebody restored the backup into a temporary place; its result lies in `drills/`
import { z } from 'zod'

export const MANIFEST_FORMAT = 1

const Count = z.number().int().min(0)
const Sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const Moment = z.iso.datetime()

/** Messages that wait in the outbox and marks in the inbox, as the copy has them. */
const Queue = z.object({
  rows: Count,
  /** Highest rowid; 0 in an empty table. Rowids of removed messages are given again, so compare ids where it matters. */
  maxRowid: Count,
  /** Time of the newest row. */
  newestAt: z.string().nullable(),
})

export const Manifest = z.object({
  format: z.literal(MANIFEST_FORMAT),
  /** `billing-20261122T231500Z-1f3c9a2e`: sorts by time within a domain. */
  id: z.string().regex(/^(identity|billing|admin)-\d{8}T\d{6}Z-[a-z0-9]{1,16}$/),
  domain: z.enum(['identity', 'billing', 'admin']),
  applicationId: z.number().int(),
  /** Names of the applied migrations, oldest first. */
  migrations: z.array(z.string()),
  /** Everything committed before this moment is in the backup. */
  takenAt: Moment,
  /** From the request to the stored archive, in milliseconds. */
  tookMs: Count,
  /** Name of the archive in the store. */
  archive: z.string().regex(/^[\w.-]+$/),
  bytes: z.object({ plain: Count, stored: Count }),
  checksum: z.object({
    /** SHA-256 of the archive, as `sha256sum` says it. */
    stored: Sha256,
  }),
  /** Rows of every table, `_prisma_migrations` included. */
  rows: z.record(z.string(), Count),
  compression: z.enum(['zstd', 'none']),
  /** `keyId` is the beginning of the key's SHA-256; the key is nowhere in a backup. */
  encryption: z.object({ algorithm: z.literal('aes-256-gcm'), keyId: z.string().regex(/^[0-9a-f]{8}$/) }).nullable(),
  outbox: Queue.extend({
    dead: Count,
    /** Ids in the order of writing, dead ones included; at most 1,000, the rest is in the archive. */
    ids: z.array(z.string()),
  }),
  inbox: Queue,
  /** Name of the restore point over all files that this backup belongs to. */
  set: z.string().optional(),
  /** For how long the writers of all three files were held for the set, in milliseconds. */
  heldMs: z.number().min(0).optional(),
})

/** A manifest as JSON holds it: moments are ISO texts in UTC. */
export type Manifest = z.output<typeof Manifest>

/** `<id>.verified.json` beside the manifest. */
export const Verification = z.object({
  backupId: z.string(),
  at: Moment,
  tookMs: Count,
  passed: z.boolean(),
  /** What is wrong, a sentence each; empty where it passed. */
  findings: z.array(z.string()),
})
export type Verification = z.output<typeof Verification>

/** `drills/<backup id>-<time>.json`, written by `gogga drill`. `tookMs`: from the fetch to the checked file. */
export const Drill = Verification.extend({ domain: z.enum(['identity', 'billing', 'admin']) })
export type Drill = z.output<typeof Drill>

/** What operations take from the outside world. */
export interface Sources {
  readonly now: () => Date
  readonly newId: () => string
  readonly randomBytes: (size: number) => Buffer
}

export type Phase = 'copy' | 'pack' | 'store' | 'fetch' | 'check'

/** Bytes done of how many; a total of 0 is not known yet. */
export type OnProgress = (phase: Phase, done: number, total: number) => void
