// The app, assembled apart from listening, so that a test can ask it without a socket.
import fastify, { type FastifyInstance } from 'fastify'
import type { Auditor } from '../compliance/audit/auditor.ts'
import type { Verifier } from '../compliance/chain/verifier.ts'
import type { Context } from '../context.ts'
import { accessRecorder } from '../identity/access-log.ts'
import type { FigureSources } from '../ops/metrics/sources.ts'
import { accessSubjects } from './access-subjects.ts'
import { brokenRequests } from './broken-requests.ts'
import { type LogSink, loggingOptions, requestLog, stderrSink } from './logging.ts'
import { auth } from './plugins/auth.ts'
import { crossOrigin } from './plugins/cross-origin.ts'
import { documentation } from './plugins/documentation.ts'
import { draining } from './plugins/draining.ts'
import { errors, sendProblem } from './plugins/errors.ts'
import { measure } from './plugins/metrics.ts'
import { rateLimit } from './plugins/rate-limit.ts'
import { securityHeaders } from './plugins/security-headers.ts'
import { keepQueryText, validation } from './plugins/validation.ts'
import { requestIds } from './request-ids.ts'
import { accessesRoutes } from './routes/accesses.ts'
import { administrationRoutes } from './routes/administration.ts'
import { auditsRoutes } from './routes/audits.ts'
import { backupsRoutes } from './routes/backups.ts'
import { chainRoutes } from './routes/chain.ts'
import { changesRoutes } from './routes/changes.ts'
import { checksRoutes } from './routes/checks.ts'
import { healthRoutes } from './routes/health.ts'
import { issueVouchersRoutes } from './routes/issue-vouchers.ts'
import { meRoutes } from './routes/me.ts'
import { metricsRoutes } from './routes/metrics.ts'
import { operationsRoutes } from './routes/operations.ts'
import { payfastRoutes } from './routes/payfast.ts'
import { resourceRoutes } from './routes/resources.ts'
import { signInRoutes } from './routes/sign-in.ts'
import { statsRoutes } from './routes/stats.ts'
import { subjectExportRoutes } from './routes/subject-export.ts'
import { subjectsRoutes } from './routes/subjects.ts'
import { usageRoutes } from './routes/usage.ts'

export interface AppOptions {
  /** Where log lines go; stderr when absent. */
  readonly log?: LogSink
  /** What metrics tell of backups and checks; without it they do not. */
  readonly figures?: FigureSources
  /** Closed with the app; without it no audit can be asked for. */
  readonly auditor?: Auditor
  /** Closed with the app; without it no verification of the logs can be asked for. */
  readonly verifier?: Verifier
}

const BODY_LIMIT_BYTES = 256 * 1024
const MAX_ID_LENGTH = 500
const REQUEST_TIMEOUT_MS = 30_000

const CHANGES = [
  signInRoutes,
  meRoutes,
  usageRoutes,
  payfastRoutes,
  issueVouchersRoutes,
  changesRoutes,
  operationsRoutes,
  checksRoutes,
  backupsRoutes,
  accessesRoutes,
]

/** The caller closes the app, then the context. */
export async function createApp(
  context: Context,
  { log = stderrSink, figures = {}, auditor, verifier }: AppOptions = {},
): Promise<FastifyInstance> {
  const { config } = context
  const nextId = requestIds(context.randomBytes)
  const app = fastify({
    ...loggingOptions(config.logLevel, log),
    genReqId: nextId,
    trustProxy: config.trustedProxies.length > 0 ? [...config.trustedProxies] : false,
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: 'idle',
    return503OnClosing: false, // Who comes by a connection that is still open is answered, and asked to close it (draining).
    routerOptions: { querystringParser: keepQueryText, maxParamLength: MAX_ID_LENGTH },
    frameworkErrors: sendProblem,
    clientErrorHandler: brokenRequests(nextId),
  })
  await app.register(securityHeaders)
  await app.register(draining)
  await app.register(errors)
  await app.register(measure, { context, figures })
  if (['trace', 'debug', 'info'].includes(config.logLevel)) await app.register(requestLog)
  await app.register(crossOrigin, { origins: config.corsOrigins })
  await app.register(validation)
  await app.register(auth, { context })
  await app.register(rateLimit, { perMinute: config.rateLimitPerMinute })
  await app.register(documentation)
  await app.register(healthRoutes, { context })
  await app.register(metricsRoutes)
  const { now, newId, files } = context
  const record = accessRecorder(files.identity.change, { now, newId, subjectsOf: accessSubjects(files) })
  const reading = { context, record }
  await app.register(resourceRoutes, reading)
  await app.register(subjectExportRoutes, reading)
  await app.register(administrationRoutes, reading)
  await app.register(subjectsRoutes, reading)
  await app.register(statsRoutes, { context })
  await app.register(auditsRoutes, { context, auditor })
  await app.register(chainRoutes, { verifier })
  for (const routes of CHANGES) await app.register(routes, { context })
  return app
}
