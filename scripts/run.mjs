// node scripts/run.mjs ENTRY.ts [args…]: sets up, then runs the entry under Node 24.
import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { exitLike, runAttached } from './child.mjs'
import { setup, toolEnvironment } from './setup.mjs'

/** Sets up, runs a TypeScript entry with its arguments, and ends this process the way the entry ended. */
export async function run(args, { dev = true } = {}) {
  const node = await setup({ dev })
  exitLike(await runAttached(node, args, { env: toolEnvironment() }))
}

if (realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const args = process.argv.slice(2)
  if (args.length === 0) {
    console.error('Usage: node scripts/run.mjs ENTRY.ts [arguments…], for example scripts/bench/bench.ts join')
    process.exit(2)
  }
  await run(args)
}
