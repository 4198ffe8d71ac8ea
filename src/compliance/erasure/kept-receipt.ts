// A receipt in its row of identity.db, from the beginning of the search on.
import { ConflictError } from '../../errors.ts'
import { forgetTaken } from '../../identity/taken-values.ts'
import type { Begun } from '../../saga/erase-subject.ts'
import type { Sagas } from '../../saga/sagas.ts'
import { isProven, type KeptReceipt, proofsIn, type Receipt, signedBytes } from './receipt.ts'
import type { Sought } from './sought.ts'

export interface Signer {
  readonly id: string
  readonly sign: (bytes: Uint8Array) => Uint8Array
}

/** Beside the receipt in its row, and never shown. */
export interface Inner {
  /** While the bytes are searched. */
  readonly searching?: { readonly pid: number; readonly since: string }
  readonly sought?: Sought
  /** What to look for, until a search of it is clean (kept-values.ts). */
  readonly sealed?: string
}

/** What a row holds: what was begun, or a receipt. */
export type Kept = (Begun & { readonly format?: undefined; readonly proofs?: undefined }) | (KeptReceipt & Inner)

export const isReceipt = (kept: Kept): kept is KeptReceipt & Inner => kept.format !== undefined

/** The values that were taken out go. */
export function keepReceipt({ files }: Sagas, receipt: Receipt & Inner): Promise<void> {
  const { erasureId: id, doneAt } = receipt
  return files.identity.change((tx) => {
    forgetTaken(tx, id)
    tx.update('Erasure', { id }, { doneAt: new Date(doneAt), receipt: JSON.stringify(receipt) })
  })
}

/** Then another process has its id. */
const LONGEST_MS = 6 * 3_600_000

/** Throws ConflictError while another process searches. */
export function requireAlone({ searching }: Inner, now: Date): void {
  if (searching && now.getTime() - Date.parse(searching.since) < LONGEST_MS && isAlive(searching.pid))
    throw new ConflictError('The erasure runs: another process searches the bytes', {
      retryAfter: 10,
      hint: 'Repeat it after the time in Retry-After to get the receipt.',
    })
}

/** As it is shown. */
export function completed({ searching: _, sealed: __, sought, ...kept }: KeptReceipt & Inner): Receipt {
  const proofs = proofsIn(kept)
  return { ...kept, proofs, proven: kept.proven ?? isProven(proofs, sought) }
}

/** Another process of this machine. */
function isAlive(pid: number): boolean {
  try {
    return pid !== process.pid && process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** The text of a row as it is shown: to the byte what was kept, but for what is never shown. */
export function shownText(receipt: string): string {
  const { searching, sought, sealed, ...shown } = JSON.parse(receipt) as Inner
  return searching || sought || sealed !== undefined ? JSON.stringify(shown) : receipt
}

/** Anew each time; the same without a key. */
export function signedBy(receipt: Receipt, key: Signer | undefined): Receipt {
  if (!key) return receipt
  const ed25519 = Buffer.from(key.sign(signedBytes(receipt))).toString('base64')
  return { ...receipt, signature: { keyId: key.id, ed25519 } }
}
