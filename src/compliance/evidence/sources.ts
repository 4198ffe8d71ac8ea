// Where the evidence of a month comes from.
import type { Connection } from '../../database/connections.ts'
import type { Domain } from '../../database/domains.ts'

export type Readers = Readonly<Record<Domain, Connection>>

/** What whoever keeps backups knows; without machine paths. */
export interface Operations {
  /** Restores for practice in this month. */
  readonly drills: readonly { readonly domain: Domain; readonly at: string; readonly passed: boolean }[]
  /** What the policy promises against what was achieved, when the pack was made; alarms by their codes. */
  readonly promises: readonly { readonly domain: Domain; readonly alarms: readonly string[] }[]
  /** Stores that could not be read. */
  readonly unseen: readonly Domain[]
}

export interface AuditRow {
  readonly id: string
  readonly startedAt: string
  readonly passed: number
  readonly report: string
  readonly signature: Uint8Array | null
  readonly keyId: string | null
}

export interface ErasureRow {
  readonly id: string
  readonly subjectId: string
  readonly askedBy: string
  readonly startedAt: string
  readonly doneAt: string | null
  readonly receipt: string | null
}
