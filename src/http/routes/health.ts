import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Context } from '../../context.ts'
import { DOMAINS } from '../../database/domains.ts'
import { UnavailableError } from '../../errors.ts'
import { frames } from '../logging.ts'
import { securityOf } from '../openapi.ts'
import { type Check, type Finding, findUnready, throttled } from '../readiness.ts'
import { problemsFor } from '../schemas/problem.ts'

/** The check writes, and anybody may ask for it. */
const ONCE_IN_MS = 1_000

const Live = z
  .object({ status: z.literal('live') })
  .meta({ description: 'The process answers.', examples: [{ status: 'live' }] })
const Ready = z.object({ status: z.literal('ready'), files: z.array(z.enum(DOMAINS)) }).meta({
  description: 'Every file is open, migrated and writable.',
  examples: [{ status: 'ready', files: [...DOMAINS] }],
})

const WORDS: Readonly<Record<Check, string>> = {
  open: 'is not open as it should be',
  migrated: 'lacks migrations',
  writable: 'cannot be written',
}

export async function healthRoutes(app: FastifyInstance, { context }: { readonly context: Context }): Promise<void> {
  const { security, note } = securityOf('public')
  const about = { tags: ['health'], security }
  // An orchestrator that is refused takes the server for dead.
  const config = { rateLimit: false as const }
  const unready = throttled(() => findUnready(context), ONCE_IN_MS, context.now)

  app.get(
    '/health/live',
    {
      config,
      schema: {
        ...about,
        summary: 'Is it alive?',
        operationId: 'health-live',
        description: `The process answers. ${note}`,
        response: { 200: Live },
      },
    },
    (_request, reply) => void reply.send({ status: 'live' }),
  )

  const description = `Each file is open, migrated and writable; a problem names those that aren't. ${note}`
  app.get(
    '/health/ready',
    {
      config,
      schema: {
        ...about,
        summary: 'May it serve?',
        operationId: 'health-ready',
        description,
        response: { 200: Ready, ...problemsFor(503) },
      },
    },
    async (request, reply) => {
      const findings = await unready()
      if (findings.length === 0) return reply.send({ status: 'ready', files: DOMAINS })
      for (const { domain, check, cause } of findings)
        request.log.error({ domain, check, error: frames(cause) }, 'not ready')
      throw notReady(findings)
    },
  )
}

function notReady(findings: readonly Finding[]): UnavailableError {
  const errors = findings.map(({ domain, check }) => ({ at: domain, message: WORDS[check] }))
  return new UnavailableError(errors.map(({ at, message }) => `${at}.db ${message}`).join('; '), { errors })
}
