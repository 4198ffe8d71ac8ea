// Removes what was kept for as long as the catalog says, also while a server runs, and gives the space back.
import { type Config, readConfig } from '../config.ts'
import { type Context, createContext } from '../context.ts'
import type { Domain } from '../database/domains.ts'
import { countDue, type Purged, purge } from '../ops/purge/purge.ts'
import { giveBack, type Space, spaceOf, vacuum } from '../ops/purge/space.ts'
import { readDomains } from './check.ts'
import type { Command } from './command.ts'
import { createProgress, type Progress } from './progress.ts'

interface Report {
  readonly dryRun: boolean
  readonly purged: readonly Purged[]
  readonly space: readonly Space[]
  /** Null in a dry run. */
  readonly holds: Holds | null
}

/** How long the purge kept others from writing, a batch or a step at a time. */
interface Holds {
  readonly count: number
  readonly longestMs: number
  /** Longer than what is promised. */
  readonly overLimit: number
  readonly limitMs: number
}

const LIMIT_MS = 20

export const purgeCommand: Command = {
  usage: 'purge [--domain DOMAIN] [--vacuum] [--dry-run] [--json]',
  summary: 'Remove rows that were kept for as long as the schemas say, in small batches, and give the space back.',
  options: {
    domain: { type: 'string', value: 'DOMAIN', help: 'only this file: identity, billing or admin' },
    vacuum: { type: 'boolean', help: 'copy the file into itself afterwards: nobody else can write meanwhile' },
    'dry-run': { type: 'boolean', help: 'count what would be removed, and remove nothing' },
  },
  examples: ['purge --dry-run', 'purge', 'purge --domain identity --json', 'purge --domain identity --vacuum'],
  files: 'changes',
  async run(args) {
    const [domains, dryRun, config] = [readDomains(args), args.flag('dry-run'), readConfig()]
    const progress = createProgress({ now: () => performance.now(), units: { purge: 'rows' } })
    let report: Report
    try {
      await using context = await createContext(config)
      report = dryRun ? planned(context, domains) : await removed(context, domains, progress)
    } finally {
      progress.stop()
    }
    if (args.flag('vacuum') && !dryRun) report = { ...report, space: await vacuumed(config, domains) }
    process.stdout.write(args.flag('json') ? `${JSON.stringify(report)}\n` : printed(report))
    return 0
  },
}

const readersOf = ({ files }: Context) => ({
  identity: files.identity.reader,
  billing: files.billing.reader,
  admin: files.admin.reader,
})

function planned(context: Context, domains: readonly Domain[]): Report {
  const readers = readersOf(context)
  const purged = countDue(readers, { now: context.now(), domains })
  const space = domains.map((domain) => spaceOf(domain, readers[domain]))
  return { dryRun: true, purged, space, holds: null }
}

async function removed(context: Context, domains: readonly Domain[], progress: Progress): Promise<Report> {
  const { files, sagas } = context
  const now = context.now()
  const total = countDue(readersOf(context), { now, domains }).reduce((sum, { rows }) => sum + rows, 0)
  let done = 0
  let holds: Holds = { count: 0, longestMs: 0, overLimit: 0, limitMs: LIMIT_MS }
  const onHold = (heldMs: number) => {
    const { count, longestMs, overLimit, limitMs } = holds
    const over = heldMs > limitMs ? 1 : 0
    holds = { count: count + 1, longestMs: Math.max(longestMs, heldMs), overLimit: overLimit + over, limitMs }
  }
  const posted: { origin: Domain; id: string }[] = []
  const purged = await purge(files, {
    ...{ now, domains },
    onBatch({ model, rows, heldMs }) {
      done += rows
      onHold(heldMs)
      progress.update('purge', done, Math.max(total, done), model)
    },
    onPosted: (origin, id) => posted.push({ origin, id }),
  })
  for (const { origin, id } of posted) await sagas.courier.deliver(origin, { id, subjectId: null })
  const space: Space[] = []
  for (const domain of domains) space.push(await giveBack(files, domain, { onHold }))
  return { dryRun: false, purged, space, holds }
}

async function vacuumed(config: Config, domains: readonly Domain[]): Promise<readonly Space[]> {
  for (const domain of domains) {
    process.stderr.write(`VACUUM of ${domain}.db: nobody else can write to it until it is done\n`)
    vacuum(domain, config.paths[domain])
  }
  await using context = await createContext(config)
  return domains.map((domain) => spaceOf(domain, readersOf(context)[domain]))
}

function printed({ dryRun, purged, space, holds }: Report): string {
  const verb = dryRun ? 'would be removed' : 'removed'
  const rows = purged.map(
    ({ model, period, before, rows: count }) =>
      `${model}: ${count} row(s) ${verb}, kept for ${period} (until ${before.toISOString()})\n`,
  )
  const sizes = space.map(({ domain, bytes, freeBytes, incremental }) => {
    const hint = freeBytes > 0 && !incremental ? '; "gogga purge --vacuum" gives it back' : ''
    return `${domain}.db: ${mebibytes(bytes)}, ${mebibytes(freeBytes)} of it free${hint}\n`
  })
  return [...rows, ...sizes, holds ? held(holds) : ''].join('')
}

const held = ({ count, longestMs, overLimit, limitMs }: Holds): string =>
  overLimit === 0
    ? `No step held a writer for longer than ${longestMs.toFixed(1)} ms.\n`
    : `${overLimit} of ${count} steps held a writer for longer than ${limitMs} ms, the longest ${longestMs.toFixed(0)} ms: the disk or ` +
      'the processors are busy. Run it when less is going on.\n'

const mebibytes = (bytes: number): string => `${(bytes / 1_048_576).toFixed(1)} MiB`
