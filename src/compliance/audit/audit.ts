/**
 * The audit (POPIA section 19): that personal information is in identity.db and nowhere else, and that what keeps it there
 * stands. A table of sections, each a function of its own; one that comes to no end is a finding itself.
 */
import { allModels } from '../../database/catalog.ts'
import { type Files, type OpenFile, openFile } from '../../database/clients.ts'
import { type Connection, openReader } from '../../database/connections.ts'
import { DOMAINS, type Domain } from '../../database/domains.ts'
import { type MigrationState, migrationState } from '../../database/migrations.ts'
import { GoggaError, withoutPaths } from '../../errors.ts'
import { verifyChains } from '../chain/verify.ts'
import { auditBytes } from './bytes/audit-bytes.ts'
import type { ScanStream } from './bytes/scan.ts'
import type { Finding, Section } from './finding.ts'
import { auditConnections } from './handles/connections.ts'
import { auditHandles } from './handles.ts'
import { auditLogs, LOG_MEBIBYTES } from './logs.ts'
import {
  type AuditReport,
  type Cause,
  countsOf,
  passes,
  SECTIONS,
  type SectionReport,
  type SectionResult,
  type Versions,
  worstFirst,
} from './report.ts'
import { auditRunTime } from './run-time.ts'
import { auditSchema } from './schema.ts'
import { shown } from './values/tally.ts'
import { auditValues } from './values.ts'

export interface AuditOptions {
  readonly id: string
  readonly cause: Cause
  readonly now: () => Date
  /** Version of the program. */
  readonly program: string
  readonly paths: Readonly<Record<Domain, string>>
  readonly busyTimeoutMs: number
  /** Ed25519 in PEM, of every key that signed heads of the chains. */
  readonly publicKeys?: readonly string[]
  /** Heads of other keys are believed by nobody. */
  readonly onlyKeys?: boolean
  /** Files that the application's log goes to, and how much of each end is read. */
  readonly logs?: { readonly files: readonly string[]; readonly mebibytes?: number }
  /** Of billing and admin, unpacked as they are read. */
  readonly backups?: readonly ScanStream[]
  /** Whose backups this process cannot read, and why. */
  readonly unseen?: readonly { readonly domain: Domain; readonly why: string }[]
  /** What the connections of a server see (`auditConnections`), where one asked; else those of this process are looked at. */
  readonly connections?: SectionResult | undefined
  readonly sections?: readonly Section[]
  /** `total` is 0 where nobody knows it. */
  readonly onProgress?: ((section: Section, done: number, total: number, what?: string) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

interface View extends AuditOptions {
  readonly files: Partial<Files>
  readonly readers: Partial<Record<Domain, Connection>>
}

const CACHE_MB = 8

const RUN: Readonly<Record<Section, (view: View) => SectionResult | Promise<SectionResult>>> = {
  schema: ({ readers }) => auditSchema({ readers, catalog: allModels }),
  handles: ({ paths, connections, files }) =>
    auditHandles({ paths, connections: connections ?? auditConnections(Object.values(files)) }),
  'run-time': (view) => {
    const { identity, billing, admin } = allFiles(view)
    return auditRunTime({ files: { billing, admin }, identity: identity.reader, now: view.now() })
  },
  logs: ({ logs, onProgress, signal }) => {
    const { files = [], mebibytes = LOG_MEBIBYTES } = logs ?? {}
    return auditLogs({ files, mebibytes, onProgress: (done, total) => onProgress?.('logs', done, total), signal })
  },
  values: async ({ paths, onProgress, signal }) => {
    let [rows, before, table] = [0, 0, '']
    const findings = await auditValues(paths, {
      signal,
      onProgress: (at) => {
        if (at.table !== table) before = rows
        table = at.table
        rows = before + at.rows
        onProgress?.('values', rows, 0, `${at.file} ${at.table}`)
      },
    })
    return { findings, looked: { rows } }
  },
  bytes: async ({ paths, backups = [], unseen = [], logs, onProgress, signal }) => {
    let bytes = 0
    const others = (logs?.files ?? []).map((path) => ({ name: shown(nameOf(path)), kind: 'file' as const, path }))
    const onBytes = (done: number) => {
      bytes = done
      onProgress?.('bytes', done, 0)
    }
    const findings = await auditBytes({ paths, backups, others, onProgress: onBytes, signal })
    return { findings: [...findings, ...unseen.map(unseenFinding)], looked: { bytes, backups: backups.length } }
  },
  chain: async (view) => {
    const { publicKeys = [], onlyKeys = false, signal, onProgress, now } = view
    let done = 0
    const { chains, findings } = await verifyChains(allReaders(view), {
      ...{ now: now(), publicKeys, onlyKeys, signal },
      onChain: (domain) => onProgress?.('chain', ++done, DOMAINS.length, `${domain}.db`),
    })
    const links = chains.reduce((sum, chain) => sum + chain.links, 0)
    return { findings: findings.map(plain), looked: { links } }
  },
}

/** Reads the files; the guard is tried in transactions that are taken back. Throws the reason of the signal. */
export async function runAudit(options: AuditOptions): Promise<AuditReport> {
  const { id, cause, now, program, sections: asked = SECTIONS, signal } = options
  const startedAt = now().toISOString()
  await using opened = new AsyncDisposableStack()
  const { view, findings: unopened } = await openAll(options, opened)
  const findings: Finding[] = [...unopened]
  const sections: SectionReport[] = []
  for (const section of SECTIONS.filter((one) => asked.includes(one))) {
    signal?.throwIfAborted()
    const began = performance.now()
    const result = await finished(section, view)
    findings.push(...result.findings)
    const tookMs = Math.round(performance.now() - began)
    sections.push({ section, tookMs, looked: result.looked, counts: countsOf(result.findings) })
  }
  const counts = countsOf(findings)
  const times = { startedAt, endedAt: now().toISOString() }
  const rest = { passed: passes(counts), versions: versionsOf(program, view), sections, counts }
  return { id, cause, ...times, ...rest, findings: worstFirst(findings).map(withoutPlaces(options)) }
}

/** Where files lie is for whoever is on the machine, and reports go elsewhere. */
function withoutPlaces({ paths, logs }: AuditOptions): (finding: Finding) => Finding {
  const known = [...Object.values(paths), ...(logs?.files ?? [])].sort((a, b) => b.length - a.length)
  const clean = (text: string) =>
    known.reduce((left, path) => left.replaceAll(path, shown(nameOf(path))), withoutPaths(text))
  return (finding) => ({ ...finding, message: clean(finding.message), next: clean(finding.next) })
}

async function finished(section: Section, view: View): Promise<SectionResult> {
  try {
    return await RUN[section](view)
  } catch (error) {
    view.signal?.throwIfAborted()
    const { message, next } = wordsOf(error)
    const code = `${section}.unfinished`
    const place = { file: 'the audit' }
    return { findings: [{ severity: 'high', section, code, message, place, count: 1, next }], looked: {} }
  }
}

/** Messages of others may hold values: a code is told then. */
function wordsOf(error: unknown): { readonly message: string; readonly next: string } {
  const next = 'Correct what it names, and repeat the audit.'
  if (error instanceof GoggaError)
    return { message: `It came to no end: ${withoutPaths(error.message)}`, next: withoutPaths(error.hint ?? next) }
  const { code, name } = error as { code?: string; name?: string }
  return { message: `It came to no end: ${code ?? name ?? 'unknown'}`, next: `Run "npx gogga check". ${next}` }
}

async function openAll(options: AuditOptions, opened: AsyncDisposableStack) {
  const files: Partial<Record<Domain, OpenFile>> = {}
  const readers: Partial<Record<Domain, Connection>> = {}
  const findings: Finding[] = []
  for (const domain of DOMAINS) {
    const { busyTimeoutMs, paths } = options
    try {
      files[domain] = opened.use(await openFile(domain, paths[domain], { busyTimeoutMs, cacheMb: CACHE_MB }))
      // Of its own: the chains are read in one snapshot, while others read.
      readers[domain] = opened.adopt(
        openReader(domain, paths[domain], { cacheMb: CACHE_MB }),
        (one) => void one.close(),
      )
    } catch (error) {
      const { message, next } = wordsOf(error)
      const place = { file: `${domain}.db` }
      findings.push({ severity: 'high', section: 'schema', code: 'schema.unopened', message, place, count: 1, next })
    }
  }
  const view: View = { ...options, files: files as Partial<Files>, readers }
  return { view, findings }
}

function allFiles({ files: { identity, billing, admin } }: View): Files {
  if (identity && billing && admin) return { identity, billing, admin }
  throw new GoggaError('file', 500, 1, 'One of the three files could not be opened')
}

function allReaders({ readers: { identity, billing, admin } }: View): Readonly<Record<Domain, Connection>> {
  if (identity && billing && admin) return { identity, billing, admin }
  throw new GoggaError('file', 500, 1, 'One of the three files could not be opened')
}

function versionsOf(program: string, { readers }: View): Versions {
  const migrations: Partial<Record<Domain, readonly string[]>> = {}
  for (const domain of DOMAINS) {
    const reader = readers[domain]
    const state = reader && stateOf(domain, reader)
    if (state) migrations[domain] = state.applied
  }
  const [any] = Object.values(readers)
  const sqlite = any ? String(any.prepare('select sqlite_version()').pluck().get()) : 'unknown'
  return { program, node: process.versions.node, sqlite, migrations }
}

function stateOf(domain: Domain, reader: Connection): MigrationState | undefined {
  try {
    return migrationState(domain, reader)
  } catch {
    return undefined // A finding of the schema says so.
  }
}

const unseenFinding = ({ domain, why }: { readonly domain: Domain; readonly why: string }): Finding => ({
  ...{ severity: 'info', section: 'bytes', code: 'bytes.backups-unseen', count: 1 },
  message: `Backups of ${domain}.db could not be looked into from here: ${why}`,
  place: { file: `backups of ${domain}.db` },
  next: 'Run the audit once as the user who makes these backups, with the key that encrypts them.',
})

const nameOf = (path: string): string => path.split(/[\\/]/).at(-1) ?? path

/** Keys of rows stay with `gogga audit verify`. */
const plain = ({ severity, section, code, message, place, count, next }: Finding): Finding => {
  return { severity, section, code, message, place, count, next }
}
