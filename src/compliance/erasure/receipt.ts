// What an erasure leaves as evidence: what was done in which table, what stays and why, where the person's values were looked
// for, and when the last backup that holds them goes. It says nothing of the person but the subject id.
import type { Domain } from '../../database/domains.ts'
import type { Begun } from '../../saga/erase-subject.ts'
import type { Where } from '../audit/bytes/layout.ts'
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
  /** `unassigned`: what a split could not place. */
  readonly file: Domain | 'unassigned'
  readonly table: string
  readonly action: 'deleted' | 'emptied' | 'kept'
  readonly rows: number
  /** Where rows are kept. */
  readonly because?: string
  readonly period?: string | null
}

export interface Found {
  readonly file: string
  readonly kind: string
  readonly count: number
  /** Absent in receipts of before. */
  readonly where?: Where
  /** Whose pages hold it, where that can be told. */
  readonly tables?: readonly string[]
}

/** One search, of all bytes for what was known then. */
export interface Proof {
  readonly at: string
  /** Files by name, with their logs and what earlier restores put aside; none where there was nothing to look for. */
  readonly searched: readonly { readonly file: string; readonly bytes: number }[]
  /** How many values were looked for, by kind. */
  readonly values: Readonly<Record<string, number>>
  /** Values that somebody else has as well, or too short to say anything: not looked for. */
  readonly shared: number
  /** How many of them each column of identity.db holds. */
  readonly sharedIn?: Readonly<Record<string, number>>
  readonly found: readonly Found[]
  /** Files that could not be read. */
  readonly unread?: readonly string[]
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
  /** The latest search; null where there was none yet. */
  readonly proof: Proof | null
  /** Every search, in their order: none takes an earlier one's place. */
  readonly proofs: readonly Proof[]
  /** Whether the searches say that nothing is left; see isProven. */
  readonly proven: boolean
  /** What to do where it is not proven. */
  readonly next?: readonly string[]
  readonly backups: readonly BackupHeld[]
  /** From then on no backup holds the person; null where none does now. */
  readonly lastBackupExpiresAt: string | null
  readonly signature?: { readonly keyId: string; readonly ed25519: string }
}

/** As it is kept; receipts of before have one proof at most. */
export type KeptReceipt = Omit<Receipt, 'proofs' | 'proven'> & Partial<Pick<Receipt, 'proofs' | 'proven'>>

export const proofsIn = ({ proof, proofs }: Pick<KeptReceipt, 'proof' | 'proofs'>): readonly Proof[] =>
  proofs ?? (proof === null ? [] : [proof])

export const valuesIn = ({ values }: Proof): number => Object.values(values).reduce((sum, one) => sum + one, 0)

/** The latest search looked for something, everywhere, and found nothing; and it looked for no less than one that did. */
export function isProven(proofs: readonly Proof[]): boolean {
  const last = proofs.at(-1)
  if (!last || last.found.length > 0 || (last.unread ?? []).length > 0 || valuesIn(last) === 0) return false
  return proofs.every((one) => one.found.length === 0 || valuesIn(one) + one.shared <= valuesIn(last) + last.shared)
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
