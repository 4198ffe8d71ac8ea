// npm run bench -- [join] [http] [writes] [split] [purge] [memory] …: ratios measured side by side in one run, never assertions in tests.
import { availableParallelism, cpus } from 'node:os'
import { parseArgs } from 'node:util'
import type { Figure, Verdict } from './measure.ts'

const HELP = `Measures the figures that the README states, side by side on the same data.

Usage: npm run bench -- [join] [http] [writes] [split] [purge] [memory] [backup] [audit] [--json] [--users N] [--quick]

  join     a page of 50 users with their links: join service, SQL over ATTACH, Prisma include; 10,000 and 1,000,000 users
  http     the same over HTTP, and one user with everything, against Fastify and Prisma include
  writes   a voucher redeemed over three files, 1,000 spends at once, and writes beside a bulk load, against one file
  split    gogga split against insert … select over ATTACH for the same rows
  purge    requests beside a purge of 200,000 rows of the sign-in log, and how long it holds the writer; only when it is named
  memory   peak memory of gogga split on a file of 2 GB; takes minutes and 8 GB of disk, and runs only when it is named
  backup   gogga backup of a file of 1.4 GB against VACUUM INTO by the sqlite3 shell, and writes beside it; takes minutes and
           10 GB of disk, and runs only when it is named
  audit    a whole audit of a million people by itself and beside requests, erasure of one of them, the search of raw bytes
           against grep -F, and what the chain of the logs costs; takes a quarter of an hour and 10 GB of disk, and runs only
           when it is named

  --users N   people in the data (default: 100000)
  --quick     small data and few rounds: to see that it runs, not for figures
  --json      the result as JSON on stdout

Examples:
  $ npm run bench -- join
  $ npm run bench -- join http writes split --json
`

const WHAT = ['join', 'http', 'writes', 'split', 'purge', 'memory', 'backup', 'audit'] as const
const USUAL: readonly What[] = ['join', 'http', 'writes', 'split']
type What = (typeof WHAT)[number]

interface Result {
  readonly figures: readonly Figure[]
  readonly verdicts: readonly Verdict[]
}

const { values, positionals } = readWords()
if (values.help) process.stdout.write(HELP)
else await run()

function readWords() {
  try {
    const options = {
      json: { type: 'boolean' },
      users: { type: 'string' },
      quick: { type: 'boolean' },
      help: { type: 'boolean' },
    } as const
    const words = parseArgs({ options, allowPositionals: true })
    const unknown = words.positionals.find((word) => !(WHAT as readonly string[]).includes(word))
    if (unknown) throw new Error(`There is no benchmark "${unknown}"; expected ${WHAT.join(', ')}.`)
    if (!/^[1-9]\d{0,7}$/.test(words.values.users ?? '1')) throw new Error('--users expects a whole number from 1.')
    return words
  } catch (error) {
    process.stderr.write(`bench: ${(error as Error).message}\n  See "npm run bench -- --help".\n`)
    process.exit(2)
  }
}

async function run(): Promise<void> {
  const wanted = (positionals.length > 0 ? positionals : USUAL) as readonly What[]
  const results: Partial<Record<What, Result>> = {}
  for (const what of wanted) {
    results[what] = await bench(what)
    if (!values.json) print(what, results[what])
  }
  const machine = { cores: availableParallelism(), processor: cpus()[0]?.model ?? '', node: process.version }
  if (values.json) process.stdout.write(`${JSON.stringify({ machine, results })}\n`)
  else process.stdout.write(`\n${machine.cores} cores, ${machine.processor}, Node ${machine.node}\n`)
}

/** Loaded on use: each benchmark brings its own baseline. */
async function bench(what: What): Promise<Result> {
  const quick = values.quick ?? false
  const either = <T>(full: T, small: T): T => (quick ? small : full)
  const peopleOf = (full: number, small: number) => Number(values.users ?? either(full, small))
  const people = peopleOf(100_000, 2_000)
  const say = (text: string) => process.stderr.write(`${text}\n`)
  if (what === 'join') {
    const { benchJoin } = await import('./join.ts')
    return benchJoin({ people, scale: either([10_000, 1_000_000], [1_000, 5_000]), rounds: either(15, 3), say })
  }
  if (what === 'http') {
    const { benchHttp } = await import('./http.ts')
    return benchHttp({ people, seconds: either(4, 1), rounds: either(3, 1), say })
  }
  if (what === 'writes') {
    const { benchWrites } = await import('./writes.ts')
    return benchWrites({ people, quick, say })
  }
  if (what === 'memory') {
    const { benchMemory } = await import('./memory.ts')
    return benchMemory({ people: peopleOf(1_300_000, 5_000), say })
  }
  if (what === 'purge') {
    const { benchPurge } = await import('./purge.ts')
    return benchPurge({ rows: either(500_000, 20_000), seconds: either(20, 2), rounds: either(2, 1), say })
  }
  if (what === 'backup') {
    const { benchBackup } = await import('./backup.ts')
    return benchBackup({ people: peopleOf(1_000_000, 2_000), rounds: either(5, 1), idleSeconds: either(5, 1), say })
  }
  if (what === 'audit') {
    const { benchAudit } = await import('./audit.ts')
    return benchAudit({ people: peopleOf(1_000_000, 2_000), quick, say })
  }
  const { benchSplit } = await import('./split.ts')
  return benchSplit({ people: peopleOf(40_000, 1_000), rounds: either(5, 1), say })
}

function print(what: What, { figures, verdicts }: Result): void {
  const unit = what === 'join' || what === 'split' ? ' µs' : ''
  process.stdout.write(`\n${what}\n`)
  for (const { name, median, min, max } of figures)
    process.stdout.write(
      `  ${median.toFixed(0).padStart(9)}${unit}  ${name}  (${min.toFixed(0)} to ${max.toFixed(0)})\n`,
    )
  for (const { name, value, bound, holds } of verdicts)
    process.stdout.write(
      `  ${value.toFixed(3).padStart(9)}  ${name}: bound ${bound.toFixed(3)}, ${holds ? 'holds' : 'NOT REACHED'}\n`,
    )
}
