// A small generator of random numbers with a fixed seed (mulberry32), so that the corpus is the same wherever it is made.
export interface Random {
  /** 0 to below `limit`. */
  below(limit: number): number
  digits(count: number): string
  pick<T>(list: readonly T[]): T
  of(alphabet: string, count: number): string
}

export function randomOf(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit: number) => Math.floor(next() * limit)
  const of = (alphabet: string, count: number) =>
    Array.from({ length: count }, () => alphabet.charAt(below(alphabet.length))).join('')
  return {
    below,
    of,
    digits: (count) => of('0123456789', count),
    pick: (list) => list[below(list.length)] as (typeof list)[number],
  }
}
