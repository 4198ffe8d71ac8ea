// Two routes for each listed resource of the catalog, all from one description: a list and a row by its id.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Context } from '../../context.ts'
import { resources } from '../../database/catalog.ts'
import { NotFoundError } from '../../errors.ts'
import type { CatalogModel, Resource } from '../../generated/catalog.ts'
import type { RecordAccess } from '../../identity/access-log.ts'
import type { Caller } from '../../identity/api-keys.ts'
import type { NamedPageQuery } from '../../join/types.ts'
import { readingActorOf } from '../actor.ts'
import { sendFound } from '../answer.ts'
import { accessTo, requireReach } from '../authorization.ts'
import { securityOf } from '../openapi.ts'
import { callerOf } from '../plugins/auth.ts'
import { purposeOf, ReadingHeaders } from '../purpose.ts'
import { listDoc } from '../query/describe.ts'
import { type ListQuery, listQuery, type OneQuery, oneQuery } from '../query/schema.ts'
import { problemsFor } from '../schemas/problem.ts'
import { listAnswer, oneAnswer } from '../schemas/rows.ts'

export interface ResourceRoutesOptions {
  readonly context: Context
  readonly record: RecordAccess
}

const WORDS: Readonly<Record<Resource, readonly [one: string, about: string]>> = {
  users: ['user', 'People with an account.'],
  contacts: ['contact', 'People without an account, whom vouchers and logs name by the same kind of subject id.'],
  'auth-logs': ['auth log entry', 'What happened at the door: sign-ins, refusals, sign-outs.'],
  'admin-log-origins': ['admin log origin', 'The address from which an administrator acted.'],
  subscriptions: ['subscription', 'What a person may use, and until when; one per user.'],
  'credit-purchases': ['credit purchase', 'Once-off packs of credits, valid for 12 months.'],
  payments: ['payment', 'Payments that PayFast confirmed.'],
  'recurring-schedules': ['recurring schedule', 'Charges that are made month by month.'],
  'subscription-events': ['subscription event', 'Transitions of subscriptions, and who caused them.'],
  vouchers: ['voucher', 'Codes that buy a month or a pack of credits, once.'],
  'voucher-logs': ['voucher log entry', "Steps in vouchers' lives."],
  'admin-logs': ['admin log entry', 'What administrators did, and to whom.'],
}

const Params = z.object({
  id: z.string().meta({ description: 'The id of the row.', examples: ['cmb2x9k4d0000'] }),
})

export async function resourceRoutes(app: FastifyInstance, options: ResourceRoutesOptions): Promise<void> {
  for (const model of resources) {
    if (!model.listed) continue
    addList(app, model, options)
    addOne(app, model, options)
  }
}

function addList(app: FastifyInstance, model: CatalogModel, { context, record }: ResourceRoutesOptions): void {
  const url = `/v1/${model.resource}`
  const { tags, security, about, note } = describe(model, url)
  const schema = {
    tags,
    security,
    summary: `List ${spoken(model)}s`,
    description: `${about} ${note}\n\n${listDoc(model)}`,
    operationId: `list-${model.resource}`,
    querystring: listQuery(model),
    headers: ReadingHeaders,
    response: {
      200: { description: 'A page.', content: { 'application/json': { schema: listAnswer(model) } } },
      ...problemsFor(400, 401, 403, 503),
    },
  }
  app.get(url, { schema }, (request, reply) => {
    const query = request.query as ListQuery
    const sight = sightOf(request, query)
    const actorId = actorIn(request, sight, context)
    const found = context.join.pageByName({ ...query.ask, ...sight })
    return sendFound({ ...found, byPii: query.byPii, actorId }, request, reply, record)
  })
}

function addOne(app: FastifyInstance, model: CatalogModel, { context, record }: ResourceRoutesOptions): void {
  const url = `/v1/${model.resource}/:id`
  const { tags, security, one, about, note } = describe(model, url)
  const schema = {
    tags,
    security,
    summary: `Get one ${spoken(model)}`,
    description: `${about} One of them, by its id. ${note}`,
    operationId: `get-${singular(model)}`,
    params: Params,
    querystring: oneQuery(model),
    headers: ReadingHeaders,
    response: {
      200: { description: 'The row.', content: { 'application/json': { schema: oneAnswer(model) } } },
      ...problemsFor(400, 401, 403, 404, 503),
    },
  }
  app.get(url, { schema }, (request, reply) => {
    const query = request.query as OneQuery
    const { id } = request.params as z.infer<typeof Params>
    const sight = sightOf(request, query)
    const actorId = actorIn(request, sight, context)
    const found = context.join.oneByName({ ...query.ask, ...sight, id })
    if (!found) throw new NotFoundError(`No ${one} has this id`)
    return sendFound({ ...found, byPii: query.byPii, actorId }, request, reply, record)
  })
}

/** `users` → `user`. */
const singular = ({ resource = '' }: CatalogModel): string => resource.replace(/s$/, '')
const spoken = (model: CatalogModel): string => singular(model).replaceAll('-', ' ')

type Sight = Required<Pick<NamedPageQuery, 'pii' | 'bearers'>>

/**
 * What the caller sees in clear. Throws ForbiddenError where the query leads out of its scopes, or shows personal
 * information for no purpose of the key.
 */
function sightOf(request: FastifyRequest, { reached, byPii, showsPii }: Omit<OneQuery, 'ask'>): Sight {
  const caller: Caller = callerOf(request)
  requireReach(caller, reached)
  const isClear = caller.scopes.has('pii:read') && (byPii || showsPii)
  const pii = isClear ? { purpose: purposeOf(request, caller) } : 'masked'
  // Whoever has the code of a voucher may redeem it.
  return { pii, bearers: caller.scopes.has('admin') ? 'clear' : 'masked' }
}

/** Nobody's name is looked at where nothing is on record. */
const actorIn = (request: FastifyRequest, { pii }: Sight, context: Context): string | undefined =>
  pii === 'masked' ? undefined : readingActorOf(request, context)

function describe(model: CatalogModel, url: string) {
  const [one, about] = WORDS[model.resource as Resource]
  return { ...securityOf(accessTo('GET', url)), tags: [model.domain], one, about }
}
