// Counts vitest's own JSON results for the last line of `npm test`.

/**
 * `{ passed, failed, notes }` of a run. A file that failed without a failed test (it did not load, or a hook of its own
 * broke) counts as one failure, and so does whatever else kept a run from being a success: the line must never say that
 * all is well when the exit code says otherwise. `results` is undefined when vitest left none.
 */
export function countResults(results, { exitCode, failedChecks = 0 }) {
  const files = results?.testResults ?? []
  const passed = results?.numPassedTests ?? 0
  const failedTests = results?.numFailedTests ?? 0
  const broken = files.filter(isBroken)
  const executed = passed + failedTests + broken.length
  const notes = broken.map((file) => `${file.name} failed outside its tests.`)
  let failed = failedTests + broken.length + failedChecks
  if (failedChecks > 0) notes.push(`${failedChecks} of the checks before the tests failed, see above.`)
  if (executed === 0) {
    notes.push('No test ran: the arguments name no test file, or every test was skipped.')
    failed += 1
  } else if (exitCode !== 0 && failedTests + broken.length === 0) {
    notes.push(`vitest ended with ${exitCode} although no test failed: see its error above.`)
    failed += 1
  }
  return { passed, failed, notes }
}

function isBroken({ status, assertionResults }) {
  return status === 'failed' && !assertionResults.some((test) => test.status === 'failed')
}
