// What an audit says as a whole. Places are names and counts: neither a value of a person nor a path of the machine.
import type { Domain } from '../../database/domains.ts'
import type { Finding, Section, Severity } from './finding.ts'

/** Who asked for it. */
export type Cause = 'command' | 'http' | 'schedule'

export const SEVERITIES: readonly Severity[] = ['high', 'medium', 'low', 'info']
/** In the order of running: what the values leave behind in memory comes after the process that searches bytes. */
export const SECTIONS: readonly Section[] = ['schema', 'handles', 'run-time', 'logs', 'bytes', 'values', 'chain']

/** What a section looked at: `{ columns: 214, tables: 31 }`. */
export type Looked = Readonly<Record<string, number>>

export interface SectionResult {
  readonly findings: readonly Finding[]
  readonly looked: Looked
}

export interface SectionReport {
  readonly section: Section
  readonly tookMs: number
  readonly looked: Looked
  readonly counts: Readonly<Record<Severity, number>>
}

export interface Versions {
  readonly program: string
  readonly node: string
  readonly sqlite: string
  /** Of each file that could be opened. */
  readonly migrations: Readonly<Partial<Record<Domain, readonly string[]>>>
}

export interface AuditReport {
  readonly id: string
  readonly cause: Cause
  /** RFC 3339, UTC. */
  readonly startedAt: string
  readonly endedAt: string
  /** Nothing of high or medium severity was found. */
  readonly passed: boolean
  readonly versions: Versions
  readonly sections: readonly SectionReport[]
  readonly counts: Readonly<Record<Severity, number>>
  /** Worst first. */
  readonly findings: readonly Finding[]
  /** The audit that was kept before this one: whoever removes or changes that one contradicts this one, which is signed. */
  readonly before?: { readonly id: string; readonly sha256: string }
}

export function countsOf(findings: readonly Finding[]): Readonly<Record<Severity, number>> {
  const count = (severity: Severity) => findings.filter((finding) => finding.severity === severity).length
  return { high: count('high'), medium: count('medium'), low: count('low'), info: count('info') }
}

export const passes = ({ high, medium }: Pick<Record<Severity, number>, 'high' | 'medium'>): boolean =>
  high + medium === 0

export const worstFirst = (findings: readonly Finding[]): readonly Finding[] =>
  SEVERITIES.flatMap((severity) => findings.filter((finding) => finding.severity === severity))

/** `billing.db Subscription.userId $.note` */
export const placeText = ({ file, table, column, path }: Finding['place']): string =>
  [file, [table, column].filter(Boolean).join('.'), path].filter(Boolean).join(' ')

/** What each section is about, in a reader's words. */
export const SECTION_TITLES: Readonly<Record<Section, string>> = {
  schema: 'Schema: columns, classes, links, migrations',
  handles: 'Handles: connections, processes, rights, sources',
  'run-time': 'Run time: the guard before every write',
  logs: 'Logs of the application',
  values: 'Values in billing.db and admin.db',
  bytes: 'Raw bytes of files, logs and backups',
  chain: 'Chains of the logs',
}
