// From which day on rows are kept.
import { describe, expect, it } from 'vitest'
import { modelNamed } from '../../src/database/catalog.ts'
import { cutoffOf, type Retention } from '../../src/database/retention.ts'

describe('a period', () => {
  const cutoff = (period: string, now: string) =>
    cutoffOf(
      { model: modelNamed('identity', 'AuthLog'), period, column: 'createdAt' } satisfies Retention,
      new Date(now),
    )
      .toISOString()
      .slice(0, 10)
  it.each([
    ['1d', '2026-03-01T00:00:00Z', '2026-02-28'],
    ['1y', '2024-02-29T00:00:00Z', '2023-02-28'],
    ['5y', '2026-06-01T00:00:00Z', '2021-06-01'],
    ['1m', '2026-03-31T00:00:00Z', '2026-02-28'],
    ['90d', '2026-03-31T00:00:00Z', '2025-12-31'],
  ])('of %s before %s began on %s', (period, now, expected) => expect(cutoff(period, now)).toBe(expected))

  it('that nobody knows is said, not guessed', () => {
    expect(() => cutoff('soon', '2026-01-01T00:00:00Z')).toThrow(/@retain of identity.AuthLog is "soon"/)
  })
})
