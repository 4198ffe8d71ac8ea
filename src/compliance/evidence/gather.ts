// What the three files say about a month, as files of an evidence pack. Places, counts, ids and hashes: nothing of a person but
// subject ids.
import { type Head, headsIn } from '../../database/chain-heads.ts'
import type { Connection } from '../../database/connections.ts'
import { DOMAINS, type Domain } from '../../database/domains.ts'
import { timeText } from '../../database/row-codec.ts'
import { rowsOver } from '../../database/rows.ts'
import { summarizeAccesses } from '../../identity/access-summary.ts'
import { exportHeads } from '../chain/heads.ts'
import type { ChainReport } from '../chain/report.ts'
import { dataMap } from '../data-map/map.ts'
import { svgOf } from '../data-map/svg.ts'
import type { Month } from './month.ts'

export interface EvidenceFile {
  /** In the archive: `audits/1f3c9a2e.json` */
  readonly name: string
  readonly bytes: Buffer
  /** What it proves, for the index. */
  readonly proves: string
}

export type Readers = Readonly<Record<Domain, Connection>>

/** What whoever keeps backups knows; without machine paths. */
export interface Operations {
  /** Restores for practice in this month. */
  readonly drills: readonly object[]
  /** What the policy promises against what was achieved, when the pack was made. */
  readonly promises: readonly object[]
  /** Stores that could not be read. */
  readonly unseen: readonly Domain[]
}

export interface GatherOptions {
  readonly month: Month
  readonly now: Date
  readonly readers: Readers
  readonly chains: ChainReport
  readonly operations: Operations
  /** Of the program. */
  readonly version: string
}

export function gather(options: GatherOptions): readonly EvidenceFile[] {
  const { readers, chains } = options
  const { drills, ...promises } = options.operations
  const [from, to] = [timeText(options.month.from), timeText(options.month.to)]
  return [
    ...auditFiles(readers.identity, from, to),
    ...erasureFiles(readers.identity, from, to),
    accessFile(readers.identity, options.month),
    attemptFile(readers.identity, from, to),
    text('chains/heads.jsonl', exportHeads(headsOf(readers, to)), HEADS),
    json(
      'chains/verification.json',
      chains,
      'That the logs were as they were written when the pack was made: section 19.',
    ),
    json('operations/drills.json', drills, 'That backups were restored for practice: section 19.'),
    json(
      'operations/promises.json',
      promises,
      'How much would have been lost, and how fast it would be back: section 19.',
    ),
    json(
      'migrations.json',
      migrationsOf(readers),
      'Which changes of the schema were applied, and that they are those of the program: section 17.',
    ),
    json('versions.json', versionsOf(options), 'What the files were made with.'),
    json('data-map.json', dataMap(), 'What is kept where, why and how long: section 17.'),
    text('data-map.svg', svgOf(dataMap()), 'The same as a picture.'),
  ]
}

const HEADS =
  'How far the logs went, as signed day by day: compare them with those that you kept ("gogga audit verify --verify-against"). Section 19.'

interface AuditRow {
  readonly id: string
  readonly report: string
  readonly signature: Uint8Array | null
  readonly keyId: string | null
}

const AUDITS =
  'select id, report, signature, keyId from "Audit" where startedAt >= ? and startedAt < ? order by startedAt, id'

/** Byte for byte what was signed, so that each signature can be checked by itself. */
function auditFiles(reader: Connection, from: string, to: string): readonly EvidenceFile[] {
  return (reader.prepare(AUDITS).all(from, to) as readonly AuditRow[]).flatMap(({ id, report, signature, keyId }) => [
    text(
      `audits/${nameOf(id)}.json`,
      report,
      'That personal information was looked for outside identity.db, and what was found: section 19.',
    ),
    ...(signature
      ? [
          {
            name: `audits/${nameOf(id)}.sig`,
            bytes: Buffer.from(signature),
            proves: `Ed25519 of the audit, by the key ${keyId}.`,
          },
        ]
      : []),
  ])
}

interface ErasureRow {
  readonly id: string
  readonly subjectId: string
  readonly askedBy: string
  readonly startedAt: string
  readonly doneAt: string | null
  readonly receipt: string | null
}

const ERASURES = `
  select id, subjectId, askedBy, startedAt, doneAt, receipt from "Erasure"
  where startedAt < $to and (doneAt is null or doneAt >= $from) order by startedAt, id`

/** Those that were begun, done or not done yet in the month. */
function erasureFiles(reader: Connection, from: string, to: string): readonly EvidenceFile[] {
  const rows = reader.prepare(ERASURES).all({ from, to }) as readonly ErasureRow[]
  const receipts = rows.flatMap(({ id, receipt }) =>
    receipt === null
      ? []
      : [
          text(
            `erasures/${nameOf(id)}.json`,
            receipt,
            'What was deleted of a person, what is kept and why, and where nothing was found any more: sections 14 and 24.',
          ),
        ],
  )
  const list = rows.map(({ receipt, ...row }) => ({ ...row, hasReceipt: receipt !== null }))
  return [
    json('erasures.json', list, 'Who was erased, by subject id, also those that are not over: sections 14 and 24.'),
    ...receipts,
  ]
}

/** Without the names of keys, which people chose. */
function accessFile(reader: Connection, { from, to }: Month): EvidenceFile {
  const summary = summarizeAccesses(reader, { from, to }).map(({ apiKeyName: _, ...row }) => row)
  return json('accesses.json', summary, 'How much was read, by which key and for what purpose: sections 17 and 23.')
}

const ATTEMPTS = `
  select place, kind, outcome, count(*) as count from "PiiAttempt"
  where createdAt >= ? and createdAt < ? group by place, kind, outcome order by place, kind, outcome`

const attemptFile = (reader: Connection, from: string, to: string): EvidenceFile =>
  json(
    'attempts.json',
    reader.prepare(ATTEMPTS).all(from, to),
    'How often personal information was about to be written outside identity.db, and what became of it: section 19.',
  )

/** Of identity.db and admin.db, each once, up to the month's end. */
function headsOf(readers: Readers, to: string): readonly Head[] {
  const all = [headsIn(rowsOver('admin', readers.admin)), headsIn(rowsOver('identity', readers.identity))].flat()
  const each = new Map(all.filter(({ createdAt }) => createdAt < to).map((head) => [head.id, head]))
  return [...each.values()].sort((a, b) => a.createdAt.localeCompare(b.createdAt) || a.id.localeCompare(b.id))
}

const MIGRATIONS = `
  select migration_name as name, checksum, finished_at as finishedAt from "_prisma_migrations"
  where rolled_back_at is null order by migration_name`

const migrationsOf = (readers: Readers) =>
  Object.fromEntries(DOMAINS.map((domain) => [domain, readers[domain].prepare(MIGRATIONS).all()]))

function versionsOf({ version, readers, month, now }: GatherOptions): object {
  const sqlite = readers.identity.prepare('select sqlite_version()').pluck().get()
  return { program: version, node: process.versions.node, sqlite, month: month.name, madeAt: now.toISOString() }
}

/** Ids of rows become names of files: nothing but what is safe in one. */
const nameOf = (id: string): string => id.replace(/[^\w-]/g, '_')

const text = (name: string, content: string, proves: string): EvidenceFile => ({
  name,
  bytes: Buffer.from(content),
  proves,
})
const json = (name: string, value: unknown, proves: string): EvidenceFile =>
  text(name, `${JSON.stringify(value, undefined, 2)}\n`, proves)
