// The process itself: how long others wait for the one thread, memory, processor time.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Registry } from 'prom-client'
import { addCounter, addGauge, type Family } from './registry.ts'

const RESOLUTION_MS = 10

export function addProcessMetrics(registry: Registry): Disposable {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delays.enable()
  addGauge(registry, {
    name: 'gogga_event_loop_lag_seconds',
    help: 'How late timers ran since the last reading, by quantile.',
    labels: ['quantile'],
    read: () => lagOf(delays),
  })
  const memory = process.memoryUsage
  addGauge(
    registry,
    plain('process_resident_memory_bytes', 'Resident memory.', () => memory.rss()),
  )
  addGauge(
    registry,
    plain('nodejs_heap_size_used_bytes', "Used part of JavaScript's heap.", () => memory().heapUsed),
  )
  const cpu = () => process.cpuUsage()
  addCounter(
    registry,
    plain('process_cpu_seconds_total', 'Processor time.', () => (cpu().user + cpu().system) / 1_000_000),
  )
  const started = Math.round(Date.now() / 1_000 - process.uptime())
  addGauge(
    registry,
    plain('process_start_time_seconds', 'Start, in seconds since 1970.', () => started),
  )
  return { [Symbol.dispose]: () => void delays.disable() }
}

/** The monitor's own interval is in each of its values. */
function lagOf(delays: ReturnType<typeof monitorEventLoopDelay>) {
  const lag = (nanoseconds: number) => Math.max(0, nanoseconds / 1e9 - RESOLUTION_MS / 1_000)
  const quantiles = [
    ['0.5', lag(delays.percentile(50))],
    ['0.99', lag(delays.percentile(99))],
    ['1', lag(delays.max)],
  ] as const
  delays.reset()
  return quantiles.map(([quantile, value]) => [{ quantile }, value] as const)
}

const plain = (name: string, help: string, value: () => number): Family<number> => ({
  name,
  help,
  labels: [],
  read: () => [[{}, value()]],
})
