// For Prometheus, which sends a key with the scope `ops` out of a file as its bearer token.
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { accessTo } from '../authorization.ts'
import { securityOf } from '../openapi.ts'
import { problemsFor } from '../schemas/problem.ts'

const Text = z.string().meta({
  examples: [
    '# HELP gogga_outbox_dead Dead letters: messages that wait for a person.\n# TYPE gogga_outbox_dead gauge\ngogga_outbox_dead{domain="billing"} 0\n',
  ],
})

export async function metricsRoutes(app: FastifyInstance): Promise<void> {
  const { security, note } = securityOf(accessTo('GET', '/metrics'))
  const schema = {
    tags: ['health'],
    security,
    summary: 'Figures for Prometheus',
    operationId: 'get-metrics',
    description: `Files, writers, statements, outboxes, backups, answers and the process, as text. ${note}`,
    response: {
      200: { description: "Prometheus' text format.", content: { 'text/plain': { schema: Text } } },
      ...problemsFor(401, 403),
    },
  }
  app.get('/metrics', { schema }, async (_request, reply) =>
    reply.type(app.metrics.contentType).send(await app.metrics.text()),
  )
}
