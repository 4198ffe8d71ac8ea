// What a redemption's time is made of, by the named places that it passes.
import { type Figure, spread } from './measure.ts'

const PARTS = [
  'claim in admin.db, on disk',
  'grant in billing.db, on disk',
  'note in identity.db',
  'between the files, and the answer',
  'at the end of a round, until no message is left',
] as const
type Part = (typeof PARTS)[number]

/** Sums the parts of a round's redemptions; removals that run meanwhile count where they fall. */
export function stopwatch(route: string) {
  const samples = new Map<Part, number[]>(PARTS.map((part) => [part, []]))
  const places: Readonly<Record<string, Part>> = {
    [`${route}:committed`]: 'claim in admin.db, on disk',
    'voucher-redeemed:delivered': 'grant in billing.db, on disk',
    'voucher-noted:delivered': 'note in identity.db',
  }
  let sums = new Map<Part, number>()
  let last = 0
  const lap = (part: Part) => {
    const now = performance.now()
    sums.set(part, (sums.get(part) ?? 0) + now - last)
    last = now
  }
  return {
    begin(): void {
      last = performance.now()
    },
    /** Every place ends something: what a file did, or what lies between the files. */
    reached: (place: string): void => lap(places[place] ?? 'between the files, and the answer'),
    end: (): void => lap('between the files, and the answer'),
    endRound(): void {
      lap('at the end of a round, until no message is left')
      for (const part of PARTS) samples.get(part)?.push((sums.get(part) ?? 0) * 1_000)
      sums = new Map()
    },
    /** Microseconds a redemption, without the two rounds that warm up. */
    figures: (whole: number, operations: number): readonly Figure[] =>
      PARTS.map((part) => {
        const found = spread((samples.get(part) ?? []).slice(2).map((micros) => micros / operations))
        return { name: `  of that ${Math.round((100 * found.median) / whole)} %: ${part} (µs)`, ...found }
      }),
  }
}
