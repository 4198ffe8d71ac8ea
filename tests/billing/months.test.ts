import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { addMonths, latestMonth, nextMonth } from '../../src/billing/months.ts'

const at = (text: string): Date => new Date(`${text}T10:30:00.000Z`)

describe('a month later', () => {
  const cases = [
    ['an ordinary day', '2026-06-15', null, '2026-07-15'],
    ['over the end of the year', '2026-12-31', null, '2027-01-31'],
    ['cut to the end of February', '2026-01-31', null, '2026-02-28'],
    ['cut to the end of February in a leap year', '2028-01-30', null, '2028-02-29'],
    ['back to the 31st after February', '2026-02-28', '2026-01-31', '2026-03-31'],
    ['back to the 30th after February', '2026-02-28', '2025-11-30', '2026-03-30'],
    ['from 30 April to 31 May', '2026-04-30', '2026-01-31', '2026-05-31'],
    ['28 February of one who began on a 28th', '2026-02-28', '2026-01-28', '2026-03-28'],
    ['a start of another row of months does not count', '2026-06-15', '2026-01-31', '2026-07-15'],
  ] as const
  it.each(cases)('%s', (_name, time, start, expected) => {
    expect(nextMonth(at(time), start && at(start))).toEqual(at(expected))
  })
})

describe('the month that runs', () => {
  const cases = [
    ['none has begun', '2026-06-15', '2026-07-14', '2026-06-15'],
    ['one begins at that moment', '2026-06-15', '2026-07-15', '2026-07-15'],
    ['several have passed', '2026-01-31', '2026-05-02', '2026-04-30'],
    ['the clock went back', '2026-06-15', '2025-01-01', '2026-06-15'],
    ['years have passed', '2024-02-29', '2026-03-01', '2026-02-28'],
  ] as const
  it.each(cases)('%s', (_name, time, until, expected) => {
    expect(latestMonth(at(time), at(until))).toEqual(at(expected))
  })
})

test('months step by step come to where so many months at once come', () => {
  const times = fc.date({ min: at('2020-01-01'), max: at('2030-12-31'), noInvalidDate: true })
  fc.assert(
    fc.property(times, fc.integer({ min: 1, max: 40 }), (start, count) => {
      let time = start
      for (let step = 0; step < count; step++) time = nextMonth(time, start)
      expect(time).toEqual(addMonths(start, count))
      expect(latestMonth(start, time)).toEqual(time)
      expect(latestMonth(start, new Date(time.getTime() - 1))).toEqual(addMonths(start, count - 1))
    }),
    { seed: 20260601 },
  )
})
