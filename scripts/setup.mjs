// Gets a checkout ready: packages, generated clients, Node 24. Runs before anything is installed and under the machine's
// own Node, therefore plain JavaScript without dependencies.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCaptured, withProgress } from './child.mjs'
import { withLock } from './lock.mjs'

/** The project's folder. */
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
export const DOMAINS = ['identity', 'billing', 'admin']
const MIN_NODE = 24
const INSTALL_RECORD = 'node_modules/.package-lock.json'

/** Everything a script needs before it runs the project's TypeScript. Answers Node 24's path. */
export async function setup({ root = ROOT, dev = true } = {}) {
  await ensureInstalled({ root, dev })
  const node = node24(root)
  await ensureGenerated({ root })
  return node
}

/** Runs `npm ci` unless every package of package-lock.json is installed. `dev: false` does without development's. */
export async function ensureInstalled({ root = ROOT, dev = true } = {}) {
  const ready = () => installState(root, { dev }).ready
  await onceAtATime(root, ready, async () => {
    rmSync(join(root, INSTALL_RECORD), { force: true })
    // No package needs its install script, and npm 10 would run them all.
    const flags = ['ci', '--include=dev', '--include=optional', '--ignore-scripts', '--no-audit', '--no-fund']
    const [npm, ...first] = npmCommand()
    const { code, output } = await withProgress('Installing the packages (npm ci)', () =>
      runCaptured(npm, [...first, ...flags], { cwd: root }),
    )
    if (code !== 0) {
      giveUp(
        output,
        `npm ci ended with ${code}. Its output is above: check that npm reaches its registry and that package-lock.json fits package.json, then run the command again.`,
      )
    }
  })
}

/** Runs `prisma generate` for each domain unless the clients and the catalog fit the schemas. */
export async function ensureGenerated({ root = ROOT } = {}) {
  const ready = () => generatedState(root).ready
  await onceAtATime(root, ready, async () => {
    rmSync(stampOfGenerated(root), { force: true })
    const hash = hashOfSchemas(root)
    // Side by side is safe: each run empties its own folder only and the catalog appears by renaming.
    const runs = await withProgress('Generating the clients (prisma generate)', () =>
      Promise.all(DOMAINS.map((domain) => generate(root, domain))),
    )
    const failed = runs.filter(({ code }) => code !== 0)
    if (failed.length > 0) {
      const domains = failed.map(({ domain }) => domain).join(', ')
      giveUp(
        failed[0].output,
        `prisma generate failed for ${domains}. Correct what it names above, then run the command again.`,
      )
    }
    mkdirSync(dirname(stampOfGenerated(root)), { recursive: true })
    writeFileSync(stampOfGenerated(root), hash)
  })
}

async function generate(root, domain) {
  const env = { ...toolEnvironment(root), GOGGA_DOMAIN: domain, CHECKPOINT_DISABLE: '1' }
  const result = await runCaptured(join(root, 'node_modules/.bin/prisma'), ['generate'], { cwd: root, env })
  return { ...result, domain }
}

/**
 * Whether node_modules holds what package-lock.json names: `{ ready, reason }`. What counts is the record that npm writes
 * last and only when it is through, compared with the lock file, and that nothing of it was deleted since.
 */
export function installState(root, { dev = true } = {}) {
  const lock = readLock(root)
  const record = readOrUndefined(join(root, INSTALL_RECORD))
  if (record === undefined) return { ready: false, reason: `${INSTALL_RECORD} is missing` }
  const installed = JSON.parse(record).packages
  const stale = requiredPackages(lock, dev).find((path) => !isSame(installed[path], lock[path]))
  if (stale) return { ready: false, reason: `${stale} is not what package-lock.json names` }
  const foreign = Object.keys(installed).find((path) => !fitsMachine(installed[path]))
  if (foreign) return { ready: false, reason: `${foreign} is for another machine` }
  const missing = requiredFiles(lock, dev).find((path) => !existsSync(join(root, path)))
  return missing ? { ready: false, reason: `${missing} is missing` } : { ready: true, reason: 'installed' }
}

function requiredPackages(lock, dev) {
  const isRequired = ([path, entry]) => path !== '' && !entry.optional && (dev || !(entry.dev || entry.devOptional))
  return Object.entries(lock)
    .filter(isRequired)
    .map(([path]) => path)
}

function requiredFiles(lock, dev) {
  const direct = { ...lock['']?.dependencies, ...(dev ? lock['']?.devDependencies : {}) }
  const tools = Object.keys(direct).flatMap((name) => Object.keys(lock[`node_modules/${name}`]?.bin ?? {}))
  return [
    ...requiredPackages(lock, dev).map((path) => `${path}/package.json`),
    ...tools.map((tool) => `node_modules/.bin/${tool}`),
  ]
}

function isSame(installed, locked) {
  return installed?.version === locked.version && installed.integrity === locked.integrity
}

function fitsMachine({ os = [], cpu = [] }) {
  const fits = (allowed, ours) => allowed.length === 0 || allowed.includes(ours) || allowed[0].startsWith('!')
  return fits(os, process.platform) && fits(cpu, process.arch)
}

/** Whether src/generated fits the schemas, the generator and Prisma's version: `{ ready, reason }`. */
export function generatedState(root) {
  const outputs = ['catalog.ts', ...DOMAINS.map((domain) => `${domain}/client.ts`)]
  const missing = outputs.find((path) => !existsSync(join(root, 'src/generated', path)))
  if (missing) return { ready: false, reason: `src/generated/${missing} is missing` }
  if (readOrUndefined(stampOfGenerated(root)) === hashOfSchemas(root)) return { ready: true, reason: 'generated' }
  return { ready: false, reason: 'the schemas, their generator or Prisma changed' }
}

const stampOfGenerated = (root) => join(root, 'src/generated/.stamp')

/** What src/generated is made from, as one value: the stamp in src/generated holds it. */
export function hashOfSchemas(root) {
  const hash = createHash('sha256').update(`prisma ${readLock(root)['node_modules/prisma']?.version}`)
  for (const path of sourcesOfGenerated(root)) {
    hash.update(`\n${relative(root, path)}\n`).update(readFileSync(path))
  }
  return hash.digest('hex')
}

function sourcesOfGenerated(root) {
  const isSource = ({ name }) => /\.(prisma|ts)$/.test(name) && !name.startsWith('schema-engine')
  const walk = (folder) =>
    readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) return ['migrations', 'schema-engine'].includes(entry.name) ? [] : walk(path)
      return isSource(entry) ? [path] : []
    })
  return [...walk(join(root, 'prisma')), join(root, 'prisma.config.ts')].filter((path) => existsSync(path)).sort()
}

/** Node 24's absolute path: the project's own, or the one that runs this. Without either: one sentence, exit code 2. */
export function node24(root = ROOT) {
  const own = join(root, 'node_modules/.bin/node')
  const node = [own, process.execPath].find((path) => existsSync(path) && majorOf(path) >= MIN_NODE)
  if (node) return node
  console.error(
    `gogga-data needs Node ${MIN_NODE} or newer, this is Node ${process.versions.node} and none came with the packages for ${process.platform}-${process.arch}: install Node ${MIN_NODE}, then run the command again.`,
  )
  process.exit(2)
}

function majorOf(node) {
  if (realpathSync(node) === realpathSync(process.execPath)) return Number.parseInt(process.versions.node, 10)
  const { stdout } = spawnSync(node, ['--version'], { encoding: 'utf8' })
  return Number.parseInt(stdout?.slice(1) ?? '', 10)
}

/** The environment for the project's tools: `node` is Node 24 and the tools of node_modules come first. */
export function toolEnvironment(root = ROOT) {
  const first = [join(root, 'node_modules/.bin'), dirname(node24(root))]
  return { ...process.env, PATH: [...new Set(first), process.env.PATH ?? ''].join(delimiter) }
}

async function onceAtATime(root, ready, work) {
  if (ready()) return
  const onWait = (pid) => console.error(`Waiting for another set-up of this folder (process ${pid}) …`)
  await withLock(join(root, '.cache/setup.lock'), () => (ready() ? undefined : work()), { onWait })
}

// `npm start` tells which npm it is; run by hand, the one on the PATH.
function npmCommand() {
  const cli = process.env.npm_execpath
  return cli?.endsWith('npm-cli.js') ? [process.execPath, cli] : ['npm']
}

function readLock(root) {
  return JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
}

function readOrUndefined(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}

function giveUp(output, sentence) {
  process.stderr.write(`${output.trimEnd()}\n\n${sentence}\n`)
  process.exit(1)
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await setup()
  console.error('Ready: npm start serves, npm test checks, npx gogga --help lists the commands.')
}
