// npm run check: format and lint (Biome) beside types (tsc), then the ranks between folders.
import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCaptured } from './child.mjs'
import { ROOT, setup, toolEnvironment } from './setup.mjs'

const FORMAT_AND_LINT = {
  title: 'Format and lint (biome)',
  command: ['biome', 'check', '--error-on-warnings', '.'],
  hint: 'npx biome check --write . corrects what it can; the rest needs a hand.',
}
const TYPES = { title: 'Types (tsc)', command: ['tsc', '--noEmit'], hint: 'npx tsc --noEmit repeats this check alone.' }
const ARCHITECTURE = {
  title: 'Ranks between folders (tests/architecture.test.ts)',
  command: ['vitest', 'run', 'tests/architecture.test.ts'],
  hint: 'Each line above names a file and the rule it breaks.',
}

/**
 * Runs the checks, prints each with a heading and, where it failed, its output and what to do. Answers how many failed.
 * `architecture: false` leaves out the test that a full run of the tests contains anyway; nothing is printed before `after`.
 */
export async function runChecks({ architecture = true, after = Promise.resolve() } = {}) {
  const sideBySide = [FORMAT_AND_LINT, TYPES].map(runCheck)
  await after
  const results = []
  for (const result of sideBySide) results.push(print(await result))
  if (architecture) results.push(print(await runCheck(ARCHITECTURE)))
  return results.filter((passed) => !passed).length
}

async function runCheck(check) {
  const [tool, ...args] = check.command
  const result = await runCaptured(join(ROOT, 'node_modules/.bin', tool), args, { cwd: ROOT, env: toolEnvironment() })
  return { ...check, ...result }
}

function print({ title, hint, code, output }) {
  console.log(`${code === 0 ? '✔' : '✖'} ${title}`)
  if (code !== 0) console.log(`\n${output.trimEnd()}\n\n${hint}\n`)
  return code === 0
}

if (realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await setup()
  process.exitCode = (await runChecks()) === 0 ? 0 : 1
}
