// What an audit is told.
import type { Domain } from '../../database/domains.ts'
import type { ScanSource } from './bytes/scan.ts'
import type { Finding, Section } from './finding.ts'
import type { Cause, SectionResult } from './report.ts'

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
  /** Of billing and admin, and what is known of them; without it nobody looked for any, and a finding says so. */
  readonly archives?: Archives | undefined
  /** What the connections of a server see (`auditConnections`), where one asked; else those of this process are looked at. */
  readonly connections?: SectionResult | undefined
  readonly sections?: readonly Section[]
  /** `total` is 0 where nobody knows it. */
  readonly onProgress?: ((section: Section, done: number, total: number, what?: string) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/** The backups of billing.db and admin.db. */
export interface Archives {
  readonly backups: readonly ScanSource[]
  /** Files in their stores that no manifest names. */
  readonly strays: readonly ScanSource[]
  /** What is wrong with them before any is read. */
  readonly findings: readonly Finding[]
  /** A module that answers as scan-child.ts does, and opens these backups. */
  readonly scanner: URL
  /** Folders that hold them: not looked into a second time. */
  readonly folders: readonly string[]
}
