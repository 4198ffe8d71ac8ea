// Messages between files, looked at from a restored one: which took effect in it after the backup, and which it sent.
import type { Domain } from '../../database/domains.ts'
import type { RowOf, Rows, Tx } from '../../database/rows.ts'
import type { MessageType, PayloadOf } from '../../saga/messages.ts'
import { MESSAGES } from '../../saga/messages.ts'
import type { Send } from './work.ts'

export type Mark = RowOf<Domain, 'InboxMessage'>

/** What a restore cannot put right by itself: the row, and why. Ids and words only. */
export interface Unresolved {
  readonly file: Domain
  readonly table: string
  readonly id: string
  readonly why: string
}

/** What is there to reconcile a restored file with. Files that cannot be read are undefined. */
export interface Around {
  /** The successor, before it takes its place. */
  readonly tx: Tx
  /** The file that it replaces. */
  readonly old: Rows<Domain> | undefined
  readonly identity: Rows<'identity'> | undefined
  readonly billing: Rows<'billing'> | undefined
  readonly admin: Rows<'admin'> | undefined
  /** Everything committed before is in the backup. */
  readonly takenAt: Date
  readonly sources: { readonly now: () => Date; readonly newId: () => string }
}

export interface Reconciled {
  /** Messages that are written into their origin's outbox again, since their effect went with the old file. */
  readonly sends: readonly Send[]
  /** Effects that were put into the restored file itself: a word and how many. */
  readonly done: Readonly<Record<string, number>>
  readonly unresolved: readonly Unresolved[]
}

export interface Findings {
  readonly sends: Map<string, Send>
  readonly done: Map<string, number>
  readonly unresolved: Unresolved[]
}

/** The word of `done` for rows that were deleted since the backup. */
export const ROWS_DELETED = 'rows deleted again'

export const counted = ({ done }: Findings, what: string, rows = 1): void =>
  void done.set(what, (done.get(what) ?? 0) + rows)

export const isMarked = (rows: Rows<Domain> | undefined, id: string): boolean =>
  rows?.find('InboxMessage', { id }) !== undefined

const waits = (rows: Rows<Domain> | undefined, id: string): boolean => rows?.find('OutboxMessage', { id }) !== undefined

export const isErased = ({ tx }: Around, subjectId: string): boolean =>
  tx.find('Tombstone', { subjectId }) !== undefined

/** Those that the old file had and the backup does not. */
export const lostMarks = ({ tx, old }: Around, type: string): readonly Mark[] =>
  (old?.list('InboxMessage', { type }) ?? []).filter(({ id }) => !isMarked(tx, id))

/** What happened, without the type: `<voucher>:0`. */
export const whatOf = ({ id, type }: Pick<Mark, 'id' | 'type'>): string => id.slice(type.length + 1)

export const mark = ({ tx, sources }: Around, id: string, type: string): void =>
  void (isMarked(tx, id) || tx.insert('InboxMessage', { id, type, receivedAt: sources.now() }))

/** `<voucher>:<how often it was given back>` in two. */
export function claimIn(what: string): { readonly voucherId: string; readonly nth: number } {
  const at = what.lastIndexOf(':')
  return { voucherId: what.slice(0, at), nth: Number(what.slice(at + 1)) }
}

/** Noted to be sent again, unless it still waits where it comes from. */
export function again<T extends MessageType>(
  found: Findings,
  origin: Rows<Domain>,
  { type, what, subjectId, payload }: { type: T; what: string; subjectId: string; payload: PayloadOf<T> },
): void {
  const id = `${type}:${what}`
  if (waits(origin, id)) return
  const message = {
    id,
    type,
    target: MESSAGES[type].target,
    subjectId,
    payload: JSON.stringify(payload),
    changeId: null,
  }
  found.sends.set(id, { origin: origin.domain, message })
}

/** A voucher's grant was given: the note of it is on its way, or there. */
export const isNoted = ({ identity, billing }: Around, voucherId: string): boolean =>
  isMarked(identity as Rows<Domain> | undefined, `voucher-noted:${voucherId}`) ||
  waits(billing as Rows<Domain> | undefined, `voucher-noted:${voucherId}`)
