// One handler for every error, one for every path or method that isn't there.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { GoggaError, NotFoundError } from '../../errors.ts'
import { instanceOf, pathOf } from '../instance.ts'
import { frames } from '../logging.ts'
import { toProblem } from '../problems.ts'
import { PROBLEM_TYPE } from '../schemas/problem.ts'

/** 405: the path exists, the method does not. */
class MethodError extends GoggaError {
  constructor(methods: readonly string[]) {
    super('method-not-allowed', 405, 2, `The path knows ${methods.join(', ')} only`)
  }
}

export const errors = fastifyPlugin(async (app: FastifyInstance) => {
  const routes: { readonly segments: readonly string[]; readonly methods: readonly string[] }[] = []
  app.addHook('onRoute', ({ url, method }) => {
    routes.push({ segments: url.split('/'), methods: [method].flat() })
  })
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply))
  app.setNotFoundHandler((request, reply) => sendProblem(missing(request), request, reply))
  // Before the body is read: nobody should have to send one to learn that nothing takes it.
  app.addHook('onRequest', (request, reply, done) => {
    if (hasEmptyId(request)) return done(missing(request))
    if (!request.is404) return done()
    const methods = methodsAt(pathOf(request.url))
    if (methods.length === 0) return done(missing(request))
    reply.header('allow', methods.join(', '))
    done(new MethodError(methods))
  })

  function methodsAt(path: string): readonly string[] {
    const segments = path.split('/')
    const fits = routes.filter((route) => matches(route.segments, segments))
    return [...new Set(fits.flatMap(({ methods }) => methods))].sort()
  }
})

/** Answers with the problem document of an error; what is our fault goes to the log as well. */
export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const { raw, id, routeOptions } = request
  const instance = instanceOf(raw.url ?? '', routeOptions?.url)
  const problem = toProblem(error, { instance, requestId: id })
  if (problem.status >= 500) logFailure(error, request)
  if (error instanceof GoggaError && error.retryAfter !== undefined) reply.header('retry-after', error.retryAfter)
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer realm="gogga-data"')
  reply.code(problem.status).type(PROBLEM_TYPE).send(JSON.stringify(problem))
}

function logFailure(error: unknown, request: FastifyRequest): void {
  const { routeOptions, id } = request
  const told = error instanceof GoggaError ? { code: error.code, message: error.message } : {}
  const cause = error instanceof GoggaError && error.cause !== undefined ? { cause: frames(error.cause) } : {}
  request.log.error({ requestId: id, route: routeOptions.url, ...told, error: frames(error), ...cause }, 'failed')
}

const missing = (request: FastifyRequest): NotFoundError =>
  new NotFoundError(`Nothing is at this path for ${request.method}`, { hint: 'See /docs for what there is.' })

/** `/v1/users/`: the router takes it for `/v1/users/:id` with nothing for an id. */
const hasEmptyId = ({ params }: FastifyRequest): boolean => Object.values((params ?? {}) as object).includes('')

function matches(pattern: readonly string[], segments: readonly string[]): boolean {
  if (pattern.length !== segments.length) return false
  return pattern.every((part, index) => (part.startsWith(':') ? segments[index] !== '' : part === segments[index]))
}
