// npm test [-- arguments for vitest]: sets up, checks format, lint and types, and runs the tests beside them. Tests run also
// when a check failed, so that one run tells everything. The last line is the count, taken from vitest's own results.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runChecks } from './check.mjs'
import { runAttached } from './child.mjs'
import { countResults } from './report.mjs'
import { ROOT, setup, toolEnvironment } from './setup.mjs'

await setup()
const tests = runVitest(process.argv.slice(2))
const failedChecks = await runChecks({ architecture: false, after: tests })
const { exitCode, results } = await tests
const { passed, failed, notes } = countResults(results, { exitCode, failedChecks })
process.exitCode = failed === 0 ? 0 : 1
console.log([...notes, `${passed} passed, ${failed} failed`].join('\n'))

async function runVitest(args) {
  const folder = mkdtempSync(join(tmpdir(), 'gogga-test-'))
  const file = join(folder, 'results.json')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
  try {
    const vitest = join(ROOT, 'node_modules/.bin/vitest')
    const { code } = await runAttached(vitest, ['run', ...reporters, ...args], { cwd: ROOT, env: toolEnvironment() })
    return { exitCode: code, results: existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
