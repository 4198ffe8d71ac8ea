// Who calls, a service by its key or a person by a session, and whether the route is theirs: 401 without a valid one, 403
// where it does not open the route.
import type { FastifyInstance, FastifyRequest, onRequestHookHandler } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import type { Context } from '../../context.ts'
import { ForbiddenError, UnauthorizedError } from '../../errors.ts'
import { type Caller, keyVerifier } from '../../identity/api-keys.ts'
import { type SessionCaller, sessionVerifier } from '../../identity/sessions.ts'
import { accessTo, allows, isForPeople, needsOneOf, scopesIn, type Who } from '../authorization.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** A service. */
    caller: Caller | null
    /** A person. */
    person: SessionCaller | null
  }
}

const SESSION = 'gogga_session_'
const BEARER = /^bearer +([^ ]+) *$/i

export const auth = fastifyPlugin(async (app: FastifyInstance, { context }: { readonly context: Context }) => {
  const verify = keyVerifier(context.files.identity.reader)
  const verifySession = sessionVerifier(context.files.identity.reader)
  app.decorateRequest('caller', null)
  app.decorateRequest('person', null)
  // Hooks go to the routes that need them; the others pay nothing. The HEAD route that Fastify makes out of a GET route
  // comes by here as well, without that one's hooks.
  app.addHook('onRoute', (route) => {
    const [method = ''] = [route.method].flat()
    if (method === 'OPTIONS') return // The preflight of a browser, which brings no key.
    const access = accessTo(method, route.url)
    if (access === 'public') return
    route.onRequest = [authenticate(access), ...[route.onRequest ?? []].flat()]
  })

  function authenticate(access: readonly Who[]): onRequestHookHandler {
    const scopes = scopesIn(access)
    return (request, _reply, done) => {
      const presented = presentedKey(request)
      if (presented === undefined) return done(missingKey(access))
      if (presented.startsWith(SESSION)) {
        const person = verifySession(presented, context.now())
        if (!person) return done(invalidSession())
        if (!isForPeople(access)) return done(notForPeople(access))
        request.person = person
        return done()
      }
      const caller = verify(presented, context.now())
      if (!caller) return done(invalidKey())
      if (!allows(scopes, caller)) return done(wrongScope(access, caller))
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

/** Of a route for people. */
export function personOf(request: FastifyRequest): SessionCaller {
  if (!request.person) throw new UnauthorizedError('This needs a session')
  return request.person
}

const missingKey = (access: readonly Who[]) =>
  new UnauthorizedError(scopesIn(access).length > 0 ? 'A key is needed' : 'A session is needed', {
    hint: isForPeople(access)
      ? 'Sign in at POST /v1/auth/sessions, and send the session as "Authorization: Bearer gogga_session_…".'
      : 'Send it as "Authorization: Bearer gogga_…" or "X-Api-Key: gogga_…".',
  })

const invalidKey = () =>
  new UnauthorizedError('The key is not valid: it is unknown, revoked or expired', {
    hint: 'Make a new one with "gogga keys create".',
  })

const invalidSession = () =>
  new UnauthorizedError('The session is not valid: it is unknown, expired or signed out', { hint: 'Sign in again.' })

const notForPeople = (access: readonly Who[]) =>
  new ForbiddenError(`This needs a key with one of the scopes ${access.join(', ')}, not a person's session`, {
    errors: [{ at: 'key', message: needsOneOf(access) }],
  })

const wrongScope = (needed: readonly Who[], { scopes }: Caller) =>
  new ForbiddenError(
    scopesIn(needed).length === 0
      ? "This is for people: it needs a session, not a service's key"
      : `This needs a key with one of the scopes ${scopesIn(needed).join(', ')}; yours has ${[...scopes].join(', ')}`,
    { errors: [{ at: 'key', message: needsOneOf(needed) }] },
  )
