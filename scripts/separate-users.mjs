// npm run separate-users: the processes of docker-compose.yml without containers, each as a Unix user of its own that can
// read only what its job needs, and the proof that it is so. Plain JavaScript, like the other scripts of npm.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { realpathSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { runCaptured } from './child.mjs'
import { jobsOf, prepare } from './separate-folders.mjs'
import { ROOT, setup } from './setup.mjs'

const HELP = `Runs the server and the two backup processes, each as its own Unix user, until it is stopped. Needs root.

  npm run separate-users -- --data DIR [--port N] [--first-uid N] [--prove] [--json]

  --data DIR       folder of the files; made where it is missing
  --port N         where the server listens (default: 3000; 0 is any free one)
  --first-uid N    numbers of the three users and their groups begin here (default: 61001); nobody has to have made them
  --prove          show who can open what, back up once, and stop

All files belong to the server's user. A file's folder has the group of the process that backs it up, which may read it and
nothing else. Keys of backups lie in DIR/keys, each readable to its own process alone.

Examples
  $ sudo npm run separate-users -- --data /srv/gogga
  $ sudo npm run separate-users -- --data /tmp/gogga --port 0 --prove

Exit code: 0 done, 1 somebody can open what they should not, or a process failed, 2 wrong use.`

const OPTIONS = {
  data: { type: 'string' },
  port: { type: 'string', default: '3000' },
  'first-uid': { type: 'string', default: '61001' },
  prove: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
}

/** `{ data, port, firstUid, prove, json }`, or `{ problem }`. */
export function parse(args) {
  try {
    const { values } = parseArgs({ args, options: OPTIONS })
    if (values.help) return values
    const [port, firstUid] = [values.port, values['first-uid']].map(Number)
    if (!values.data) return { problem: '--data is missing: the folder of the files.' }
    if (!(port >= 0 && port <= 65_535)) return { problem: `--port is "${values.port}"; expected 0 to 65535.` }
    if (!(firstUid >= 1_000)) return { problem: `--first-uid is "${values['first-uid']}"; expected 1000 or more.` }
    return { ...values, data: resolve(values.data), port, firstUid }
  } catch (error) {
    return { problem: error.message }
  }
}

/** Nothing of root's environment: it may hold what these users must not see. */
const environmentOf = (settings) => ({
  PATH: '/usr/bin:/bin',
  HOME: '/nonexistent',
  GOGGA_DATA_DIR: settings.data,
  GOGGA_BACKUP_POLICY: join(settings.data, 'backup-policy.json'),
  PORT: String(settings.port),
  GOGGA_LOG_LEVEL: 'warn',
})

/** How to run a program as the user of a job. */
const asUser = (settings, { uid, gid }) => ({ uid, gid, cwd: '/', env: environmentOf(settings) })

/** What the user of a job may do with each place, tried by that user: `{ [path]: { read, write } }`, `ok` or a code. */
async function attempts(settings, job, paths) {
  const program = `
    const fs = require('node:fs')
    const attempt = (path, flags) => {
      try { fs.closeSync(fs.openSync(path, flags)); return 'ok' } catch ({ code }) { return code }
    }
    const found = process.argv.slice(1).map((path) => [path, { read: attempt(path, 'r'), write: attempt(path, 'r+') }])
    console.log(JSON.stringify(Object.fromEntries(found)))`
  const { code, output } = await runCaptured(settings.node, ['-e', program, ...paths], asUser(settings, job))
  if (code !== 0) throw new Error(`${job.name} cannot run ${settings.node} as user ${job.uid}:\n${output}`)
  return JSON.parse(output.trim().split('\n').at(-1))
}

/** Every job against every file and key: `{ job, path, read, write, expected, holds }`. */
export async function prove(settings, jobs) {
  const paths = [...new Set(jobs.flatMap(({ may }) => Object.keys(may)))]
  const rows = await Promise.all(
    jobs.map(async (job) => {
      const found = await attempts(settings, job, paths)
      return paths.map((path) => {
        const expected = job.may[path] ?? 'nothing'
        const { read, write } = found[path]
        const wanted = { nothing: ['EACCES', 'EACCES'], read: ['ok', 'EACCES'], write: ['ok', 'ok'] }[expected]
        return { job: job.name, path, read, write, expected, holds: read === wanted[0] && write === wanted[1] }
      })
    }),
  )
  return rows.flat()
}

function start(settings, job) {
  const child = spawn(settings.node, [settings.gogga, ...job.command], {
    ...asUser(settings, job),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return { job, child, exited: once(child, 'exit') }
}

/** The address that the server prints when it listens. Throws where it ends before. */
async function addressOf({ child, exited }) {
  const first = await Promise.race([once(child.stdout, 'data'), exited.then(() => undefined)])
  if (!first) throw new Error('The server ended before it listened; what it said is above.')
  child.stdout.resume()
  return JSON.parse(String(first[0])).address
}

async function stopAll(processes) {
  for (const { child } of processes) child.kill('SIGTERM')
  const ends = await Promise.all(processes.map(async ({ job, exited }) => [job, ...(await exited)]))
  // One that had hardly begun has nothing to end, and dies of the signal.
  const bad = ends.filter(([, code, signal]) => code !== 0 && signal !== 'SIGTERM')
  return bad.map(([job, code, signal]) => `${job.name} ended with ${signal ?? code}`)
}

/** One backup by each of the two, and a try of each to back up what is not its own: `{ job, domain, code, may }`. */
async function backUpOnce(settings, jobs) {
  const results = []
  for (const job of jobs.filter(({ backsUp }) => backsUp)) {
    for (const domain of ['identity', 'billing', 'admin']) {
      const args = [settings.gogga, 'backup', domain, '--json']
      const { code } = await runCaptured(settings.node, args, asUser(settings, job))
      results.push({ job: job.name, domain, code, may: job.backsUp.includes(domain) })
    }
  }
  return results
}

async function run(settings) {
  const jobs = jobsOf(settings)
  const [api] = jobs
  await prepare(settings, jobs, (args) => runCaptured(settings.node, [settings.gogga, ...args], asUser(settings, api)))
  const processes = []
  try {
    processes.push(start(settings, api))
    const address = await addressOf(processes[0])
    const rows = await prove(settings, jobs)
    const wrong = rows.filter(({ holds }) => !holds)
    if (!settings.json) console.log([`The server listens on ${address}.`, ...rows.map(lineOf)].join('\n'))
    if (wrong.length > 0 || settings.prove) {
      const backups = settings.prove ? await backUpOnce(settings, jobs) : []
      const failed = [...wrong, ...backups.filter(({ code, may }) => (code === 0) !== may)]
      const problems = await stopAll(processes.splice(0))
      if (settings.json) console.log(JSON.stringify({ address, rows, backups, problems }))
      else for (const { job, domain, code } of backups) console.log(`${job}: backup of ${domain} ended with ${code}`)
      return failed.length + problems.length > 0 ? 1 : 0
    }
    processes.push(...jobs.slice(1).map((job) => start(settings, job)))
    for (const { child } of processes.slice(1)) child.stdout.pipe(process.stdout)
    const signal = Promise.race(['SIGINT', 'SIGTERM'].map((name) => once(process, name)))
    const ended = await Promise.race([
      signal.then(() => undefined),
      ...processes.map(({ job, exited }) => exited.then(() => job)),
    ])
    if (ended) console.error(`${ended.name} ended by itself; the others are stopped.`)
    const problems = await stopAll(processes.splice(0))
    for (const problem of problems) console.error(problem)
    return ended || problems.length > 0 ? 1 : 0
  } finally {
    await stopAll(processes)
  }
}

const lineOf = ({ job, path, read, write, expected, holds }) =>
  `${holds ? '✔' : '✖'} ${job.padEnd(14)} ${path}: read ${read}, write ${write} (may: ${expected})`

async function main(args) {
  const parsed = parse(args)
  if (parsed.help) {
    console.log(HELP)
    return 0
  }
  const problem =
    parsed.problem ?? (process.getuid?.() === 0 ? undefined : 'Only root can run programs as other users.')
  if (problem) {
    console.error(`${problem} npm run separate-users -- --help shows examples.`)
    return 2
  }
  const node = await setup({ dev: false })
  try {
    return await run({ ...parsed, node: realpathSync(node), gogga: join(ROOT, 'scripts/gogga.ts') })
  } catch (error) {
    console.error(error.message)
    return 1
  }
}

if (realpathSync(process.argv[1]) === fileURLToPath(import.meta.url))
  process.exitCode = await main(process.argv.slice(2))
