import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Context } from '../../context.ts'
import { ForbiddenError, UsageError } from '../../errors.ts'
import { useCredits } from '../../saga/use-credits.ts'
import { SubjectId } from '../schemas/ids.ts'
import { addWrite } from '../writes.ts'

const MAX_CREDITS = 100_000_000
const MAX_IMAGES = 10_000

const Usage = z
  .strictObject({
    userId: SubjectId.optional().describe('Whose; needed from a service, and left out or their own from a person.'),
    credits: z.int().min(0).max(MAX_CREDITS).default(0),
    images: z.int().min(0).max(MAX_IMAGES).default(0),
  })
  .refine(({ credits, images }) => credits + images > 0, {
    path: ['credits'],
    message: 'or images must be more than 0: there is nothing to spend',
  })
  .meta({ examples: [{ userId: 'cmb2x9k4d0001', credits: 20_000, images: 2 }] })

const Spent = z
  .strictObject({
    fromAllowance: z.int().describe("Credits of the month's allowance, which are spent first."),
    fromPacks: z.int().describe('Credits beyond it: packs by their expiry, then those of no pack.'),
    creditsLeft: z.int(),
    imagesLeft: z.int(),
  })
  .meta({ examples: [{ fromAllowance: 20_000, fromPacks: 0, creditsLeft: 530_000, imagesLeft: 198 }] })

export async function usageRoutes(
  app: FastifyInstance,
  { context: { sagas } }: { readonly context: Context },
): Promise<void> {
  addWrite(app, {
    url: '/v1/usage',
    tag: 'usage',
    summary: 'Spend credits and images',
    about:
      'Takes all of it or nothing: 409 says what is left. A service names the user; a person spends what is their own. The ' +
      'Idempotency-Key keeps a repeat from spending twice.',
    body: Usage,
    data: Spent,
    problems: [404],
    needsKey: true,
    run({ body: { userId: named, credits, images }, request, asked }) {
      const userId = spenderOf(request, named)
      return useCredits(sagas, { userId, credits, images }, { ...asked, subjectId: userId })
    },
  })
}

/** Throws ForbiddenError where a person names somebody else, UsageError where a service names nobody. */
function spenderOf({ person }: FastifyRequest, named: string | undefined): string {
  if (person === null && named === undefined)
    throw new UsageError('A service must name the user who spends', {
      errors: [{ at: 'userId', message: 'is needed' }],
    })
  if (person === null) return named as string
  if (named === undefined || named === person.userId) return person.userId
  throw new ForbiddenError('A person spends what is their own', {
    errors: [{ at: 'userId', message: 'is somebody else' }],
    hint: 'Leave userId out.',
  })
}
