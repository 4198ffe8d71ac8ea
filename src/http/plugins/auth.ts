// Who calls, and whether the route is theirs: 401 without a valid key, 403 where none of its scopes opens the route.
import type { FastifyInstance, FastifyRequest, onRequestHookHandler } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import type { Context } from '../../context.ts'
import { ForbiddenError, UnauthorizedError } from '../../errors.ts'
import { type Caller, keyVerifier, type Scope } from '../../identity/api-keys.ts'
import { accessTo, allows, needsOneOf } from '../authorization.ts'

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller | null
  }
}

const BEARER = /^bearer +([^ ]+) *$/i

export const auth = fastifyPlugin(async (app: FastifyInstance, { context }: { readonly context: Context }) => {
  const verify = keyVerifier(context.files.identity.reader)
  app.decorateRequest('caller', null)
  // Hooks go to the routes that need them; the others pay nothing. The HEAD route that Fastify makes out of a GET route
  // comes by here as well, without that one's hooks.
  app.addHook('onRoute', (route) => {
    const [method = ''] = [route.method].flat()
    if (method === 'OPTIONS') return // The preflight of a browser, which brings no key.
    const access = accessTo(method, route.url)
    if (access === 'public') return
    route.onRequest = [authenticate(access), ...[route.onRequest ?? []].flat()]
  })

  function authenticate(scopes: readonly Scope[]): onRequestHookHandler {
    return (request, _reply, done) => {
      const presented = presentedKey(request)
      if (presented === undefined) return done(missingKey())
      const caller = verify(presented, context.now())
      if (!caller) return done(invalidKey())
      if (!allows(scopes, caller)) return done(wrongScope(scopes, caller))
      request.caller = caller
      done()
    }
  }
})

/** Of a route that is not public. */
export function callerOf(request: FastifyRequest): Caller {
  if (!request.caller) throw new UnauthorizedError('This needs a key')
  return request.caller
}

function presentedKey({ headers }: FastifyRequest): string | undefined {
  const { authorization, 'x-api-key': key } = headers
  if (authorization !== undefined) return BEARER.exec(authorization)?.[1] ?? ''
  return typeof key === 'string' ? key : undefined
}

const missingKey = () =>
  new UnauthorizedError('A key is needed', {
    hint: 'Send it as "Authorization: Bearer gogga_…" or "X-Api-Key: gogga_…".',
  })

const invalidKey = () =>
  new UnauthorizedError('The key is not valid: it is unknown, revoked or expired', {
    hint: 'Make a new one with "gogga keys create".',
  })

const wrongScope = (needed: readonly Scope[], { scopes }: Caller) =>
  new ForbiddenError(
    `This needs a key with one of the scopes ${needed.join(', ')}; yours has ${[...scopes].join(', ')}`,
    { errors: [{ at: 'key', message: needsOneOf(needed) }] },
  )
