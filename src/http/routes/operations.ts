// Messages that were not delivered: look, try again, give up.
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Context } from '../../context.ts'
import { withoutPaths } from '../../errors.ts'
import { dropMessage, listOutbox, outboxFigures, retryMessage, type Undelivered } from '../../saga/dead-letters.ts'
import { aboutOperation, jsonAnswer } from '../described.ts'
import { DroppedMessage, MessageParams, OutboxAnswer, OutboxQuery, RetriedMessage } from '../schemas/outbox.ts'
import { problemsFor } from '../schemas/problem.ts'
import { addWrite } from '../writes.ts'

export async function operationsRoutes(
  app: FastifyInstance,
  { context }: { readonly context: Context },
): Promise<void> {
  const { files, sagas } = context
  const list = {
    ...aboutOperation(
      'GET',
      '/v1/ops/outbox',
      'Messages that were not delivered, oldest first, and how many there are.',
    ),
    summary: 'List undelivered messages',
    operationId: 'list-outbox-messages',
    querystring: OutboxQuery,
    response: { 200: jsonAnswer('Up to `limit` of each file.', OutboxAnswer), ...problemsFor(400, 401, 403, 503) },
  }
  app.get('/v1/ops/outbox', { schema: list }, (request, reply) => {
    const filter = request.query as z.output<typeof OutboxQuery>
    reply.send({ data: listOutbox(files, filter).map(withoutPath), figures: outboxFigures(files) })
  })

  addWrite(app, {
    url: '/v1/ops/outbox/:id/retry',
    tag: 'operations',
    summary: 'Try a message again',
    about: 'At once, as if it were new, and says what came of it.',
    params: MessageParams,
    body: Nothing,
    data: RetriedMessage,
    problems: [404],
    async run({ params: { id }, asked }) {
      const answer = await retryMessage(sagas, id, asked)
      return { ...answer, data: withoutPath(answer.data) }
    },
  })
  addWrite(app, {
    url: '/v1/ops/outbox/:id/drop',
    tag: 'operations',
    summary: 'Give a dead message up',
    about:
      'Its effect will never come: where it has a compensation, what it was to carry on is taken back. The admin log says ' +
      'which key gave it up. 409 for a message that is still tried, and for one that carries the log of a change.',
    params: MessageParams,
    body: Nothing,
    data: DroppedMessage,
    problems: [404],
    async run({ params: { id }, asked }) {
      const answer = await dropMessage(sagas, id, asked.keyId ?? 'unknown', asked)
      return { ...answer, data: withoutPath(answer.data) }
    },
  })
}

const Nothing = z
  .strictObject({})
  .optional()
  .meta({ examples: [{}] })

/** Where the files lie is for the command, on the machine itself. */
const withoutPath = <T extends Undelivered>(message: T): T => ({
  ...message,
  reason: message.reason === null ? null : withoutPaths(message.reason),
})
