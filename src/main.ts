// The server: listens, and on a signal stops listening, lets running requests finish and closes the files.
import type { FastifyInstance } from 'fastify'
import type { Context } from './context.ts'
import { DOMAINS } from './database/domains.ts'
import { type AppOptions, createApp } from './http/app.ts'
import { frames } from './http/logging.ts'
import { listenForMetrics } from './ops/metrics/listener.ts'
import { type Job, startBackground } from './saga/background.ts'

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
  /**
   * How long running requests may take after a signal, in milliseconds. Then what waits for another process's lock is
   * refused, and a second later connections are cut. Everything is over four seconds later at the latest.
   */
  readonly drainMs?: number
  /** Done in the background beside those of the sagas. */
  readonly jobs?: readonly Job[]
}

const SIGNALS = ['SIGTERM', 'SIGINT'] as const
/** Orchestrators kill after ten seconds: 5 for requests, 1 for the answers to those that waited, 3 for files and messages. */
const DRAIN_MS = 5_000
const ANSWERS_MS = 1_000
const CLOSE_MS = 3_000
const IDLE_CHECK_MS = 20
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** Prints nothing. Owns the context from here on: it is closed with the server, also when listening fails. */
export async function serve(
  context: Context,
  { drainMs = DRAIN_MS, jobs = [], ...options }: ServeOptions = {},
): Promise<Server> {
  await using opened = new AsyncDisposableStack()
  opened.use(context)
  const app = await createApp(context, options)
  opened.defer(() => app.close())
  const { host, port, metricsPort } = context.config
  await app.ready()
  // First the port that nobody sends people to: where it is taken, nobody was answered yet.
  const metrics = metricsPort === undefined ? undefined : await listenForMetrics(app.metrics, host, metricsPort)
  opened.use(metrics)
  const address = await app.listen({ host, port })
  const onError = (job: string, error: unknown, counts?: object) =>
    app.log.error({ job, ...counts, error: frames(error) }, 'background job failed')
  const { sagas, payfast } = context
  const background = context.config.background ? startBackground({ sagas, payfast, onError, jobs }) : undefined
  opened.move() // From here on `stop` closes everything, in an order of its own.
  const parts = { context, app, background, metrics }

  const ended = Promise.withResolvers<void>()
  let closing = false
  const close = () => {
    if (!closing) stop(parts, drainMs).finally(release).then(ended.resolve, ended.reject)
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

interface Parts {
  readonly context: Context
  readonly app: FastifyInstance
  readonly background: AsyncDisposable | undefined
  readonly metrics: AsyncDisposable | undefined
}

/**
 * Nobody is let in any more; requests and background jobs end; messages are delivered or stay in their outbox; the logs
 * are emptied into the files. What does not end in time is left: each answer that was given is on disk already.
 */
async function stop({ context, app, background, metrics }: Parts, drainMs: number): Promise<void> {
  const { server } = app
  const since = performance.now()
  const left = (until: number) => Math.min(Math.max(0, until - (performance.now() - since)), LONGEST_TIMER_MS)
  const hurry = () => {
    for (const domain of DOMAINS) context.files[domain].hurry()
  }
  const timers = [
    // A connection whose last request is being answered becomes idle later, and would be kept alive.
    setInterval(() => server.closeIdleConnections(), IDLE_CHECK_MS),
    setTimeout(hurry, left(drainMs)),
    setTimeout(() => server.closeAllConnections(), left(drainMs + ANSWERS_MS)),
  ]
  const late = (part: string) => app.log.warn({ part }, 'stopped without waiting any longer')
  try {
    const work = Promise.all([app.close(), background?.[Symbol.asyncDispose](), metrics?.[Symbol.asyncDispose]()])
    if (!(await within(left(drainMs + 1.5 * ANSWERS_MS), work))) late('requests and jobs')
    if (!(await within(left(drainMs + ANSWERS_MS + CLOSE_MS), context[Symbol.asyncDispose]()))) late('files')
  } finally {
    for (const timer of timers) clearTimeout(timer)
  }
}

/** Whether it came to its end in time. */
async function within(milliseconds: number, work: PromiseLike<unknown>): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const timer = setTimeout(() => resolve(false), milliseconds)
  const done = Promise.resolve(work).then(() => true)
  try {
    return await Promise.race([done, promise])
  } finally {
    clearTimeout(timer)
    done.catch(() => undefined) // Nobody waits for what is late.
  }
}
