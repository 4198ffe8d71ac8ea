// What the receipt of an erasure says of its searches.
import { isProven, type KeptReceipt, proofsIn } from '../erasure/receipt.ts'

/** `left`: the latest search found something. `unproven`: nothing was searched, or not all of it. */
export type Proven = 'proven' | 'left' | 'unproven'

/** `receipt`: JSON, as it is kept; one that cannot be read proves nothing. */
export function provenIn(receipt: string): Proven {
  try {
    const kept = JSON.parse(receipt) as KeptReceipt
    const proofs = proofsIn(kept)
    if (kept.proven ?? isProven(proofs)) return 'proven'
    return (proofs.at(-1)?.found.length ?? 0) > 0 ? 'left' : 'unproven'
  } catch {
    return 'unproven'
  }
}
