// Words of columns that no rule of its own defines.

/** Of CreditPurchase.status. */
export const PURCHASE_STATUSES = ['pending', 'complete', 'failed'] as const

/** Of ProcessedPayment.type. */
export const PAYMENT_TYPES = ['subscription', 'credit_pack'] as const

/** Of RecurringSchedule.status. */
export const SCHEDULE_STATUSES = ['active', 'cancelled', 'completed', 'failed'] as const

/** Of ChargeAttempt.status. */
export const ATTEMPT_STATUSES = ['started', 'paid', 'failed'] as const
