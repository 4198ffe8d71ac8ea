// What is asked for and answered where administrators act on people.
import { z } from 'zod'
import { TIER_NAMES, type Tier } from '../../billing/tiers.ts'
import { isPlainText, Reason } from './words.ts'

const MOST_CREDITS = 100_000_000
const MAX_EMAIL = 320

const UserId = z.string().meta({ examples: ['cmb2x9k4d0001'] })
const TierName = z.enum(TIER_NAMES as [Tier, ...Tier[]]).meta({ examples: ['JIGGA'] })
const flag = (about: string) => z.boolean().meta({ description: about, examples: [true] })

export const TierOrder = z
  .strictObject({ tier: TierName, reason: Reason })
  .meta({ examples: [{ tier: 'JIGGA', reason: 'Outage on 14 March' }] })

export const TierSet = z
  .strictObject({
    userId: UserId,
    tier: TierName,
    status: z.string(),
    nextBilling: z.iso.datetime({ offset: true }).nullable(),
  })
  .meta({
    examples: [{ userId: 'cmb2x9k4d0001', tier: 'JIGGA', status: 'active', nextBilling: '2026-04-14T09:26:53.589Z' }],
  })

export const CreditOrder = z
  .strictObject({
    credits: z
      .int()
      .min(-MOST_CREDITS)
      .max(MOST_CREDITS)
      .refine((credits) => credits !== 0, 'expected a number other than 0')
      .meta({ description: 'Added to the balance beyond the allowance, or taken from it.', examples: [50_000] }),
    reason: Reason,
  })
  .meta({ examples: [{ credits: 50_000, reason: 'Outage on 14 March' }] })

export const CreditsSet = z
  .strictObject({ userId: UserId, credits: z.int().describe('The balance beyond the allowance.') })
  .meta({ examples: [{ userId: 'cmb2x9k4d0001', credits: 62_500 }] })

const roles = { isAdmin: flag('Administrator.'), isServiceAdmin: flag('Administrator who gives roles.') }

export const RolesOrder = z
  .strictObject({ isAdmin: roles.isAdmin.optional(), isServiceAdmin: roles.isServiceAdmin.optional() })
  .refine((order) => Object.values(order).some((value) => value !== undefined), 'expected isAdmin or isServiceAdmin')
  .meta({ description: 'What is left out stays as it is.', minProperties: 1, examples: [{ isAdmin: true }] })

export const UserRoles = z
  .strictObject({ userId: UserId, ...roles })
  .meta({ examples: [{ userId: 'cmb2x9k4d0001', isAdmin: true, isServiceAdmin: false }] })

export const LookUpOrder = z
  .strictObject({
    email: z
      .string()
      .trim()
      .max(MAX_EMAIL)
      .regex(/^[^@]+@[^@]+$/, 'expected an email')
      .refine(isPlainText, 'expected well-formed text without control characters')
      .meta({ examples: ['thabo@example.co.za'] }),
  })
  .meta({ examples: [{ email: 'thabo@example.co.za' }] })
