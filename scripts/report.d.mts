/** The part of vitest's JSON report that is counted. */
export interface VitestResults {
  numPassedTests: number
  numFailedTests: number
  testResults: { name: string; status: string; assertionResults: { status: string }[] }[]
}

export function countResults(
  results: VitestResults | undefined,
  run: { exitCode: number; failedChecks?: number },
): { passed: number; failed: number; notes: string[] }
