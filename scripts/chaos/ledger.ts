// What the clients were told, and nothing else: the checker holds the three files against it.
export interface Ledger {
  readonly signIns: { userId: string; email: string; token: string; isNew: boolean }[]
  readonly signOuts: { token: string }[]
  readonly spends: { userId: string; credits: number; images: number; fromAllowance: number; fromPacks: number }[]
  readonly checkouts: { id: string; userId: string; kind: PaymentKind; what: string }[]
  readonly payments: Payment[]
  /** Ids of notifications that were answered with 4xx. */
  readonly refusedPayments: string[]
  readonly vouchers: { id: string; code: string; type: string; batchId: string | null }[]
  readonly redemptions: { userId: string; voucherId: string; type: string }[]
  readonly voids: { voucherId: string; marker: string }[]
  readonly deletions: { voucherId: string }[]
  readonly overrides: { userId: string; tier: string; marker: string }[]
  readonly adjustments: { userId: string; credits: number; marker: string }[]
  /** In their order for each user. */
  readonly roles: { userId: string; isAdmin: boolean; isServiceAdmin: boolean }[]
  readonly lookUps: { userId: string }[]
  /** Look-ups that found nobody: each try may have left its row. */
  readonly vainLookUps: { tries: number }[]
  readonly batches: { id: string; marker: string }[]
  readonly cancellations: { userId: string }[]
  readonly tierChanges: { userId: string; tier: string }[]
}

export type PaymentKind = 'subscription' | 'credit_pack'

export interface Payment {
  readonly paymentId: string
  readonly userId: string
  readonly kind: PaymentKind
  readonly what: string
  readonly amountCents: number
  readonly checkoutId: string
}

export const newLedger = (): Ledger => ({
  signIns: [],
  signOuts: [],
  spends: [],
  checkouts: [],
  payments: [],
  refusedPayments: [],
  vouchers: [],
  redemptions: [],
  voids: [],
  deletions: [],
  overrides: [],
  adjustments: [],
  roles: [],
  lookUps: [],
  vainLookUps: [],
  batches: [],
  cancellations: [],
  tierChanges: [],
})

/** How many of each kind. */
export const countsOf = (ledger: Ledger): Record<string, number> =>
  Object.fromEntries(
    Object.entries(ledger).map(([kind, entries]: [string, readonly unknown[]]) => [kind, entries.length]),
  )

/** What GOGGA sells, written down a second time: the checker must not believe src/. Credits; images; cents. */
export const TIERS: Readonly<Record<string, { credits: number; images: number; cents: number }>> = {
  FREE: { credits: 0, images: 50, cents: 0 },
  JIVE: { credits: 500_000, images: 200, cents: 9_900 },
  JIGGA: { credits: 2_000_000, images: 1_000, cents: 29_900 },
}
export const PACKS: Readonly<Record<string, { credits: number; cents: number }>> = {
  '200': { credits: 50_000, cents: 20_000 },
  '500': { credits: 150_000, cents: 50_000 },
  '1000': { credits: 350_000, cents: 100_000 },
}

/** Voucher type → the pack's size, or undefined for a month. */
export const packOf = (type: string): string | undefined => /^R(\d+)$/.exec(type)?.[1]

export const priceOf = (kind: PaymentKind, what: string): number =>
  (kind === 'subscription' ? TIERS[what]?.cents : PACKS[what]?.cents) ?? 0
