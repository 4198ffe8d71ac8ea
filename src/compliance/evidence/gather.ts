// What the three files say about a month, as files of an evidence pack. Places, counts, ids and hashes: nothing of a person but
// subject ids.
import { type Head, headsIn } from '../../database/chain-heads.ts'
import type { Connection } from '../../database/connections.ts'
import { DOMAINS } from '../../database/domains.ts'
import { timeText } from '../../database/row-codec.ts'
import { rowsOver } from '../../database/rows.ts'
import { summarizeAccesses } from '../../identity/access-summary.ts'
import { exportHeads } from '../chain/heads.ts'
import type { ChainReport } from '../chain/report.ts'
import { dataMap } from '../data-map/map.ts'
import { svgOf } from '../data-map/svg.ts'
import { shownText } from '../erasure/kept-receipt.ts'
import { auditResults, lostAudits } from './audit-results.ts'
import { provenIn } from './erasure-proof.ts'
import { appliedIn, migrationResults } from './migrations.ts'
import type { Month } from './month.ts'
import {
  chainResults,
  erasureResults,
  headResults,
  nameOf,
  type Outcome,
  operationResults,
  type Result,
  restoreResults,
} from './results.ts'
import type { AuditRow, ErasureRow, Operations, Readers } from './sources.ts'

export interface EvidenceFile {
  /** In the archive: `audits/1f3c9a2e.json` */
  readonly name: string
  readonly bytes: Buffer
  /** What it is about, for the index; what it shows say the results. */
  readonly about: string
}

export interface GatherOptions {
  readonly month: Month
  readonly now: Date
  readonly readers: Readers
  readonly chains: ChainReport
  readonly operations: Operations
  /** Of the program. */
  readonly version: string
  /** PEM: signatures of audits are checked by those of them that signed. */
  readonly publicKeys: readonly string[]
}

export interface Gathered {
  readonly files: readonly EvidenceFile[]
  /** Failures first. */
  readonly results: readonly Result[]
}

export function gather(options: GatherOptions): Gathered {
  const { readers, chains, month, operations } = options
  const { drills, ...promises } = operations
  const [from, to] = [timeText(month.from), timeText(month.to)]
  const audits = readers.identity.prepare(AUDITS).all(from, to) as readonly AuditRow[]
  // Also of later months: they name the last one of this.
  const since = readers.identity.prepare<[string], Pick<AuditRow, 'startedAt' | 'report'>>(SINCE).iterate(from)
  const erasures = readers.identity.prepare(ERASURES).all({ from, to }) as readonly ErasureRow[]
  const [heads, migrations] = [headsOf(readers, to), appliedIn(readers)]
  const erased = DOMAINS.flatMap((domain) =>
    (readers[domain].prepare(ERASED).pluck().all(from, to) as readonly string[]).map((subjectId) => ({
      domain,
      subjectId,
    })),
  )
  const isKnown = (subjectId: string) => readers.identity.prepare(KNOWN).get(subjectId) !== undefined
  const results = [
    ...auditResults(audits, options, options.publicKeys),
    ...lostAudits(since, (id) => readers.identity.prepare<[string], string>(REPORT).pluck().get(id)),
    ...chainResults(chains),
    ...headResults(heads, options),
    ...restoreResults(heads, options),
    ...erasureResults(erasures, erased, isKnown),
    ...operationResults(operations, options),
    ...migrationResults(migrations),
  ].sort((a, b) => OUTCOMES.indexOf(a.outcome) - OUTCOMES.indexOf(b.outcome))
  const files = [
    json('results.json', results, 'What all of this shows: failures first, then what is missing, then what passed.'),
    ...auditFiles(audits),
    ...erasureFiles(erasures),
    accessFile(readers.identity, month),
    attemptFile(readers.identity, from, to),
    text('chains/heads.jsonl', exportHeads(heads), HEADS),
    json(
      'chains/verification.json',
      chains,
      'Whether the logs were as they were written when the pack was made: section 19.',
    ),
    json('operations/drills.json', drills, 'Restores of backups for practice in this month: section 19.'),
    json(
      'operations/promises.json',
      promises,
      'How much would have been lost, and how fast it would be back: section 19.',
    ),
    json(
      'migrations.json',
      migrations,
      'Which changes of the schema were applied, and how they differ from the program’s: section 17.',
    ),
    json('versions.json', versionsOf(options), 'What the files were made with.'),
    json('data-map.json', dataMap(), 'What is kept where, why and how long: section 17.'),
    text('data-map.svg', svgOf(dataMap()), 'The same as a picture.'),
  ]
  return { files, results }
}

const OUTCOMES: readonly Outcome[] = ['failure', 'gap', 'passed']
const ERASED = 'select subjectId from "Tombstone" where erasedAt >= ? and erasedAt < ? order by subjectId'
const KNOWN = 'select 1 from "Erasure" where subjectId = ? limit 1'

const HEADS =
  'How far the logs went, as signed day by day: compare them with those that you kept ("gogga audit verify --verify-against"). Section 19.'

const SINCE = 'select startedAt, report from "Audit" where startedAt >= ? order by startedAt, id'
const REPORT = 'select report from "Audit" where id = ?'
const AUDITS =
  'select id, startedAt, passed, report, signature, keyId from "Audit" where startedAt >= ? and startedAt < ? order by startedAt, id'

/** Byte for byte what was signed, so that each signature can be checked by itself. */
function auditFiles(audits: readonly AuditRow[]): readonly EvidenceFile[] {
  return audits.flatMap(({ id, report, signature, keyId }) => [
    text(
      `audits/${nameOf(id)}.json`,
      report,
      'Personal information was looked for outside identity.db: what was found, section 19.',
    ),
    ...(signature
      ? [
          {
            name: `audits/${nameOf(id)}.sig`,
            bytes: Buffer.from(signature),
            about: `Ed25519 of the audit, by the key ${keyId}.`,
          },
        ]
      : []),
  ])
}

const ERASURES = `
  select id, subjectId, askedBy, startedAt, doneAt, receipt from "Erasure"
  where startedAt < $to and (doneAt is null or doneAt >= $from) order by startedAt, id`

/** Those that were begun, done or not done yet in the month. */
function erasureFiles(rows: readonly ErasureRow[]): readonly EvidenceFile[] {
  const receipts = rows.flatMap(({ id, receipt }) =>
    receipt === null
      ? []
      : [
          text(
            `erasures/${nameOf(id)}.json`,
            shownText(receipt),
            'What was deleted of a person, what is kept and why, and where nothing was found any more: sections 14 and 24.',
          ),
        ],
  )
  const list = rows.map(({ receipt, ...row }) => ({
    ...row,
    hasReceipt: receipt !== null,
    proven: receipt !== null && provenIn(receipt) === 'proven',
  }))
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

function versionsOf({ version, readers, month, now }: GatherOptions): object {
  const sqlite = readers.identity.prepare('select sqlite_version()').pluck().get()
  return { program: version, node: process.versions.node, sqlite, month: month.name, madeAt: now.toISOString() }
}

const text = (name: string, content: string, about: string): EvidenceFile => ({
  name,
  bytes: Buffer.from(content),
  about,
})
const json = (name: string, value: unknown, about: string): EvidenceFile =>
  text(name, `${JSON.stringify(value, undefined, 2)}\n`, about)
