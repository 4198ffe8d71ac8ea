import rateLimitPlugin, { normalizeIP } from '@fastify/rate-limit'
import type { FastifyInstance, FastifyRequest, preHandlerAsyncHookHandler } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { GoggaError } from '../../errors.ts'

/** 429: this key, person or address asks too often. */
class TooManyError extends GoggaError {
  constructor(limit: number, milliseconds: number) {
    super('too-many-requests', 429, 2, `More than ${limit} requests in a minute`, {
      retryAfter: Math.max(1, Math.ceil(milliseconds / 1_000)),
      hint: 'Repeat it after the time in Retry-After.',
    })
  }
}

const MINUTE_MS = 60_000

/**
 * Counts by key, by person, and by address where a public route is called. 0: no limit but those of single routes, and no
 * cost for the others.
 */
export const rateLimit = fastifyPlugin(async (app: FastifyInstance, { perMinute }: { perMinute: number }) => {
  await app.register(rateLimitPlugin, {
    global: perMinute > 0,
    max: perMinute,
    timeWindow: MINUTE_MS,
    hook: 'preValidation', // After the key is known.
    keyGenerator: (request) => request.caller?.keyId ?? request.person?.userId ?? addressOf(request),
    errorResponseBuilder: (_request, { max, ttl }) => new TooManyError(max, ttl),
  })
})

/**
 * A limit of a route's own, beside that of the app: so many checked requests a minute for whatever `keyOf` gives. 0: none.
 * Each call makes a count of its own.
 */
export function limitPerMinute(
  app: FastifyInstance,
  max: number,
  keyOf: (request: FastifyRequest) => string,
): preHandlerAsyncHookHandler {
  if (max === 0) return async () => {}
  const count = app.createRateLimit({ max, timeWindow: MINUTE_MS, keyGenerator: keyOf })
  return async (request) => {
    const counted = await count(request)
    if (!counted.isAllowed && counted.isExceeded) throw new TooManyError(max, counted.ttl)
  }
}

/** Whoever has one IPv6 address has the other 2^64 of its network. */
export const addressOf = ({ ip }: FastifyRequest): string => normalizeIP(ip)
