// Logs carry route patterns, statuses, durations and request ids. No URL, no header, no body, no message of a library:
// each may hold personal information.
import { type FastifyInstance, type FastifyServerOptions, LogController } from 'fastify'
import fastifyPlugin from 'fastify-plugin'

export interface LogSink {
  write(line: string): void
}

/** Logs go to stderr: stdout belongs to what a command answers. */
export const stderrSink: LogSink = { write: (line) => void process.stderr.write(line) }

export function loggingOptions(level: string, sink: LogSink): FastifyServerOptions {
  // Fastify's own lines would carry URLs.
  const logController = new LogController({ disableRequestLogging: true })
  if (level === 'silent') return { logger: false, logController }
  const serializers = { req: () => ({}), res: () => ({}), err: frames }
  return {
    logger: { level, stream: sink, serializers, hooks: { logMethod: withoutAddress } },
    logController,
    // A child for each request would cost more than the line that it writes.
    childLoggerFactory: (logger) => logger,
  }
}

/** Fastify's line about where it listens is left out: whoever began to serve tells the address. */
function withoutAddress(this: unknown, args: unknown[], log: (...args: never[]) => void): void {
  const [text] = args
  if (typeof text === 'string' && text.startsWith('Server listening at ')) return
  log.apply(this, args as never[])
}

/** One line for each request at level `info`, more serious for a failure. Registered only where it would be written. */
export const requestLog = fastifyPlugin(async (app: FastifyInstance) => {
  app.addHook('onResponse', (request, reply, done) => {
    const { statusCode, elapsedTime } = reply
    const line = {
      requestId: request.id,
      method: request.method,
      route: request.routeOptions.url ?? 'none',
      status: statusCode,
      ms: Math.round(elapsedTime * 1_000) / 1_000,
    }
    request.log.info(line, 'answered')
    done()
  })
})

/** An error without its message: its name, its code and where it was thrown. */
export function frames(error: unknown): { type: string; message: string; stack: string; code?: string } {
  if (!(error instanceof Error)) return { type: typeof error, message: '', stack: '' }
  const stack = (error.stack ?? '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .join('\n')
  const code = 'code' in error && typeof error.code === 'string' ? { code: error.code } : {}
  return { type: error.name, message: '', stack, ...code }
}
