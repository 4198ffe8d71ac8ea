#!/usr/bin/env node
// The gate of the command `gogga`. Any Node loads this file, also one that knows no TypeScript, therefore it is plain
// CommonJS and imports nothing of the project before the version is known: better-sqlite3 crashes an older Node.
const { existsSync } = require('node:fs')
const { enableCompileCache } = require('node:module')
const { join } = require('node:path')

const MIN_NODE = 24
const ROOT = join(__dirname, '..')

function whatIsMissing() {
  const has = (path = '') => existsSync(join(ROOT, path))
  if (!has('node_modules/.package-lock.json')) return 'the packages are not installed'
  if (!has('src/generated/catalog.ts')) return 'the clients are not generated'
  return ''
}

function refusal() {
  const missing = whatIsMissing()
  const version = process.versions.node
  if (missing) return `gogga is not set up, ${missing}: run "npm run setup" in ${ROOT} first, then "npx gogga".`
  if (Number.parseInt(version, 10) >= MIN_NODE) return ''
  return `gogga needs Node ${MIN_NODE} or newer, this is Node ${version}: run it as "npx gogga", which brings its own Node.`
}

async function start() {
  // What Node compiled is kept for the next command, which starts in half the time. Where it cannot be written it is not.
  enableCompileCache(join(ROOT, 'node_modules/.cache/node'))
  const { watchOutput } = await import('../src/commands/watch-output.ts')
  watchOutput(process)
  const { main } = await import('../src/commands/gogga.ts')
  return main(process.argv.slice(2))
}

const reason = refusal()
if (reason) {
  console.error(reason)
  process.exitCode = 2
} else {
  start().then(
    (code) => {
      if (typeof code === 'number') process.exitCode = code
    },
    (error) => {
      // What main() foresees it prints itself; what arrives here is a broken checkout or a mistake of ours.
      const [message] = String(error?.message ?? error).split('\n')
      const frame = String(error?.stack).match(/[^\s(]*\/src\/[^\s)]+:\d+/)
      const place = frame ? ` (${frame[0].replace(/^.*\/src\//, 'src/')})` : ''
      console.error(
        `gogga could not run: ${message}${place}. If the checkout changed, run "npm run setup" and try again.`,
      )
      process.exitCode = 1
    },
  )
}
