// The subscription as its person sees it; src/billing/subscription-view.ts says what the fields mean.
import { z } from 'zod'
import { TIER_NAMES } from '../../billing/tiers.ts'
import { ACTIONS, STATUSES } from '../../billing/transitions.ts'

const count = z.int().min(0)
const time = z.iso.datetime()
const id = z.string()

export const PaidTierName = z.enum(['JIVE', 'JIGGA'])

const Pack = z.strictObject({
  id,
  packSize: z.string().describe("The pack's price in rand."),
  credits: count,
  creditsLeft: count,
  expiresAt: time.nullable(),
})

const EXAMPLE = {
  id: 'cmb2x9k4d0003',
  userId: 'cmb2x9k4d0001',
  tier: 'JIVE',
  status: 'active',
  priceCents: 9_900,
  nextTier: null,
  startedAt: '2026-03-14T09:26:53.589Z',
  nextBilling: '2026-04-14T09:26:53.589Z',
  isRecurring: true,
  paymentFailedAt: null,
  monthlyCredits: 500_000,
  monthlyCreditsLeft: 480_000,
  packCredits: 50_000,
  creditsLeft: 530_000,
  imagesLimit: 200,
  imagesLeft: 198,
  resetsAt: '2026-04-14T09:26:53.589Z',
  packs: [
    {
      id: 'cmb2x9k4d0007',
      packSize: '200',
      credits: 50_000,
      creditsLeft: 50_000,
      expiresAt: '2027-03-14T09:26:53.589Z',
    },
  ],
  allowed: ['spend', 'check_out', 'redeem', 'change_tier', 'cancel'],
}

export const Subscription = z
  .strictObject({
    id,
    userId: id,
    tier: z.enum(TIER_NAMES),
    status: z.enum(STATUSES),
    priceCents: count.describe('Of a month, in cents of the South African rand.'),
    nextTier: z.string().nullable().describe('The tier that a change waits for.'),
    startedAt: time.nullable(),
    nextBilling: time.nullable().describe('The end of the paid period.'),
    isRecurring: z.boolean().describe('Whether the next period is charged by itself.'),
    paymentFailedAt: time.nullable(),
    monthlyCredits: count.describe("The month's allowance."),
    monthlyCreditsLeft: count,
    packCredits: count.describe('Credits beyond the allowance, from packs and adjustments.'),
    creditsLeft: count.describe('Of allowance and packs together.'),
    imagesLimit: count,
    imagesLeft: count,
    resetsAt: time.describe("When the next month's allowance begins, if the period is paid by then."),
    packs: z.array(Pack).describe('Those with something left, the earliest to expire first.'),
    allowed: z.array(z.enum(ACTIONS)).describe('What may be asked for now.'),
  })
  .meta({ id: 'SubscriptionView', examples: [EXAMPLE] })
