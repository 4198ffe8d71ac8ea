import type { FastifyInstance } from 'fastify'
import type { Context } from '../../context.ts'
import { adjustCredits, changeRoles, lookUpUser, overrideTier } from '../../saga/administer.ts'
import { actorOf, askedBy } from '../actor.ts'
import {
  CreditOrder,
  CreditsSet,
  LookUpOrder,
  RolesOrder,
  TierOrder,
  TierSet,
  UserRoles,
} from '../schemas/administration.ts'
import { UserParams } from '../schemas/words.ts'
import { addWrite } from '../writes.ts'

const ROUTE = { tag: 'administration', byActor: true, problems: [404] } as const

export async function administrationRoutes(
  app: FastifyInstance,
  { context }: { readonly context: Context },
): Promise<void> {
  const { sagas } = context
  addWrite(app, {
    ...ROUTE,
    url: '/v1/users/:id/tier-overrides',
    summary: "Set a user's tier",
    about:
      'At once, whatever the state of the subscription and without a payment. It holds for the running period: what the ' +
      'person has agreed to pay stays as it is, and its tier comes back with the next charge.',
    params: UserParams,
    body: TierOrder,
    data: TierSet,
    run({ body, params, request, asked }) {
      const actor = actorOf(request, context)
      return overrideTier(sagas, actor, { userId: params.id, ...body }, askedBy(actor, asked))
    },
  })
  addWrite(app, {
    ...ROUTE,
    url: '/v1/users/:id/credit-adjustments',
    summary: 'Give or take credits',
    about: 'Changes the balance beyond the monthly allowance; 409 where less than nothing would be left.',
    params: UserParams,
    body: CreditOrder,
    data: CreditsSet,
    run({ body, params, request, asked }) {
      const actor = actorOf(request, context)
      return adjustCredits(sagas, actor, { userId: params.id, ...body }, askedBy(actor, asked))
    },
  })
  addWrite(app, {
    ...ROUTE,
    url: '/v1/users/:id/roles',
    summary: "Change a user's roles",
    about: 'The actor must be a service administrator. 409 where nobody would be one any more.',
    params: UserParams,
    body: RolesOrder,
    data: UserRoles,
    run({ body, params, request, asked }) {
      const actor = actorOf(request, context, 'service')
      return changeRoles(sagas, actor, { userId: params.id, ...body }, askedBy(actor, asked))
    },
  })
  addWrite(app, {
    ...ROUTE,
    url: '/v1/user-lookups',
    summary: 'Find a user by email',
    about: 'That somebody looked is logged, whether or not there was anybody.',
    body: LookUpOrder,
    data: UserRoles,
    run({ body, request, asked }) {
      const actor = actorOf(request, context)
      return lookUpUser(sagas, actor, body.email, askedBy(actor, asked))
    },
  })
}
