import rateLimitPlugin from '@fastify/rate-limit'
import type { FastifyInstance } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { GoggaError } from '../../errors.ts'

/** 429: this key asks too often. */
class TooManyError extends GoggaError {
  constructor(limit: number, retryAfter: number) {
    super('too-many-requests', 429, 2, `More than ${limit} requests in a minute`, {
      retryAfter,
      hint: 'Repeat it after the time in Retry-After.',
    })
  }
}

/**
 * Counts by key, by person, and by address where a public route is called. 0: no limit but those of single routes, and no
 * cost for the others.
 */
export const rateLimit = fastifyPlugin(async (app: FastifyInstance, { perMinute }: { perMinute: number }) => {
  await app.register(rateLimitPlugin, {
    global: perMinute > 0,
    max: perMinute,
    timeWindow: 60_000,
    hook: 'preValidation', // After the key is known.
    keyGenerator: (request) => request.caller?.keyId ?? request.person?.userId ?? request.ip,
    errorResponseBuilder: (_request, { max, ttl }) => new TooManyError(max, Math.ceil(ttl / 1_000)),
  })
})
