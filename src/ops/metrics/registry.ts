// What Prometheus reads is gathered when it reads: nothing is counted twice, and nobody pays between two readings.
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { BOUNDS_SECONDS, type Durations } from '../../database/durations.ts'

/** Names of domains, routes, statuses and the like: never an id, a URL or anything of a person. */
export type Labels = Readonly<Record<string, string | number>>

export interface Family<T> {
  readonly name: string
  readonly help: string
  readonly labels: readonly string[]
  readonly read: () => Iterable<readonly [Labels, T]> | Promise<Iterable<readonly [Labels, T]>>
}

export function addGauge(registry: Registry, { name, help, labels, read }: Family<number>): void {
  const gauge = new Gauge({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
    async collect() {
      gauge.reset()
      // Without labels a reset leaves a 0, where there may be nothing to tell.
      if (labels.length === 0) gauge.remove()
      for (const [at, value] of await read()) gauge.set(at, value)
    },
  })
}

/** `read` gives totals since the start. */
export function addCounter(registry: Registry, { name, help, labels, read }: Family<number>): void {
  const counter = new Counter({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
    async collect() {
      counter.reset()
      for (const [at, value] of await read()) counter.inc(at, value)
    },
  })
}

export function addHistogram(registry: Registry, family: Family<Durations>): void {
  registry.registerMetric(new CountedHistogram(family))
}

/** prom-client's histogram counts by itself, in a map of labels; ours were counted already where the work was done. */
class CountedHistogram extends Histogram {
  readonly #family: Family<Durations>

  constructor(family: Family<Durations>) {
    super({ name: family.name, help: family.help, labelNames: [...family.labels], registers: [] })
    this.#family = family
  }

  /** What the registry asks of a metric for its text. */
  async getForPromString() {
    const { name, help, read } = this.#family
    const values = [...(await read())].flatMap(([labels, durations]) => seriesOf(name, labels, durations))
    return { name, help, type: 'histogram', values }
  }
}

interface Sample {
  readonly metricName: string
  readonly labels: Labels
  readonly value: number
}

function seriesOf(name: string, labels: Labels, { counts, count, sumMs }: Durations): readonly Sample[] {
  let below = 0
  const buckets = BOUNDS_SECONDS.map((le, at) => {
    below += counts[at] ?? 0
    return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: below }
  })
  return [
    ...buckets,
    { metricName: `${name}_bucket`, labels: { ...labels, le: '+Inf' }, value: count },
    { metricName: `${name}_sum`, labels, value: sumMs / 1_000 },
    { metricName: `${name}_count`, labels, value: count },
  ]
}
