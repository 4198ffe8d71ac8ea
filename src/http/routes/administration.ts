import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Context } from '../../context.ts'
import { NotFoundError } from '../../errors.ts'
import type { RecordAccess } from '../../identity/access-log.ts'
import { requireCategories } from '../../identity/purposes.ts'
import { adjustCredits, changeRoles, lookUpUser, overrideTier } from '../../saga/administer.ts'
import { actorOf, askedBy } from '../actor.ts'
import { callerOf } from '../plugins/auth.ts'
import { purposeOr, ReadingHeaders } from '../purpose.ts'
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
const LOOK_UPS = '/v1/user-lookups'

interface Options {
  readonly context: Context
  readonly record: RecordAccess
}

export async function administrationRoutes(app: FastifyInstance, options: Options): Promise<void> {
  addChanges(app, options)
  addLookUp(app, options)
}

function addChanges(app: FastifyInstance, { context }: Options): void {
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
}

/** Whose an address is, or that it is nobody's, is a reading of it. */
function addLookUp(app: FastifyInstance, { context, record }: Options): void {
  addWrite(app, {
    ...ROUTE,
    url: LOOK_UPS,
    summary: 'Find a user by email',
    about:
      'That somebody looked is in the log of administrators and in the access log before it is answered, whether or not there ' +
      'was anybody; for the purpose `user-lookup`, or that of the key where it has any.',
    headers: { 'x-gogga-purpose': ReadingHeaders.shape['x-gogga-purpose'] },
    body: LookUpOrder,
    data: UserRoles,
    async run({ body, request, asked }) {
      const actor = actorOf(request, context)
      const seen = lookUpRecorder(request, actor.userId, record)
      try {
        const answer = await lookUpUser(context.sagas, actor, body.email, askedBy(actor, asked))
        await seen([(answer.data as { userId: string }).userId])
        return answer
      } catch (error) {
        if (error instanceof NotFoundError) await seen([])
        throw error
      }
    },
  })
}

/** Throws ForbiddenError, before anything was looked up, where the purpose is not one for that. */
function lookUpRecorder(
  request: FastifyRequest,
  actorId: string,
  record: RecordAccess,
): (subjects: readonly string[]) => Promise<void> {
  const caller = callerOf(request)
  const purpose = purposeOr('user-lookup', request, caller)
  requireCategories(purpose, new Map([['users.email', 'email']]))
  const access = { apiKeyId: caller.keyId, route: `POST ${LOOK_UPS}`, fields: ['users.email'], requestId: request.id }
  return (subjects) => record({ ...access, subjects, purpose, actorId })
}
