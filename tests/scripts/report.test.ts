import { describe, expect, it } from 'vitest'
import { countResults } from '../../scripts/report.mjs'

const file = (status: string, ...tests: string[]) => ({
  name: 'tests/a.test.ts',
  status,
  assertionResults: tests.map((test) => ({ status: test })),
})

function resultsOf(...files: ReturnType<typeof file>[]) {
  const count = (status: string) =>
    files.flatMap(({ assertionResults }) => assertionResults).filter((test) => test.status === status).length
  return { numPassedTests: count('passed'), numFailedTests: count('failed'), testResults: files }
}

describe('countResults', () => {
  const cases: {
    name: string
    results: ReturnType<typeof resultsOf> | undefined
    run: { exitCode: number; failedChecks?: number }
    expected: [passed: number, failed: number]
  }[] = [
    {
      name: 'all passed',
      results: resultsOf(file('passed', 'passed', 'passed')),
      run: { exitCode: 0 },
      expected: [2, 0],
    },
    {
      name: 'one failed',
      results: resultsOf(file('failed', 'passed', 'failed')),
      run: { exitCode: 1 },
      expected: [1, 1],
    },
    {
      name: 'a file that did not load',
      results: resultsOf(file('passed', 'passed'), file('failed')),
      run: { exitCode: 1 },
      expected: [1, 1],
    },
    {
      name: 'a hook that failed after its tests',
      results: resultsOf(file('failed', 'passed')),
      run: { exitCode: 1 },
      expected: [1, 1],
    },
    {
      name: 'an error outside every test',
      results: resultsOf(file('passed', 'passed')),
      run: { exitCode: 1 },
      expected: [1, 1],
    },
    {
      name: 'a check failed, the tests passed',
      results: resultsOf(file('passed', 'passed')),
      run: { exitCode: 0, failedChecks: 2 },
      expected: [1, 2],
    },
    { name: 'no test ran', results: resultsOf(), run: { exitCode: 0 }, expected: [0, 1] },
    {
      name: 'every test skipped',
      results: resultsOf(file('passed', 'skipped')),
      run: { exitCode: 0 },
      expected: [0, 1],
    },
    { name: 'vitest left no results', results: undefined, run: { exitCode: 1 }, expected: [0, 1] },
  ]
  it.each(cases)('$name', ({ results, run, expected }) => {
    const { passed, failed, notes } = countResults(results, run)
    expect([passed, failed]).toEqual(expected)
    // Whatever is counted beyond failed tests is explained.
    expect(notes.length > 0).toBe(failed > (results?.numFailedTests ?? 0))
  })
})
