// One row for each step in a voucher's life, in the transaction of the step.
import type { Tx } from '../database/rows.ts'
import type { Sources } from './sources.ts'

export type VoucherAction = 'created' | 'redeemed' | 'released' | 'voided' | 'deleted'

/** Words and numbers; text must be clean of personal information. */
export type Meta = Readonly<Record<string, string | number | boolean | null>>

export interface VoucherStep {
  readonly voucherId: string
  readonly action: VoucherAction
  /** A subject id, or a word such as `system`. */
  readonly actor: string
  readonly meta?: Meta | undefined
}

export function writeVoucherLog(
  tx: Tx<'admin'>,
  { meta, ...step }: VoucherStep,
  { now, newId }: Pick<Sources, 'now' | 'newId'>,
): void {
  tx.insert('VoucherLog', { id: newId(), ...step, meta: meta ? JSON.stringify(meta) : null, createdAt: now() })
}
