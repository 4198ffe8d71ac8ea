// What an erasure leaves as evidence: what was done in which table, what stays and why, where the person's values were looked
// for, and when the last backup that holds them goes. It says nothing of the person but the subject id.
import type { Domain } from '../../database/domains.ts'
import type { Begun } from '../../saga/erase-subject.ts'
import { reasonFor } from './kept.ts'

/** A backup as whoever keeps backups tells of it. */
export interface BackupHeld {
  readonly domain: Domain
  readonly id: string
  /** ISO texts in UTC. */
  readonly takenAt: string
  /** When it goes at the latest, if backups go on. */
  readonly expiresAt: string
}

export interface TableDone {
  readonly file: Domain
  readonly table: string
  readonly action: 'deleted' | 'emptied' | 'kept'
  readonly rows: number
  /** Where rows are kept. */
  readonly because?: string
  readonly period?: string | null
}

export interface Proof {
  readonly at: string
  /** Files by name, with their logs and what earlier restores put aside. */
  readonly searched: readonly { readonly file: string; readonly bytes: number }[]
  /** How many values were looked for, by kind; none where the process that knew them was ended before. */
  readonly values: Readonly<Record<string, number>>
  /** Values that somebody else has as well: not looked for. */
  readonly shared: number
  readonly found: readonly { readonly file: string; readonly kind: string; readonly count: number }[]
}

export interface Receipt {
  readonly format: 'gogga-erasure/1'
  readonly erasureId: string
  readonly subjectId: string
  readonly ids: readonly string[]
  readonly askedBy: string
  readonly startedAt: string
  /** When the last file had followed. */
  readonly doneAt: string
  readonly tables: readonly TableDone[]
  readonly mails: number
  /** Null where nobody knew the values any more. */
  readonly proof: Proof | null
  readonly backups: readonly BackupHeld[]
  /** From then on no backup holds the person; null where none does now. */
  readonly lastBackupExpiresAt: string | null
  readonly signature?: { readonly keyId: string; readonly ed25519: string }
}

/** What was done, in the words of a receipt: of identity.db exactly, of the other files by the rows that named the person. */
export function tablesOf({ identity, linked }: Begun): readonly TableDone[] {
  const own = identity.map(({ table, action, rows }): TableDone => ({ file: 'identity', table, action, rows }))
  const others = (['billing', 'admin'] as const).flatMap((file) =>
    linked[file].map(({ table, policy, rows }): TableDone => {
      if (policy === 'delete') return { file, table, action: 'deleted', rows }
      if (policy === 'null') return { file, table, action: 'emptied', rows }
      return { file, table, action: 'kept', rows, ...reasonFor(file, table) }
    }),
  )
  return [...own, ...others]
}

/** Those that were taken before the last file had followed. */
export const holding = (backups: readonly BackupHeld[], doneAt: string): readonly BackupHeld[] =>
  backups.filter(({ takenAt }) => takenAt <= doneAt)

export const lastOf = (backups: readonly BackupHeld[]): string | null =>
  backups
    .map(({ expiresAt }) => expiresAt)
    .sort()
    .at(-1) ?? null

/** The bytes that are signed: the receipt without its signature. */
export function signedBytes({ signature: _, ...receipt }: Receipt): Buffer {
  return Buffer.from(JSON.stringify(receipt), 'utf8')
}
