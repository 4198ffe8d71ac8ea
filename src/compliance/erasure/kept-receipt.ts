// A receipt in its row of identity.db, from the beginning of the search on.
import { ConflictError } from '../../errors.ts'
import { forgetTaken } from '../../identity/taken-values.ts'
import type { Begun } from '../../saga/erase-subject.ts'
import type { Sagas } from '../../saga/sagas.ts'
import { isProven, type KeptReceipt, proofsIn, type Receipt, signedBytes } from './receipt.ts'

export interface Signer {
  readonly id: string
  readonly sign: (bytes: Uint8Array) => Uint8Array
}

/** Beside the receipt in its row, while the bytes are searched. */
export interface Searching {
  readonly searching?: { readonly pid: number; readonly since: string }
}

/** What a row holds: what was begun, or a receipt. */
export type Kept = (Begun & { readonly format?: undefined; readonly proofs?: undefined }) | (KeptReceipt & Searching)

export const isReceipt = (kept: Kept): kept is KeptReceipt & Searching => kept.format !== undefined

/** `isKept`: the values stay, for a repeat. */
export function keepReceipt({ files }: Sagas, receipt: Receipt & Searching, isKept = false): Promise<void> {
  const { erasureId: id, doneAt } = receipt
  return files.identity.change((tx) => {
    if (!isKept) forgetTaken(tx, id)
    tx.update('Erasure', { id }, { doneAt: new Date(doneAt), receipt: JSON.stringify(receipt) })
  })
}

/** Then another process has its id. */
const LONGEST_MS = 6 * 3_600_000

/** Throws ConflictError while another process searches. */
export function completed({ searching, ...kept }: KeptReceipt & Searching, now: Date): Receipt {
  const proofs = proofsIn(kept)
  if (searching && now.getTime() - Date.parse(searching.since) < LONGEST_MS && isAlive(searching.pid))
    throw new ConflictError('The erasure runs: another process searches the bytes', {
      retryAfter: 10,
      hint: 'Repeat it after the time in Retry-After to get the receipt.',
    })
  return { ...kept, proofs, proven: kept.proven ?? isProven(proofs) }
}

/** Another process of this machine. */
function isAlive(pid: number): boolean {
  try {
    return pid !== process.pid && process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Anew each time; the same without a key. */
export function signedBy(receipt: Receipt, key: Signer | undefined): Receipt {
  if (!key) return receipt
  const ed25519 = Buffer.from(key.sign(signedBytes(receipt))).toString('base64')
  return { ...receipt, signature: { keyId: key.id, ed25519 } }
}
