// How long things took, counted by size, for whoever watches the server. One observation costs some nanoseconds and
// allocates nothing, so it may stand on the way of every write and statement.

import type { Clock } from './clock.ts'

/** Upper bounds in seconds; what is longer counts in `count` alone. */
export const BOUNDS_SECONDS: readonly number[] = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
]
const BOUNDS_MS = Float64Array.from(BOUNDS_SECONDS, (seconds) => seconds * 1_000)

export class Durations {
  /** `counts[i]`: how many were at most `BOUNDS_SECONDS[i]` long and longer than the bound before. */
  readonly counts = new Float64Array(BOUNDS_MS.length)
  count = 0
  /** Of all, in milliseconds. */
  sumMs = 0

  observe(milliseconds: number): void {
    this.count += 1
    this.sumMs += milliseconds
    for (let at = 0; at < BOUNDS_MS.length; at++) {
      if (milliseconds > (BOUNDS_MS[at] ?? 0)) continue
      this.counts[at] = (this.counts[at] ?? 0) + 1
      return
    }
  }

  /** Runs `work` and counts how long it took, also where it throws. */
  time<T>(clock: Pick<Clock, 'now'>, work: () => T): T {
    const since = clock.now()
    try {
      return work()
    } finally {
      this.observe(clock.now() - since)
    }
  }
}
