// An erased person stays erased: a restored file gets the tombstones of all files, and loses again what they stand for, by the
// same functions that erased it first.
import type { Domain } from '../../database/domains.ts'
import type { Rows, Tx } from '../../database/rows.ts'
import { addressesOf } from '../../identity/former-addresses.ts'
import { lookForTraces, noTraces } from '../../identity/traces.ts'
import { bury, eraseIn, eraseInIdentity } from '../../saga/erasing.ts'

export interface Erasures {
  /** Tombstones that the backup did not have. */
  readonly tombstones: number
  /** Rows removed, and rows in which a column was emptied. */
  readonly rows: number
}

/** `others`: whatever files can be read, the old one included. */
export function replayErasures(tx: Tx, others: readonly Rows<Domain>[]): Erasures {
  const tombstones = others
    .flatMap((other) => other.list('Tombstone', {}))
    .filter(({ subjectId, erasedAt }) => bury(tx, subjectId, erasedAt)).length
  const erased = tx.list('Tombstone', {})
  if (tx.domain !== 'identity') {
    const rows = erased.flatMap(({ subjectId, erasedAt }) => eraseIn(tx, [subjectId], erasedAt))
    return { tombstones, rows: sum(rows) }
  }
  const identity = tx as unknown as Tx<'identity'>
  keepReceipts(identity, others)
  const rows = eraseAll(identity, erased, others)
  return { tombstones, rows: sum(rows) }
}

/** The tables that have no index for an address are read once for all of them. */
function eraseAll(
  tx: Tx<'identity'>,
  erased: readonly { readonly subjectId: string; readonly erasedAt: Date }[],
  others: readonly Rows<Domain>[],
) {
  const ids = erased.map(({ subjectId }) => subjectId)
  const traces = noTraces(addressesOf(tx, ids).map(({ key }) => key))
  lookForTraces(tx, traces)
  const from = { AuthLog: END, LoginToken: END, DetachedValue: END, LegacyOriginal: END }
  return erased.flatMap(
    ({ subjectId, erasedAt }) => eraseInIdentity(tx, [subjectId], erasedAt, { traces, from, others }).rows,
  )
}

/** Nothing is written in between. */
const END = Number.MAX_SAFE_INTEGER

/** What was erased, and the proof of it, is younger than the backup. */
function keepReceipts(tx: Tx<'identity'>, others: readonly Rows<Domain>[]): void {
  const before = others.filter(({ domain }) => domain === 'identity') as unknown as Rows<'identity'>[]
  for (const receipt of before.flatMap((rows) => rows.list('Erasure', {})))
    if (!tx.find('Erasure', { id: receipt.id })) tx.insert('Erasure', receipt)
}

const sum = (rows: readonly { readonly rows: number }[]): number =>
  rows.reduce((total, { rows: one }) => total + one, 0)
