/**
 * The audit (POPIA section 19): that personal information is in identity.db and nowhere else, and that what keeps it there
 * stands. Each part runs in a process of its own, one after the other: what one needed in memory is gone when the next begins.
 * One that comes to no end is a finding itself.
 */
import { withoutPaths } from '../../errors.ts'
import { inProcess } from '../in-process.ts'
import type { Finding, Section } from './finding.ts'
import type { AuditOptions } from './options.ts'
import {
  type AuditReport,
  countsOf,
  passes,
  SECTIONS,
  type SectionReport,
  type Versions,
  worstFirst,
} from './report.ts'
import type { Told, WorkAnswer, WorkedSection, WorkTask } from './section-process.ts'
import { nameOf, unfinished } from './words.ts'

const WORKER = new URL('./section-process.ts', import.meta.url)
/** What runs together in one process. The first also tells what there is, whatever is asked for. */
const GROUPS: readonly (readonly Section[])[] = [
  ['schema', 'handles', 'run-time'],
  ['logs'],
  ['bytes'],
  ['values', 'chain'],
]
/** Their garbage is short-lived: a large nursery would only count as memory. */
const FLAGS = ['--max-semi-space-size=4']

interface Done {
  readonly sections: readonly SectionReport[]
  readonly findings: readonly Finding[]
  readonly versions?: Versions
}

/** Reads the files; the guard is tried in transactions that are taken back. Throws the reason of the signal. */
export async function runAudit(options: AuditOptions): Promise<AuditReport> {
  const { id, cause, now, program, sections: asked = SECTIONS, signal } = options
  const startedAt = now().toISOString()
  const done: Done[] = []
  for (const [index, group] of GROUPS.entries()) {
    signal?.throwIfAborted()
    const mine = group.filter((section) => asked.includes(section))
    if (index === 0) done.push(await workedOn(mine, options, true))
    else if (mine.includes('bytes')) done.push(await searched(options))
    else if (mine.length > 0) done.push(await workedOn(mine, options, false))
  }
  const findings = done.flatMap((one) => one.findings)
  const counts = countsOf(findings)
  const versions = done[0]?.versions ?? { program, node: process.versions.node, sqlite: 'unknown', migrations: {} }
  const times = { startedAt, endedAt: now().toISOString() }
  const rest = { passed: passes(counts), versions, sections: done.flatMap((one) => one.sections), counts }
  return { id, cause, ...times, ...rest, findings: worstFirst(findings).map(await withoutPlaces(options)) }
}

async function workedOn(sections: readonly Section[], options: AuditOptions, isFirst: boolean): Promise<Done> {
  const { paths, busyTimeoutMs, publicKeys, onlyKeys, logs, connections, program, now, onProgress } = options
  const task: WorkTask = {
    ...{ sections: sections as readonly WorkedSection[], paths, busyTimeoutMs, program },
    ...{ now: now(), folders: options.archives?.folders ?? [] },
    ...(publicKeys && { publicKeys }),
    ...(onlyKeys !== undefined && { onlyKeys }),
    ...(logs && { logs }),
    ...(connections && { connections }),
  }
  const signal = options.signal ?? new AbortController().signal
  const onNote = ({ section, done, total, what }: Told) => onProgress?.(section, done, total, what)
  const answer = await inProcess<WorkAnswer, Told>(WORKER, task, signal, { onNote, flags: FLAGS })
  if (answer && 'sections' in answer) {
    const findings = answer.sections.flatMap((one) => one.findings)
    return {
      sections: answer.sections.map(({ report }) => report),
      findings: isFirst ? [...answer.unopened, ...findings] : findings,
      versions: answer.versions,
    }
  }
  const error = { code: answer?.code ?? 'the process that did it ended early' }
  return sumOf(sections.map((section) => lost(section, error)))
}

const sumOf = (all: readonly Done[]): Done => {
  return { sections: all.flatMap(({ sections }) => sections), findings: all.flatMap(({ findings }) => findings) }
}

function lost(section: Section, error: unknown, tookMs = 0): Done {
  const findings = [unfinished(section, error)]
  return { findings, sections: [{ section, tookMs, looked: {}, counts: countsOf(findings) }] }
}

async function searched({ paths, archives, logs, onProgress, signal }: AuditOptions): Promise<Done> {
  const began = performance.now()
  const tookMs = () => Math.round(performance.now() - began)
  let bytes = 0
  const onBytes = (done: number) => {
    bytes = done
    onProgress?.('bytes', done, 0)
  }
  try {
    const { auditBytes } = await import('./bytes/audit-bytes.ts')
    const others = (logs?.files ?? []).map((path) => ({ name: nameOf(path), kind: 'file' as const, path }))
    const { findings: known = [withoutBackups()], ...rest } = archives ?? {}
    const found = await auditBytes({ paths, others, ...rest, onProgress: onBytes, signal })
    const findings = [...known, ...found]
    const looked = { bytes, backups: archives?.backups.length ?? 0 }
    return { findings, sections: [{ section: 'bytes', tookMs: tookMs(), looked, counts: countsOf(findings) }] }
  } catch (error) {
    signal?.throwIfAborted()
    return lost('bytes', error, tookMs())
  }
}

const withoutBackups = (): Finding => ({
  ...{ severity: 'low', section: 'bytes', code: 'bytes.no-backups', count: 1 },
  message: 'Backups were not looked into, since this audit was asked not to',
  place: { file: 'backups' },
  next: 'Run "gogga audit" without --no-backups: only a whole audit is kept.',
})

/** Where files lie is for whoever is on the machine, and reports go elsewhere; so do names of files that name a person. */
async function withoutPlaces({ paths, logs }: AuditOptions): Promise<(finding: Finding) => Finding> {
  // Loaded last: the detectors need memory.
  const { shown } = await import('./values/tally.ts')
  const known = [...Object.values(paths), ...(logs?.files ?? [])].sort((a, b) => b.length - a.length)
  const clean = (text: string) =>
    known.reduce((left, path) => left.replaceAll(path, shown(nameOf(path))), withoutPaths(text))
  const named = (file: string) => (BACKUP_ID.test(file) ? file : file.split('/').map(shown).join('/'))
  return ({ message, next, place, ...rest }) => {
    return { ...rest, message: clean(message), place: { ...place, file: named(place.file) }, next: clean(next) }
  }
}

/** Its digits are a time. */
const BACKUP_ID = /^(?:identity|billing|admin)-\d{8}T\d{6}Z-[a-z0-9]{1,16}(?:\.[a-z.]+)?$/
