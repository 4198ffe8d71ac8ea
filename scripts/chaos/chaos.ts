// npm run chaos -- [--minutes N] …: kills the server again and again under load, then lets the checker read the files.
import { parseArgs } from 'node:util'
import { type ChaosOptions, type Report, runChaos } from './run.ts'

const HELP = `Kills a real server by SIGKILL under a mixed load of all changes, restarts it at once, and checks afterwards that the
three files hold what the clients were told: nothing lost, nothing twice.

Usage: npm run chaos -- [--minutes N] [--kills N] [--clients N] [--seed N] [--keep] [--json]

  --minutes N   how long, at least (default: 10); 0: as long as the kills take
  --kills N     how many, at least (default: 200), in turns at random moments and at named places
  --clients N   that work at the same time (default: 8)
  --seed N      of all choices (default: another each time); what the clock decides is not in it
  --keep        keeps the folder with the files also where nothing is wrong
  --json        the report as JSON on stdout

Progress goes to stderr. Exit code 0: all is as it was told; 1: it is not, and the folder is kept; 2: wrong use.

Examples:
  $ npm run chaos
  $ npm run chaos -- --minutes 30 --json
  $ npm run chaos -- --minutes 0 --kills 40 --seed 7 --keep
`

const NUMBERS = { minutes: 10, kills: 200, clients: 8 } as const
const MOST = 1_000_000

const { values } = readWords()
if (values.help) process.stdout.write(HELP)
else await run()

function readWords() {
  const [string, boolean] = [{ type: 'string' } as const, { type: 'boolean' } as const]
  const counts = { minutes: string, kills: string, clients: string, seed: string }
  try {
    const words = parseArgs({ options: { ...counts, keep: boolean, json: boolean, help: boolean } })
    for (const name of ['minutes', 'kills', 'clients', 'seed'] as const) {
      const text = words.values[name] ?? '1'
      const isFine = /^\d{1,9}$/.test(text) && Number(text) <= MOST && !(name === 'clients' && Number(text) === 0)
      if (!isFine) throw new Error(`--${name} expects a whole number up to ${MOST}, not "${text}"`)
    }
    return words
  } catch (error) {
    process.stderr.write(`chaos: ${(error as Error).message}\n  See "npm run chaos -- --help".\n`)
    process.exit(2)
  }
}

async function run(): Promise<void> {
  const number = (name: keyof typeof NUMBERS) => Number(values[name] ?? NUMBERS[name])
  const options: ChaosOptions = {
    minutes: number('minutes'),
    kills: number('kills'),
    clients: number('clients'),
    seed: Number(values.seed ?? Date.now() % MOST),
    keep: values.keep ?? false,
    say: progress(),
  }
  const report = await runChaos(options)
  if (process.stderr.isTTY) process.stderr.write('\n')
  process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : textOf(report))
  process.exitCode = report.problems.length === 0 ? 0 : 1
}

/** One line on a terminal; else a line now and then. */
function progress(): (text: string) => void {
  let last = 0
  return (text) => {
    if (process.stderr.isTTY) return void process.stderr.write(`\r\u001b[K${text}`)
    if (performance.now() - last < 10_000) return
    last = performance.now()
    process.stderr.write(`${text}\n`)
  }
}

function textOf(report: Report): string {
  const { kills, requests, recoveryMs, problems } = report
  const list = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts).map(([name, count]) => `  ${String(count).padStart(8)}  ${name}`)
  const checks = Object.values(report.checked).reduce((sum, count) => sum + count, 0)
  const lines = [
    `${report.seconds} s, seed ${report.seed}`,
    `${kills.random + kills.named} kills: ${kills.random} at random moments, ${kills.named} at named places:`,
    ...list(kills.byPlace),
    ...report.missed.map((place) => `  no kill  ${place}`),
    `Recovery: ${recoveryMs.mean} ms from a kill to the next server that listens, at most ${recoveryMs.longest} ms`,
    'Requests:',
    ...list({ ...requests }),
    'Acknowledged:',
    ...list({ ...report.acknowledged, 'charges by PayFast': report.charges }),
    'Faults:',
    ...list(report.faults),
    ...report.unavailableReasons.map((reason) => `  503: ${reason}`),
    `Checks: ${checks}`,
    ...list(report.checked),
    ...(report.dir === undefined ? [] : [`The files are in ${report.dir}`]),
    problems.length === 0 ? 'All is as it was told.' : `${problems.length} problems:`,
    ...problems.map((problem) => `  ${problem}`),
  ]
  return `${lines.join('\n')}\n`
}
