// Schemas of the figures; like those of rows, they describe and are tested against real answers.
import { z } from 'zod'

const count = z.int().min(0)
const counts = z.record(z.string(), count)

export const TierStatsAnswer = z
  .object({
    data: z.array(z.strictObject({ tier: z.string(), userCount: count, totalCredits: z.int() })),
  })
  .meta({ examples: [{ data: [{ tier: 'JIGGA', userCount: 128, totalCredits: 41_250_000 }] }] })

export const OverviewAnswer = z
  .object({
    data: z.strictObject({
      users: z.strictObject({ total: count, admins: count }),
      subscriptions: z.strictObject({ total: count, byStatus: counts, byTier: counts }),
      payments: z.strictObject({ count, sumCents: z.int().describe('In cents of the South African rand.') }),
      creditPurchases: z.strictObject({ total: count, byStatus: counts }),
      vouchers: z
        .strictObject({ total: count, redeemed: count, voided: count, expired: count })
        .describe('Each voucher counts once: redeemed before voided before expired.'),
    }),
  })
  .meta({
    examples: [
      {
        data: {
          users: { total: 1_000, admins: 2 },
          subscriptions: { total: 900, byStatus: { active: 850, cancelled: 50 }, byTier: { FREE: 600, JIGGA: 300 } },
          payments: { count: 3_000, sumCents: 89_700_000 },
          creditPurchases: { total: 120, byStatus: { complete: 118, failed: 2 } },
          vouchers: { total: 250, redeemed: 200, voided: 10, expired: 5 },
        },
      },
    ],
  })
