// Side by side in one run: the ways take turns round by round, so that a slow moment of the machine hits all of them.

export interface Way {
  readonly name: string
  /** One operation; `index` walks through the same inputs for every way. */
  run(index: number): unknown
}

export interface Figure {
  readonly name: string
  /** Microseconds an operation, median over the rounds. */
  readonly median: number
  readonly min: number
  readonly max: number
}

export interface Rounds {
  readonly rounds: number
  readonly operations: number
}

/** Times each way in turn; the first two rounds warm up and do not count. */
export async function sideBySide(ways: readonly Way[], { rounds, operations }: Rounds): Promise<readonly Figure[]> {
  const samples = ways.map((): number[] => [])
  for (let round = -2; round < rounds; round++) {
    for (const [position, way] of ways.entries()) {
      const micros = await timeRound(way, operations)
      if (round >= 0) samples[position]?.push(micros)
    }
  }
  return ways.map(({ name }, position) => ({ name, ...spread(samples[position] ?? []) }))
}

async function timeRound(way: Way, operations: number): Promise<number> {
  const began = process.hrtime.bigint()
  for (let index = 0; index < operations; index++) await way.run(index)
  return Number(process.hrtime.bigint() - began) / 1_000 / operations
}

export function spread(values: readonly number[]): { median: number; min: number; max: number } {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (index: number) => sorted[index] ?? Number.NaN
  return { median: at(Math.floor(sorted.length / 2)), min: at(0), max: at(sorted.length - 1) }
}

/** The value that `share` (0 to 1) of them are below. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
}

/** A figure of one run. */
export const single = (name: string, value: number): Figure => ({ name, median: value, min: value, max: value })

export interface Verdict {
  readonly name: string
  readonly value: number
  readonly bound: number
  readonly holds: boolean
}

/** A ratio against its bound: `least` when it must be at least that, otherwise at most. */
export function verdict(name: string, value: number, bound: number, least = false): Verdict {
  return { name, value: Math.round(value * 1_000) / 1_000, bound, holds: least ? value >= bound : value <= bound }
}
