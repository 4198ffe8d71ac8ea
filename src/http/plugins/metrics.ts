// How long answers take, by the route's pattern: no URL, no id.
import type { FastifyInstance } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import type { Context } from '../../context.ts'
import { createMetrics, type Metrics } from '../../ops/metrics/metrics.ts'
import type { FigureSources } from '../../ops/metrics/sources.ts'

declare module 'fastify' {
  interface FastifyInstance {
    readonly metrics: Metrics
  }
}

export interface MeasureOptions {
  readonly context: Context
  readonly figures: FigureSources
}

export const measure = fastifyPlugin(async (app: FastifyInstance, { context, figures }: MeasureOptions) => {
  const { files, join, now } = context
  const piiAttempts = () => context.piiAttempts.figures
  const metrics = createMetrics({ files, join, now, piiAttempts, ...figures })
  app.decorate('metrics', metrics)
  app.addHook('onResponse', ({ method, routeOptions }, { statusCode, elapsedTime }, done) => {
    metrics.answered(method, routeOptions.url ?? 'none', statusCode, elapsedTime)
    done()
  })
  app.addHook('onClose', async () => metrics[Symbol.dispose]())
})
