// What invented people are made of: ids, codes, times and choices, all from one source of randomness.

import { timeText } from '../database/row-codec.ts'

export const DAY_MS = 86_400_000

export interface MakersOptions {
  /** Milliseconds since 1970; nothing that is made is later. */
  readonly now: number
  /** Uniform in [0, 1). */
  readonly random: () => number
}

/** Mulberry32: small, fast, and enough for invented people. Not for secrets. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

export type Makers = ReturnType<typeof makersOf>

export function makersOf({ now, random }: MakersOptions) {
  const below = (limit: number) => Math.floor(random() * limit)
  const digits = '0123456789abcdefghijklmnopqrstuvwxyz'
  const text = (length: number) => Array.from({ length }, () => digits[below(36)]).join('')
  let counter = 0
  return {
    below,
    /** As a cuid: time, counter and randomness, so that ids ascend with the time of insertion. */
    id: () => `c${(now + counter).toString(36).padStart(8, '0')}${(counter++).toString(36).padStart(8, '0')}${text(8)}`,
    code: () => text(12).toUpperCase(),
    pick: <T>(from: readonly T[]): T => from[below(from.length)] as T,
    /** A time in the last `days` days. */
    past: (days: number) => now - below(days * DAY_MS),
    time: (milliseconds: number) => timeText(new Date(milliseconds)),
  }
}
