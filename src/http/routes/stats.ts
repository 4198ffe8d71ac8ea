import type { FastifyInstance } from 'fastify'
import type { z } from 'zod'
import type { Context } from '../../context.ts'
import type { Connection } from '../../database/connections.ts'
import type { Domain } from '../../database/domains.ts'
import { overview, subscriptionStats } from '../../join/stats.ts'
import { JSON_TYPE } from '../answer.ts'
import { accessTo } from '../authorization.ts'
import { securityOf } from '../openapi.ts'
import { problemsFor } from '../schemas/problem.ts'
import { OverviewAnswer, TierStatsAnswer } from '../schemas/stats.ts'

interface StatsRoute {
  readonly name: string
  readonly summary: string
  readonly about: string
  readonly answer: z.ZodType
  readonly ask: (readers: Readonly<Record<Domain, Connection>>, now: Date) => unknown
}

const ROUTES: readonly StatsRoute[] = [
  {
    name: 'subscriptions',
    summary: 'Figures by tier',
    about: 'Users and credits by tier; a tier without subscriptions is left out.',
    answer: TierStatsAnswer,
    ask: subscriptionStats,
  },
  {
    name: 'overview',
    summary: 'Figures at a glance',
    about: 'Counts and sums over the three files, each read in one snapshot.',
    answer: OverviewAnswer,
    ask: overview,
  },
]

export async function statsRoutes(app: FastifyInstance, { context }: { readonly context: Context }): Promise<void> {
  const { identity, billing, admin } = context.files
  const readers = { identity: identity.reader, billing: billing.reader, admin: admin.reader }
  for (const { name, summary, about, answer, ask } of ROUTES) {
    const url = `/v1/stats/${name}`
    const { security, note } = securityOf(accessTo('GET', url))
    const schema = {
      tags: ['stats'],
      security,
      summary,
      description: `${about} ${note}`,
      operationId: `stats-${name}`,
      response: {
        200: { description: 'The figures.', content: { 'application/json': { schema: answer } } },
        ...problemsFor(401, 403, 503),
      },
    }
    app.get(url, { schema }, (_request, reply) => {
      reply.header('content-type', JSON_TYPE).send(JSON.stringify({ data: ask(readers, context.now()) }))
    })
  }
}
