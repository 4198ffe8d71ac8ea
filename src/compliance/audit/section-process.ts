// A process of its own for some parts of an audit: what they load and leave behind in memory goes with it.
import { allModels } from '../../database/catalog.ts'
import type { Files, OpenFile } from '../../database/clients.ts'
import { type Connection, openReader } from '../../database/connections.ts'
import { DOMAINS, type Domain } from '../../database/domains.ts'
import { type MigrationState, migrationState } from '../../database/migrations.ts'
import { GoggaError } from '../../errors.ts'
import { answerOneTask } from '../in-process.ts'
import type { Finding, Section } from './finding.ts'
import type { AuditOptions } from './options.ts'
import type { SectionReport, SectionResult, Versions } from './report.ts'
import { countsOf } from './report.ts'
import { unfinished, wordsOf } from './words.ts'

/** Parts that need the files as rows; the search of raw bytes has a process of another kind. */
export type WorkedSection = Exclude<Section, 'bytes'>

export interface WorkTask
  extends Pick<
    AuditOptions,
    'paths' | 'busyTimeoutMs' | 'publicKeys' | 'onlyKeys' | 'logs' | 'connections' | 'program'
  > {
  readonly sections: readonly WorkedSection[]
  readonly now: Date
  /** Of backups. */
  readonly folders: readonly string[]
}

export interface Told {
  readonly section: Section
  readonly done: number
  readonly total: number
  readonly what: string | undefined
}

export interface Worked {
  readonly versions: Versions
  /** About files that could not be opened. */
  readonly unopened: readonly Finding[]
  readonly sections: readonly { readonly report: SectionReport; readonly findings: readonly Finding[] }[]
}

export type WorkAnswer = Worked | { readonly code: string }

interface View extends WorkTask {
  readonly files: Partial<Files>
  readonly readers: Partial<Record<Domain, Connection>>
  readonly tell: (section: Section, done: number, total: number, what?: string) => void
}

const CACHE_MB = 8
/** Those that need connections as the application has them; Prisma's client is loaded for them alone. */
const WITH_FILES: readonly Section[] = ['handles', 'run-time']

answerOneTask<WorkTask, WorkAnswer, Told>(
  (task, tell) => worked(task, (section, done, total, what) => tell({ section, done, total, what })),
  (code) => ({ code }),
)

// Loaded on use: each of them needs memory of its own.
const RUN: Readonly<Record<WorkedSection, (view: View) => Promise<SectionResult>>> = {
  async schema({ readers }) {
    const { auditSchema } = await import('./schema.ts')
    return auditSchema({ readers, catalog: allModels })
  },
  async handles({ paths, connections, files, folders }) {
    const { auditHandles } = await import('./handles.ts')
    const { auditConnections } = await import('./handles/connections.ts')
    return await auditHandles({ paths, folders, connections: connections ?? auditConnections(Object.values(files)) })
  },
  async 'run-time'(view) {
    const { auditRunTime } = await import('./run-time.ts')
    const { identity, billing, admin } = allOf(view.files)
    return await auditRunTime({ files: { billing, admin }, identity: identity.reader, now: view.now })
  },
  async logs({ logs, tell }) {
    const { auditLogs, LOG_MEBIBYTES } = await import('./logs.ts')
    const { files = [], mebibytes = LOG_MEBIBYTES } = logs ?? {}
    return await auditLogs({ files, mebibytes, onProgress: (done, total) => tell('logs', done, total) })
  },
  async values({ paths, tell }) {
    const { auditValues } = await import('./values.ts')
    let [rows, before, table] = [0, 0, '']
    const findings = await auditValues(paths, {
      onProgress: (at) => {
        if (at.table !== table) before = rows
        table = at.table
        rows = before + at.rows
        tell('values', rows, 0, `${at.file} ${at.table}`)
      },
    })
    return { findings, looked: { rows } }
  },
  async chain({ readers, publicKeys = [], onlyKeys = false, now, tell }) {
    const { verifyChains } = await import('../chain/verify.ts')
    let done = 0
    const { chains, findings } = await verifyChains(allOf(readers), {
      ...{ now, publicKeys, onlyKeys },
      onChain: (domain) => tell('chain', ++done, DOMAINS.length, `${domain}.db`),
    })
    const links = chains.reduce((sum, chain) => sum + chain.links, 0)
    return { findings: findings.map(plain), looked: { links } }
  },
}

async function worked(task: WorkTask, tell: View['tell']): Promise<Worked> {
  await using opened = new AsyncDisposableStack()
  const { files, readers, unopened } = await openAll(task, opened)
  const view: View = { ...task, files: files as Partial<Files>, readers, tell }
  const sections: Worked['sections'][number][] = []
  for (const section of task.sections) {
    const began = performance.now()
    const { findings, looked } = await finished(section, view)
    const tookMs = Math.round(performance.now() - began)
    sections.push({ report: { section, tookMs, looked, counts: countsOf(findings) }, findings })
  }
  return { versions: versionsOf(task.program, readers), unopened, sections }
}

async function finished(section: WorkedSection, view: View): Promise<SectionResult> {
  try {
    return await RUN[section](view)
  } catch (error) {
    return { findings: [unfinished(section, error)], looked: {} }
  }
}

async function openAll({ paths, busyTimeoutMs, sections }: WorkTask, opened: AsyncDisposableStack) {
  const files: Partial<Record<Domain, OpenFile>> = {}
  const readers: Partial<Record<Domain, Connection>> = {}
  const unopened: Finding[] = []
  const withFiles = WITH_FILES.some((section) => (sections as readonly Section[]).includes(section))
  const openFile = withFiles ? (await import('../../database/clients.ts')).openFile : undefined
  for (const domain of DOMAINS) {
    try {
      if (openFile)
        files[domain] = opened.use(await openFile(domain, paths[domain], { busyTimeoutMs, cacheMb: CACHE_MB }))
      // Of its own: the chains are read in one snapshot, while others read.
      readers[domain] = opened.adopt(
        openReader(domain, paths[domain], { cacheMb: CACHE_MB }),
        (one) => void one.close(),
      )
    } catch (error) {
      const { message, next } = wordsOf(error)
      const place = { file: `${domain}.db` }
      unopened.push({ severity: 'high', section: 'schema', code: 'schema.unopened', message, place, count: 1, next })
    }
  }
  return { files, readers, unopened }
}

function allOf<T>({ identity, billing, admin }: { readonly [D in Domain]?: T }): Readonly<Record<Domain, T>>
function allOf(files: Partial<Files>): Files
function allOf({ identity, billing, admin }: Readonly<Partial<Record<Domain, unknown>>>): unknown {
  if (identity && billing && admin) return { identity, billing, admin }
  throw new GoggaError('file', 500, 1, 'One of the three files could not be opened')
}

function versionsOf(program: string, readers: View['readers']): Versions {
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

/** Keys of rows stay with `gogga audit verify`. */
const plain = ({ severity, section, code, message, place, count, next }: Finding): Finding => {
  return { severity, section, code, message, place, count, next }
}
