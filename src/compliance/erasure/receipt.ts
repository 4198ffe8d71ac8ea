// What an erasure leaves as evidence: what was done in which table, what stays and why, where the person's values were looked
// for, and when the last backup that holds them goes. It says nothing of the person but the subject id.
import type { Domain } from '../../database/domains.ts'
import type { Begun } from '../../saga/erase-subject.ts'
import type { Where } from '../audit/bytes/layout.ts'
import { reasonFor } from './kept.ts'
import type { Sought } from './sought.ts'

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
  /** Where several columns of the table name the person. */
  readonly columns?: readonly string[]
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

/** It looked for something, everywhere, and found nothing. */
export const isClean = (proof: Proof): boolean =>
  proof.found.length === 0 && (proof.unread ?? []).length === 0 && valuesIn(proof) > 0

/**
 * The latest search looked for something, everywhere, and found nothing; and each value of a search that was not clean was
 * looked for by a clean one since. Of proofs of before only counts are known.
 */
export function isProven(proofs: readonly Proof[], sought?: Sought): boolean {
  const last = proofs.at(-1)
  if (!last || !isClean(last) || sought?.values.some(({ open }) => open)) return false
  return proofs
    .slice(0, sought?.since)
    .every((one) => one.found.length === 0 || valuesIn(one) <= valuesIn(last) + last.shared)
}

/** What was done, in the words of a receipt: of identity.db exactly, of the other files by the rows that named the person. */
export function tablesOf({ identity, linked }: Begun): readonly TableDone[] {
  const own = identity.map(({ table, action, rows }): TableDone => ({ file: 'identity', table, action, rows }))
  const others = (['billing', 'admin'] as const).flatMap((file) =>
    linked[file].map(({ table, column, policy, rows }): TableDone => {
      const columns = column.split(', ')
      const isOne = columns.length === 1 && linked[file].filter((other) => other.table === table).length === 1
      const done = { file, table, rows, ...(!isOne && { columns }) }
      if (policy === 'delete') return { ...done, action: 'deleted' }
      if (policy === 'null') return { ...done, action: 'emptied' }
      return { ...done, action: 'kept', ...reasonFor(file, table) }
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
