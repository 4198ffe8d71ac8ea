// Payments that took effect, each once, by PayFast's id.
import type { Tx } from '../database/rows.ts'
import type { Sources } from './events.ts'

export interface ProcessedPaymentOf {
  readonly paymentId: string
  readonly type: string
  readonly amountCents: number
  readonly userId: string
}

/** One that is there already stays as it is. */
export function addPayment(tx: Tx<'billing'>, payment: ProcessedPaymentOf, sources: Sources): void {
  const { paymentId, type, amountCents, userId } = payment
  if (tx.find('ProcessedPayment', { pfPaymentId: paymentId })) return
  tx.insert('ProcessedPayment', {
    id: sources.newId(),
    pfPaymentId: paymentId,
    type,
    amountCents,
    userId,
    processedAt: sources.now(),
  })
}
