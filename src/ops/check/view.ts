// What a check sees: read-only connections of its own, so that it never stands in the way of those who write.
import { type Connection, openReader, type openWriter } from '../../database/connections.ts'
import { DOMAINS, type Domain } from '../../database/domains.ts'
import { GoggaError } from '../../errors.ts'
import type { Promised } from '../backup/promises.ts'
import type { Finding } from './finding.ts'
import type { Limits } from './limits.ts'

export type Readers = Readonly<Partial<Record<Domain, Connection>>>

export interface Folders {
  /** Where repairs write their undo files. */
  readonly undo: string
  /** Undefined where they lie in a bucket. */
  readonly backups: (domain: Domain) => string | undefined
}

export interface View {
  readonly paths: Readonly<Record<Domain, string>>
  /** The files that are asked about. */
  readonly domains: readonly Domain[]
  /** Those that could be opened, also such as only serve as the other end of a link. */
  readonly readers: Readers
  readonly now: Date
  readonly quick: boolean
  readonly limits: Limits
  /** Promises of the domain's backups against what lies in their store (src/ops/backup/promises.ts). */
  readonly backups: ((domain: Domain) => Promise<Pick<Promised, 'alarms' | 'newest'> | undefined>) | undefined
  /** What lies beside the files; undefined where it is not looked at. */
  readonly folders: Folders | undefined
  readonly openWriter: typeof openWriter
  /** Bytes that this user may still write where the folder lies. */
  readonly freeBytes: (folder: string) => number
}

/** One file of a view. */
export interface FileView extends View {
  readonly domain: Domain
  readonly path: string
  readonly reader: Connection
}

const CACHE_MB = 8

/** The caller closes what it gets. A file that cannot be opened is a finding, of the asked ones an error. */
export function openReaders(
  paths: View['paths'],
  domains: readonly Domain[],
): { readonly readers: Readers; readonly findings: readonly Finding[] } {
  const readers: Partial<Record<Domain, Connection>> = {}
  const findings: Finding[] = []
  for (const domain of DOMAINS) {
    try {
      readers[domain] = openReader(domain, paths[domain], { cacheMb: CACHE_MB })
    } catch (error) {
      findings.push(unopened(domain, error, domains.includes(domain)))
    }
  }
  return { readers, findings }
}

/** What to do about a file that is not whole. */
export const restoreIt = (domain: Domain): string =>
  `Keep a copy of it, then see "gogga restore ${domain} --from latest --dry-run" and restore it.`

function unopened(domain: Domain, error: unknown, isAsked: boolean): Finding {
  const [message, hint] =
    error instanceof GoggaError ? [error.message, error.hint] : [`It cannot be read: ${codeOf(error)}`, undefined]
  const next = hint ?? restoreIt(domain)
  if (isAsked) return { check: 'open', severity: 'error', place: { file: domain }, message, next }
  return {
    check: 'open',
    severity: 'notice',
    place: { file: domain },
    message: `Links to ${domain}.db were not checked: ${message}`,
    next: 'Run the check where all three files can be read.',
  }
}

/** SQLite's code, or the error's name: its message may hold values. */
export const codeOf = (error: unknown): string => {
  if (!(error instanceof Error)) return typeof error
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
