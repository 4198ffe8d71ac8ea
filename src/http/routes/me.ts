import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { readSubscription } from '../../billing/subscription-view.ts'
import { compareTiers, isTier } from '../../billing/tiers.ts'
import type { Context } from '../../context.ts'
import { openRestrictions, RESTRICTIONS } from '../../identity/restrictions.ts'
import { requireUser } from '../../identity/users.ts'
import { cancelSubscription, changeTier } from '../../saga/manage-subscription.ts'
import { checkOut } from '../../saga/payments.ts'
import { redeemVoucher } from '../../saga/redeem-voucher.ts'
import { chargingOf } from '../charging.ts'
import { personOf } from '../plugins/auth.ts'
import { limitPerMinute } from '../plugins/rate-limit.ts'
import { addRead } from '../reads.ts'
import { CheckoutForm, Order, Redeemed, Redemption } from '../schemas/purchases.ts'
import { PaidTierName, Subscription } from '../schemas/subscription.ts'
import { addWrite } from '../writes.ts'

const Me = z
  .strictObject({
    id: z.string(),
    email: z.string(),
    isAdmin: z.boolean(),
    isServiceAdmin: z.boolean(),
    createdAt: z.iso.datetime(),
    restrictions: z.array(z.enum(RESTRICTIONS)).describe('While there is one, nothing is charged or mailed unasked.'),
  })
  .meta({
    examples: [
      {
        id: 'cmb2x9k4d0001',
        email: 'thandi@example.co.za',
        isAdmin: false,
        isServiceAdmin: false,
        createdAt: '2026-03-14T09:26:53.589Z',
        restrictions: [],
      },
    ],
  })

const TierWish = z.strictObject({ tier: PaidTierName }).meta({ examples: [{ tier: 'JIGGA' }] })

export async function meRoutes(app: FastifyInstance, { context }: { readonly context: Context }): Promise<void> {
  addReads(app, context)
  addTier(app, context)
  addCancellation(app, context)
  addCheckouts(app, context)
  addRedemptions(app, context)
}

function addReads(app: FastifyInstance, { files, now }: Context): void {
  addRead(app, {
    url: '/v1/me',
    tag: 'me',
    summary: 'Who am I?',
    about: 'The person whose session this is, with their email in clear.',
    data: Me,
    run({ request }) {
      const { id, email, isAdmin, isServiceAdmin, createdAt } = requireUser(
        files.identity.rows,
        personOf(request).userId,
      )
      const restrictions = openRestrictions(files.identity.rows, id).map(({ kind }) => kind)
      return { id, email, isAdmin, isServiceAdmin, createdAt, restrictions }
    },
  })
  addRead(app, {
    url: '/v1/me/subscription',
    tag: 'me',
    summary: 'My subscription',
    about: 'Tier, credits, images and packs as they are now, and what may be asked for.',
    data: Subscription,
    problems: [404],
    run: ({ request }) => readSubscription(files.billing.rows, personOf(request).userId, now()),
  })
}

function addTier(app: FastifyInstance, context: Context): void {
  const { sagas, files, now } = context
  const charge = chargingOf(app, context)
  const byPerson = limitOf(app, context.config)
  addWrite(app, {
    url: '/v1/me/subscription/tier',
    tag: 'me',
    summary: 'Change my tier',
    about:
      'A higher tier is charged at once, and comes when PayFast says that it is paid: the answer waits for that up to two ' +
      'seconds. Then `tier` has risen; or the charge is still under way and `nextTier` names the tier; or PayFast refused ' +
      'it, and both are as they were. A lower tier waits in `nextTier` for the end of the paid period. The tier that is ' +
      'running takes such a plan back. 409 names the state and what it allows.',
    body: TierWish,
    data: Subscription,
    options: { preHandler: [byPerson] },
    async run({ body: { tier }, request, asked }) {
      const { userId } = personOf(request)
      const answer = await changeTier(sagas, { userId, tier }, asked)
      const view = () => readSubscription(files.billing.rows, userId, now())
      if (answer.repeated || !awaitsUpgrade(view())) return answer
      await charge()
      return await sagas.changes.amend('billing', answer, view())
    },
  })
}

const awaitsUpgrade = ({ tier, nextTier }: ReturnType<typeof readSubscription>): boolean =>
  nextTier !== null && isTier(nextTier) && compareTiers(nextTier, tier) > 0

function addCancellation(app: FastifyInstance, { sagas }: Context): void {
  addWrite(app, {
    url: '/v1/me/subscription/cancellation',
    tag: 'me',
    summary: 'Cancel my subscription',
    about:
      'Nothing is charged any more; tier, credits and images stay until the end of the paid period. 409 names the state ' +
      'and what it allows.',
    body: z
      .strictObject({})
      .optional()
      .meta({ examples: [{}] }),
    data: Subscription,
    run: ({ request, asked }) => cancelSubscription(sagas, personOf(request).userId, asked),
  })
}

function addCheckouts(app: FastifyInstance, { sagas, config }: Context): void {
  const byPerson = limitOf(app, config)
  addWrite(app, {
    url: '/v1/me/checkouts',
    tag: 'me',
    summary: 'Begin a payment',
    about:
      'Answers with the signed form that a browser posts to PayFast. What was bought comes when PayFast tells us of the ' +
      'payment. 503 where this server takes no payments.',
    body: Order,
    data: CheckoutForm,
    status: 201,
    options: { preHandler: [byPerson] },
    async run({ body, request, asked }) {
      const { userId } = personOf(request)
      const what = body.kind === 'subscription' ? body.tier : body.pack
      return await checkOut(sagas, config, { userId, kind: body.kind, what }, asked)
    },
  })
}

function addRedemptions(app: FastifyInstance, { sagas, config }: Context): void {
  const byPerson = limitOf(app, config)
  addWrite(app, {
    url: '/v1/me/redemptions',
    tag: 'me',
    summary: 'Redeem a voucher',
    about:
      'The voucher is spent and its grant arrives, each once, or neither. 404 for an unknown code, 409 for a voucher that ' +
      'is redeemed, voided or expired, or that the subscription does not allow. Limited by person.',
    body: Redemption,
    data: Redeemed,
    status: 201,
    problems: [404],
    options: { preHandler: [byPerson] },
    run: ({ body: { code }, request, asked }) =>
      redeemVoucher(sagas, { code, userId: personOf(request).userId }, asked),
  })
}

/** What tries a code or a card is limited by person, each by itself. */
const limitOf = (app: FastifyInstance, { redemptionsPerMinute }: Context['config']) =>
  limitPerMinute(app, redemptionsPerMinute, (request) => personOf(request).userId)
