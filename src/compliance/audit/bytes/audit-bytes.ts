/**
 * What a thief of billing.db or admin.db would hold (POPIA section 19): their raw bytes, with logs, free pages, what lies
 * beside them and all backups on hand, are searched for every value of identity.db. Not found this way: bytes that are
 * compressed or encrypted, text encoded twice, and a long text where SQLite cuts it over two pages; the audit of values reads
 * that whole.
 */
import type { Finding } from '../finding.ts'
import type { Hit } from './hits.ts'
import type { NeedleKind } from './kinds.ts'
import type { Where } from './layout.ts'
import { type ScanReport, type ScanSource, scanSources } from './scan.ts'
import { besideThe, type Paths } from './sources.ts'

export interface BytesOptions {
  readonly paths: Paths
  /** Backups of billing and admin, opened as they are read, by the name that findings give them. */
  readonly backups?: readonly ScanSource[]
  /** What else lies in their stores. */
  readonly strays?: readonly ScanSource[]
  /** See ScanOptions. */
  readonly scanner?: URL
  /** Folders that are looked into otherwise. */
  readonly folders?: readonly string[]
  /** What else is to be searched, such as the files of a folder of logs (`filesIn`). */
  readonly others?: readonly ScanSource[]
  /** Bytes so far. */
  readonly onProgress?: ((bytes: number) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/** One finding for each file, kind of value, form and part of the file; and what was looked for, and what was not. */
export async function auditBytes({
  paths,
  backups = [],
  strays = [],
  others = [],
  folders = [],
  scanner,
  onProgress,
  signal,
}: BytesOptions): Promise<Finding[]> {
  const beside = besideThe(paths, folders)
  const files = [...beside.files, ...others, ...strays, ...backups]
  const report = await scanSources({ needles: { identity: paths.identity }, files, scanner, onProgress, signal })
  const isBackup = (name: string) => backups.some((backup) => backup.name === name)
  return [
    ...report.hits.map((hit) => findingOf(hit, isBackup(hit.file))),
    ...[...report.unread, ...beside.skipped].map((unread) => unreadFinding(unread, isBackup(unread.name))),
    ...summaries(report, files.length),
  ]
}

const KIND_NAMES: Readonly<Record<NeedleKind, string>> = {
  email: 'email addresses',
  ip: 'IP addresses',
  phone: 'phone numbers',
  idNumber: 'ID numbers',
  card: 'card numbers',
  name: 'names',
  text: 'other values',
}

const WHERE_NAMES: Readonly<Record<Where, string>> = {
  page: 'in pages of tables',
  'free page': 'in free pages',
  'beyond the end': 'beyond the end of the database',
  wal: 'in the write-ahead log',
  journal: 'in the rollback journal',
  file: 'in a file that is no database',
}

/** Places and counts of one kind of value in one part of a file. */
export function findingOf(hit: Hit, isBackup: boolean): Finding {
  const { file, kind, form, where, touched, count, pages, tables = [] } = hit
  const [table] = tables
  const written = form === 'plain' ? '' : `, written as ${form}`
  const at = pages.length === 0 ? '' : ` (page ${pages.slice(0, 5).join(', ')}${pages.length > 5 ? ', …' : ''})`
  return {
    severity: touched ? 'low' : 'high',
    section: 'bytes',
    code: touched ? `bytes.${kind}-unclear` : `bytes.${kind}`,
    message: touched
      ? `${count} time(s) ${KIND_NAMES[kind]} of identity.db among digits that may make them part of another${written}, ${WHERE_NAMES[where]}${at}`
      : `${count} time(s) ${KIND_NAMES[kind]} of identity.db${written}, ${WHERE_NAMES[where]}${at}`,
    place: { file, ...(tables.length === 1 && table !== undefined ? { table } : {}), path: `${where}, ${form}` },
    count,
    next: isBackup ? NEXT_BACKUP : NEXT[where],
  }
}

const NEXT: Readonly<Record<Where, string>> = {
  page: 'Take the text out of the column that the findings on values name, then run "gogga purge --vacuum", and audit again.',
  'free page': 'Run "gogga purge --vacuum", which writes the file anew, and audit again.',
  'beyond the end': 'Run "gogga purge --vacuum", which writes the file anew, and audit again.',
  wal: 'Stop the server, which moves the log into the file, and audit again.',
  journal: 'Start the server once, which rolls the journal back, and audit again.',
  file: 'Remove the file if nobody needs it, or keep it where identity.db lies.',
}
const NEXT_BACKUP =
  'Find out with the live file where it came from and correct that, then take a new backup. This one the policy keeps until its retention ends: remove its archive and its manifest (the same name, .json) from the store where it must go now.'

function unreadFinding({ name, why }: ScanReport['unread'][number], isBackup: boolean): Finding {
  return {
    severity: 'medium',
    section: 'bytes',
    code: 'bytes.unread',
    message: `Not looked into: ${why}`,
    place: { file: name },
    count: 1,
    next: isBackup
      ? 'Configure the key that the backup was encrypted with, and audit again; a damaged backup shows in "gogga backup verify".'
      : 'Make the file readable for whoever audits, unpack it, or take it elsewhere, and audit again.',
  }
}

/** What was looked for and what was not: an audit that knows no value would find none. */
function summaries({ needles: { values, skipped }, bytes, unread }: ScanReport, files: number): Finding[] {
  const info = (code: string, message: string, count: number, next: string): Finding => ({
    severity: 'info',
    section: 'bytes',
    code,
    message,
    place: { file: 'identity.db' },
    count,
    next,
  })
  const left = skipped.short + skipped.vague + skipped.local
  const searched = info(
    'bytes.searched',
    `${values} value(s) were looked for in ${bytes} bytes of ${files - unread.length} file(s) and backup(s)`,
    bytes,
    values === 0
      ? 'Check that this is the identity.db of these files: it names nobody.'
      : 'Nothing: this says what was looked at.',
  )
  if (left === 0) return [searched]
  const why = `${skipped.short} too short, ${skipped.vague} without an address or number, ${skipped.local} addresses of no machine in particular`
  const next = 'Look at the findings on values: detectors read these columns without knowing the values.'
  return [
    searched,
    info('bytes.not-searched', `${left} value(s) of identity.db were not looked for: ${why}`, left, next),
  ]
}
