// What GOGGA sells: three tiers by the month, and packs of credits once-off.
import { FileError, UsageError } from '../errors.ts'

export interface TierTerms {
  /** A month's price in cents. */
  readonly priceCents: number
  /** Credits of a month. */
  readonly credits: number
  /** Images of a month. */
  readonly images: number
}

/** From the lowest to the highest. */
export const TIERS = {
  FREE: { priceCents: 0, credits: 0, images: 50 },
  JIVE: { priceCents: 9_900, credits: 500_000, images: 200 },
  JIGGA: { priceCents: 29_900, credits: 2_000_000, images: 1_000 },
} as const satisfies Record<string, TierTerms>

export type Tier = keyof typeof TIERS
export type PaidTier = Exclude<Tier, 'FREE'>

export const TIER_NAMES = Object.keys(TIERS) as readonly Tier[]

/** By price in rand. */
export const PACKS = {
  '200': { priceCents: 20_000, credits: 50_000 },
  '500': { priceCents: 50_000, credits: 150_000 },
  '1000': { priceCents: 100_000, credits: 350_000 },
} as const satisfies Record<string, { readonly priceCents: number; readonly credits: number }>

export type PackSize = keyof typeof PACKS

export const PACK_SIZES = Object.keys(PACKS) as readonly PackSize[]
export const PACK_MONTHS = 12

/** The highest balance of credits that anything may ask for; the column holds 2,147,483,647. */
export const MAX_CREDITS = 2_000_000_000

export const isTier = (text: string): text is Tier => Object.hasOwn(TIERS, text)
export const isPaidTier = (text: string): text is PaidTier => isTier(text) && text !== 'FREE'
export const isPackSize = (text: string): text is PackSize => Object.hasOwn(PACKS, text)

/** Positive when `one` is the higher tier. */
export const compareTiers = (one: Tier, other: Tier): number => TIER_NAMES.indexOf(one) - TIER_NAMES.indexOf(other)

/** Throws FileError for a tier that no version knew. */
export function tierOf({ tier }: { readonly tier: string }): Tier {
  if (isTier(tier)) return tier
  throw new FileError(`A row of billing.db has the tier ${tier}: expected ${TIER_NAMES.join(', ')}`)
}

/** Throws UsageError. */
export function requirePaidTier(text: string): PaidTier {
  if (isPaidTier(text)) return text
  throw new UsageError('This tier is not sold: expected JIVE or JIGGA')
}

/** Throws UsageError. */
export function requirePackSize(text: string): PackSize {
  if (isPackSize(text)) return text
  throw new UsageError(`This pack is not sold: expected ${PACK_SIZES.join(', ')}`)
}
