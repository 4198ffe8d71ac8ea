// The server: listens, and on a signal stops listening, lets running requests finish and closes the files.
import type { FastifyInstance } from 'fastify'
import type { Context } from './context.ts'
import { type AppOptions, createApp } from './http/app.ts'
import { frames } from './http/logging.ts'
import { startBackground } from './saga/background.ts'

export interface Server extends AsyncDisposable {
  /** Such as `http://127.0.0.1:3000`. */
  readonly address: string
  readonly app: FastifyInstance
  /** Resolves when everything is closed, whatever began it; rejects where closing failed. */
  readonly closed: Promise<void>
  /** Closes once; later calls wait for the same end. */
  close(): Promise<void>
}

export interface ServeOptions extends AppOptions {
  /** How long running requests may take after a signal, in milliseconds; then their connections are cut. */
  readonly drainMs?: number
}

const SIGNALS = ['SIGTERM', 'SIGINT'] as const
const DRAIN_MS = 10_000
const IDLE_CHECK_MS = 20

/** Prints nothing. Owns the context from here on: it is closed with the server, also when listening fails. */
export async function serve(context: Context, { drainMs = DRAIN_MS, ...options }: ServeOptions = {}): Promise<Server> {
  await using opened = new AsyncDisposableStack()
  opened.use(context)
  const app = await createApp(context, options)
  opened.defer(() => drain(app, drainMs))
  const address = await app.listen({ host: context.config.host, port: context.config.port })
  const onError = (job: string, error: unknown) => app.log.error({ job, error: frames(error) }, 'background job failed')
  opened.use(startBackground({ sagas: context.sagas, payfast: context.payfast, onError }))
  const owned = opened.move()

  const ended = Promise.withResolvers<void>()
  let closing = false
  const close = () => {
    if (!closing) owned.disposeAsync().finally(release).then(ended.resolve, ended.reject)
    closing = true
    return ended.promise
  }
  // A rejection reaches whoever waits on `closed`; a signal has nobody who waits.
  const onSignal = () => void close().catch(() => undefined)
  const release = () => {
    for (const signal of SIGNALS) process.off(signal, onSignal)
  }
  for (const signal of SIGNALS) process.on(signal, onSignal)
  return { address, app, closed: ended.promise, close, [Symbol.asyncDispose]: close }
}

/** A connection whose last request is being answered becomes idle later, and would be kept alive: it is looked for again. */
async function drain(app: FastifyInstance, milliseconds: number): Promise<void> {
  const idle = setInterval(() => app.server.closeIdleConnections(), IDLE_CHECK_MS)
  const cut = setTimeout(() => app.server.closeAllConnections(), milliseconds)
  try {
    await app.close()
  } finally {
    clearInterval(idle)
    clearTimeout(cut)
  }
}
