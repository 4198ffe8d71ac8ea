// Everything that Prometheus may read, in one registry per server.
import { Registry } from 'prom-client'
import { Durations } from '../../database/durations.ts'
import { addFileMetrics, type FileSources } from './file-metrics.ts'
import { addProcessMetrics } from './process-metrics.ts'
import { addHistogram, type Labels } from './registry.ts'
import type { FigureSources } from './sources.ts'
import { addWorkMetrics } from './work-metrics.ts'

export interface Metrics extends Disposable {
  readonly contentType: string
  /** Prometheus' text format, as of now. Rejects where a source of figures does. */
  text(): Promise<string>
  /** One answer. `route` is a pattern such as `/v1/users/:id`, or `none`. */
  answered(method: string, route: string, status: number, milliseconds: number): void
}

export function createMetrics(sources: FileSources & FigureSources): Metrics {
  const registry = new Registry()
  const requests = new Map<string, { readonly labels: Labels; readonly durations: Durations }>()
  addHistogram(registry, {
    name: 'gogga_http_request_seconds',
    help: 'Answers by route pattern, method and status.',
    labels: ['method', 'route', 'status'],
    read: () => [...requests.values()].map(({ labels, durations }) => [labels, durations] as const),
  })
  addFileMetrics(registry, sources)
  addWorkMetrics(registry, sources, sources.now)
  const observed = addProcessMetrics(registry)
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    answered(method, route, status, milliseconds) {
      const key = `${method} ${status} ${route}`
      let found = requests.get(key)
      if (!found) {
        found = { labels: { method, route, status }, durations: new Durations() }
        requests.set(key, found)
      }
      found.durations.observe(milliseconds)
    },
    [Symbol.dispose]: () => observed[Symbol.dispose](),
  }
}
