// One shape for all routes that change something: a checked body, an Idempotency-Key, one saga, and an answer that says
// whether every file has its part of it.
import type { FastifyInstance, FastifyRequest, RouteShorthandOptions } from 'fastify'
import { z } from 'zod'
import { UsageError } from '../errors.ts'
import type { Answer } from '../saga/changes.ts'
import type { Asked } from '../saga/requests.ts'
import { accessTo } from './authorization.ts'
import { securityOf } from './openapi.ts'
import { problemsFor } from './schemas/problem.ts'

export interface WriteRoute<B extends z.ZodType, P extends z.ZodType> {
  readonly method?: 'POST' | 'DELETE'
  /** `/v1/vouchers/:id/void` */
  readonly url: string
  readonly tag: string
  readonly summary: string
  readonly about: string
  readonly params?: P
  readonly body?: B
  /** What `data` holds, with an example. */
  readonly data: z.ZodType
  /** 200, or 201 where something is made. */
  readonly status?: 200 | 201
  /** Problems beside those of every change. */
  readonly problems?: readonly number[]
  /** Without one, a repeat would count twice. */
  readonly needsKey?: boolean
  /** X-Gogga-Actor is needed. */
  readonly byActor?: boolean
  /** Headers of its own beside these. */
  readonly headers?: Readonly<Record<string, z.ZodType>>
  readonly options?: Pick<RouteShorthandOptions, 'config' | 'bodyLimit' | 'preHandler'>
  run(input: WriteInput<z.output<B>, z.output<P>>): Promise<Answer<unknown>>
}

export interface WriteInput<B, P> {
  readonly body: B
  readonly params: P
  readonly request: FastifyRequest
  /** What the change is known by, for its idempotency. */
  readonly asked: Asked
}

const Change = z
  .strictObject({
    id: z.string().describe('Look at /v1/changes/{id}, within 24 hours.'),
    settled: z.boolean().describe('Whether every file has its part of the change.'),
  })
  .meta({ id: 'Change', examples: [{ id: 'b7e23ec29af22b0b4e41da31e868d572', settled: true }] })

const KEY = /^[\x21-\x7e]{1,255}$/
const ALWAYS = [400, 409, 413, 415, 422, 429, 503]

export function addWrite<B extends z.ZodType, P extends z.ZodType>(
  app: FastifyInstance,
  route: WriteRoute<B, P>,
): void {
  const { method = 'POST', url, tag, summary, about, params, body, status = 200, options } = route
  const access = accessTo(method, url)
  const { security, note } = securityOf(access)
  const problems = new Set([...ALWAYS, ...(access === 'public' ? [] : [401, 403]), ...(route.problems ?? [])])
  const answer = answerSchema(route.data)
  const json = (description: string) => ({ description, content: { 'application/json': { schema: answer } } })
  const schema = {
    tags: [tag],
    security,
    summary,
    description: `${about} ${note}`,
    operationId: operationIdOf(method, url),
    ...(params && { params }),
    ...(body && { body }),
    headers: headersOf(route),
    response: {
      [status]: json('Done, in every file.'),
      202: json('Begun and sure to come, but not there yet in every file; Location says where to look.'),
      ...problemsFor(...[...problems].sort()),
    },
  }
  app.route({
    method,
    url,
    schema,
    ...options,
    async handler(request, reply) {
      const asked = askedOf(request, `${method} ${url}`, route.needsKey ?? false)
      const input = { body: request.body as z.output<B>, params: request.params as z.output<P>, request, asked }
      const { status: code, data, change, repeated } = await route.run(input)
      if (repeated) reply.header('idempotent-replayed', 'true')
      if (!change.settled) reply.header('location', `/v1/changes/${change.id}`)
      return reply.code(code).send({ data, change })
    },
  })
}

/** `POST /v1/vouchers/:id/void` → `post-vouchers-id-void` */
const operationIdOf = (method: string, url: string): string =>
  `${method.toLowerCase()}${url.replace('/v1', '').replaceAll(/[/:]+/g, '-')}`

function answerSchema(data: z.ZodType): z.ZodType {
  const example = (data.meta()?.examples as readonly unknown[] | undefined)?.[0]
  const change = { id: 'b7e23ec29af22b0b4e41da31e868d572', settled: true }
  return z.strictObject({ data, change: Change }).meta({ examples: [{ data: example, change }] })
}

function headersOf({
  method = 'POST',
  needsKey = false,
  byActor = false,
  headers = {},
}: Pick<WriteRoute<z.ZodType, z.ZodType>, 'method' | 'needsKey' | 'byActor' | 'headers'>) {
  const key = z.string().meta({
    description: 'A repeat with the same key and body within 24 hours gets the same answer, and changes nothing.',
    examples: ['7f3c1d52-9a40-4c1e-8f57-0b9d6f4a2e11'],
  })
  const actor = z
    .string()
    .meta({ description: 'The user id of the administrator who acts.', examples: ['cmb2x9k4d0000'] })
  return z.looseObject({
    ...(method === 'POST' && { 'idempotency-key': needsKey ? key : key.optional() }),
    ...(byActor && { 'x-gogga-actor': actor }),
    ...headers,
  })
}

function askedOf(request: FastifyRequest, route: string, needsKey: boolean): Asked {
  const { caller, person, params, body } = request
  return {
    route,
    body: { ...(params as object), body },
    key: idempotencyKeyOf(request, needsKey),
    keyId: caller?.keyId,
    subjectId: person?.userId,
  }
}

/** Throws UsageError where the header does not fit, or is missing and needed. */
function idempotencyKeyOf({ headers, method }: FastifyRequest, isNeeded: boolean): string | undefined {
  const key = headers['idempotency-key']
  if (method !== 'POST' || (key === undefined && !isNeeded)) return undefined
  if (typeof key === 'string' && KEY.test(key)) return key
  const message = 'expected 1 to 255 visible ASCII characters, such as a random UUID'
  throw new UsageError(`Idempotency-Key: ${message}`, { errors: [{ at: 'idempotency-key', message }] })
}
