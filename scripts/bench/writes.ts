// Changes: a voucher redeemed over three files, spends that meet on one subscription, and writes beside a bulk load. Each
// against the same on one file, side by side.
import { benchBulk } from './bulk.ts'
import type { Figure, Verdict } from './measure.ts'
import { benchRedeem } from './redeem.ts'
import { benchSpends } from './spends.ts'

export interface WritesOptions {
  readonly people: number
  readonly quick: boolean
  readonly say: (text: string) => void
}

export interface WritesResult {
  readonly figures: readonly Figure[]
  readonly verdicts: readonly Verdict[]
}

export async function benchWrites({ people, quick, say }: WritesOptions): Promise<WritesResult> {
  const results = [
    await benchRedeem({ people, say, rounds: quick ? 2 : 11, operations: quick ? 50 : 400 }),
    await benchSpends({ people, say, rounds: quick ? 1 : 5 }),
    await benchBulk({ people, say, rounds: quick ? 1 : 3, seconds: quick ? 0.5 : 5 }),
  ]
  return {
    figures: results.flatMap(({ figures }) => figures),
    verdicts: results.flatMap(({ verdicts }) => verdicts),
  }
}
