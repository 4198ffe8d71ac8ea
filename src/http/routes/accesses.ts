// Who saw what of whom, when, and why, out of the access log. The log names people by subject id, so that reading it is no
// reading of personal information.
import type { FastifyInstance } from 'fastify'
import type { z } from 'zod'
import type { Context } from '../../context.ts'
import { findAccesses } from '../../identity/access-history.ts'
import { aboutOperation, jsonAnswer } from '../described.ts'
import { AccessesAnswer, AccessesQuery } from '../schemas/accesses.ts'
import { problemsFor } from '../schemas/problem.ts'

const URL = '/v1/compliance/accesses'
const ABOUT =
  'Readings of personal information by keys of services, newest first (POPIA sections 17 and 23). What people read of ' +
  'themselves under /v1/me is not among them.'

export async function accessesRoutes(app: FastifyInstance, { context }: { readonly context: Context }): Promise<void> {
  const schema = {
    ...aboutOperation('GET', URL, ABOUT),
    tags: ['compliance'],
    summary: 'List who read personal information',
    operationId: 'list-accesses',
    querystring: AccessesQuery,
    response: { 200: jsonAnswer('A page.', AccessesAnswer), ...problemsFor(400, 401, 403, 503) },
  }
  app.get(URL, { schema }, async ({ query }, reply) => {
    const { subject, key, from, to, purpose, limit, after } = query as z.output<typeof AccessesQuery>
    const filter = { subjectIds: subject === undefined ? undefined : [subject], apiKeyId: key, from, to, purpose }
    const { data, next } = await findAccesses(context.files.identity.reader, filter, { limit, after })
    return reply.send({ data, page: { next } })
  })
}
