// Messages that were not delivered: look, try again, give up. Both steps may be repeated without harm: a message takes
// effect once, and what was dropped is gone.
import type { FastifyInstance } from 'fastify'
import type { z } from 'zod'
import type { Context } from '../../context.ts'
import { rowsIn } from '../../database/clients.ts'
import type { Domain } from '../../database/domains.ts'
import { dropMessage, listOutbox, outboxFigures, retryMessage, type Undelivered } from '../../saga/dead-letters.ts'
import type { Sagas } from '../../saga/sagas.ts'
import { accessTo } from '../authorization.ts'
import { securityOf } from '../openapi.ts'
import {
  DroppedAnswer,
  MessageParams,
  OutboxAnswer,
  OutboxQuery,
  type Outcome,
  RetriedAnswer,
} from '../schemas/outbox.ts'
import { problemsFor } from '../schemas/problem.ts'

export async function operationsRoutes(
  app: FastifyInstance,
  { context }: { readonly context: Context },
): Promise<void> {
  const { files, sagas } = context
  const list = {
    ...aboutOf('GET', '/v1/ops/outbox', 'Messages that were not delivered, oldest first, and how many there are.'),
    summary: 'List undelivered messages',
    operationId: 'list-outbox-messages',
    querystring: OutboxQuery,
    response: { 200: json('Up to `limit` of each file.', OutboxAnswer), ...problemsFor(400, 401, 403, 503) },
  }
  app.get('/v1/ops/outbox', { schema: list }, (request, reply) => {
    const filter = request.query as z.output<typeof OutboxQuery>
    reply.send({ data: listOutbox(files, filter).map(withoutPath), figures: outboxFigures(files) })
  })

  const steps = [
    {
      name: 'retry',
      summary: 'Try a message again',
      about:
        'At once, as if it were new, and says what came of it. A repeat does no harm; an Idempotency-Key is not needed.',
      answer: RetriedAnswer,
      run: (id: string) => retryNow(sagas, id),
    },
    {
      name: 'drop',
      summary: 'Give a dead message up',
      about: 'Its effect will never come. 409 for a message that is still tried, 404 where it is gone already.',
      answer: DroppedAnswer,
      run: (id: string) => dropMessage(files, id),
    },
  ]
  for (const { name, summary, about, answer, run } of steps) {
    const url = `/v1/ops/outbox/:id/${name}`
    const schema = {
      ...aboutOf('POST', url, about),
      summary,
      operationId: `post-ops-outbox-id-${name}`,
      params: MessageParams,
      response: { 200: json('Done.', answer), ...problemsFor(400, 401, 403, 404, 409, 503) },
    }
    app.post(url, { schema }, async (request) => ({
      data: withoutPath(await run((request.params as { id: string }).id)),
    }))
  }
}

/** Makes a message due again and delivers what waits for its subject. Throws NotFoundError. */
export async function retryNow(
  { files, courier, now }: Sagas,
  id: string,
): Promise<Undelivered & { readonly outcome: Outcome }> {
  const message = await retryMessage(files, id, now())
  await courier.deliver(message.origin, message)
  // The mark says more than the outbox, which is tidied up a little later.
  const isSettled = rowsIn(files, message.target as Domain).find('InboxMessage', { id }) !== undefined
  if (isSettled) return { ...message, outcome: 'settled' }
  const { payload: _, ...row } = rowsIn(files, message.origin).find('OutboxMessage', { id }) ?? {
    ...message,
    payload: '',
  }
  return { ...row, origin: message.origin, outcome: row.deadAt ? 'dead' : 'waiting' }
}

/** Where the files lie is for the command, on the machine itself. */
const withoutPath = <T extends Undelivered>(message: T): T => ({
  ...message,
  reason: message.reason?.replaceAll(/ at (?:[A-Za-z]:)?[\\/][^\s:,]*/g, '') ?? null,
})

function aboutOf(method: string, url: string, about: string) {
  const { security, note } = securityOf(accessTo(method, url))
  return { tags: ['operations'], security, description: `${about} ${note}` }
}

const json = (description: string, schema: z.ZodType) => ({
  description,
  content: { 'application/json': { schema } },
})
