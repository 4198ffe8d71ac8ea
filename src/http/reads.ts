// One shape for reads that are neither a list nor a row of the catalog: what `data` holds, and who may see it.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { accessTo } from './authorization.ts'
import { securityOf } from './openapi.ts'
import { problemsFor } from './schemas/problem.ts'

export interface ReadRoute<P extends z.ZodType> {
  readonly url: string
  readonly tag: string
  readonly summary: string
  readonly about: string
  readonly params?: P
  /** What `data` holds, with an example. */
  readonly data: z.ZodType
  /** Problems beside 401, 403 and 503. */
  readonly problems?: readonly number[]
  run(input: { readonly params: z.output<P>; readonly request: FastifyRequest }): unknown
}

export function addRead<P extends z.ZodType>(app: FastifyInstance, route: ReadRoute<P>): void {
  const { url, tag, summary, about, params, data, problems = [] } = route
  const { security, note } = securityOf(accessTo('GET', url))
  const examples = [{ data: (data.meta()?.examples as readonly unknown[] | undefined)?.[0] }]
  const answer = z.strictObject({ data }).meta({ examples })
  const schema = {
    tags: [tag],
    security,
    summary,
    description: `${about} ${note}`,
    operationId: `get${url.replace('/v1', '').replaceAll(/[/:]+/g, '-')}`,
    ...(params && { params }),
    response: {
      200: { description: 'As it is now.', content: { 'application/json': { schema: answer } } },
      ...problemsFor(...[...new Set([401, 403, 503, ...problems])].sort()),
    },
  }
  app.get(url, { schema }, (request, reply) => {
    reply.send({ data: route.run({ params: request.params as z.output<P>, request }) })
  })
}
