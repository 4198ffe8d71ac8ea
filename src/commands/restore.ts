import { rmSync } from 'node:fs'
import { DOMAINS, type Domain, isDomain } from '../database/domains.ts'
import { UsageError } from '../errors.ts'
import type { Wanted } from '../ops/restore/choose.ts'
import { keptFiles } from '../ops/restore/kept-files.ts'
import { type RestoreReport, restore } from '../ops/restore/restore.ts'
import { openBackupContext, printJson } from './backup-context.ts'
import type { Arguments, Command } from './command.ts'
import { markSignerOf } from './mark-signer.ts'

export const restoreCommand: Command = {
  usage: 'restore DOMAIN [--from ID|latest] [--at TIME] [--forget-old] [--dry-run] [--json]',
  summary: 'Put one file back as a backup has it, and make it fit the other two; the old file stays beside it.',
  positionals: { least: 1, most: 1 },
  options: {
    from: { type: 'string', value: 'ID', help: 'this backup; "latest": the newest good one' },
    at: {
      type: 'string',
      value: 'TIME',
      help: 'the newest backup of this time or before, such as 2026-11-22T18:00:00Z',
    },
    'forget-old': { type: 'boolean', help: 'restore nothing: remove the old files that earlier restores kept' },
    'dry-run': { type: 'boolean', help: 'say what would be lost, sent again and left dangling, change nothing' },
  },
  examples: [
    'restore billing --from latest --dry-run',
    'restore billing --from billing-20261122T231500Z-1f3c9a2e --dry-run',
    'restore billing --at 2026-11-22T18:00:00Z',
    'restore identity --at 2026-11-22 --json # with the id of every row that is lost',
    'restore billing --forget-old # when the new file has proved itself',
  ],
  files: 'changes',
  async run(args) {
    const domain = domainIn(args)
    if (args.flag('forget-old')) return forget(domain, args)
    const wanted = wantedIn(args)
    using context = openBackupContext()
    const { config, policies, sources, signal, progress, endProgress } = context
    const options = { policy: policies[domain], wanted, paths: config.paths, dryRun: args.flag('dry-run') }
    const signer = options.dryRun ? undefined : markSignerOf(config)
    const report = await restore({ ...options, sources, signer, signal, progress })
    endProgress()
    if (args.flag('json')) printJson(report)
    else process.stdout.write(textOf(report))
    return 0
  },
}

function domainIn({ positionals: [word = ''] }: Arguments): Domain {
  if (isDomain(word)) return word
  throw new UsageError(`Expected one of ${DOMAINS.join(', ')}, got "${word}".`)
}

function wantedIn(args: Arguments): Wanted {
  const [from, at] = [args.text('from'), args.text('at')]
  if (from !== undefined && at === undefined) return { from }
  if (at === undefined || from !== undefined)
    throw new UsageError(
      'restore needs either --from with the id of a backup, or the word latest, or --at with a time.',
      {
        hint: 'See "gogga backup list" for ids.',
      },
    )
  const time = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/.test(at)
    ? new Date(at)
    : undefined
  if (time && !Number.isNaN(time.getTime())) return { at: time }
  throw new UsageError(`--at needs a time such as 2026-11-22T18:00:00Z, got "${at}".`)
}

function forget(domain: Domain, args: Arguments): 0 {
  using context = openBackupContext()
  const files = keptFiles(domain, context.config.paths)
  const isDry = args.flag('dry-run')
  for (const path of isDry ? [] : files) rmSync(path, { force: true })
  if (args.flag('json')) printJson({ removed: files, dryRun: isDry })
  else if (files.length === 0) process.stdout.write(`No restore of ${domain}.db kept an old file.\n`)
  else for (const path of files) process.stdout.write(`${isDry ? 'would remove' : 'removed'} ${path}\n`)
  return 0
}

const NOT_TOLD = 'what is newer than the backup cannot be told'

const LIVE: Readonly<Record<Exclude<RestoreReport['live'], 'compared'>, string>> = {
  missing: `The live file is missing: ${NOT_TOLD}`,
  unreadable: `The live file is unreadable: ${NOT_TOLD}`,
  unrelated: 'The live file holds not one row of the backup, so that somebody made it anew: nothing in it was believed',
}

/** What the restored file gets again, as the lines below say. */
const TAKEN_OVER: ReadonlySet<string> = new Set([
  'Tombstone',
  'Erasure',
  'Restriction',
  'Correction',
  'RestrictedSubject',
])

function textOf(report: RestoreReport): string {
  const {
    domain,
    dryRun,
    backup,
    live,
    losses,
    erasures,
    reconciled,
    purged,
    closed,
    dangling,
    kept,
    migrated,
    waiting,
  } = report
  const rows = Object.values(backup.rows).reduce((sum, count) => sum + count, 0)
  const { sends, done, unresolved } = reconciled
  const lines = [
    `${dryRun ? 'Would restore' : 'Restored'} ${domain}.db from ${backup.id}, taken at ${backup.takenAt}, ${rows} rows`,
    ...(live === 'compared' ? [] : [LIVE[live]]),
    ...losses.map(
      ({ table, lost, changed, back }) =>
        `  ${table}: ${lost.rows} rows ${TAKEN_OVER.has(table) ? 'newer than the backup, kept where their people are' : 'lost'}, ${changed.rows} as they were before, ${back.rows} deleted ones in the backup`,
    ),
    ...migrated.map((name) => `  migration ${name} applied`),
    ...(erasures.tombstones + erasures.rows > 0
      ? [
          `  ${erasures.tombstones} tombstones of other files taken over, ${erasures.rows} rows of erased people removed again`,
        ]
      : []),
    ...sends.map(({ origin, message }) => `  sent again from ${origin}.db: ${message.id}`),
    ...Object.entries(done).map(([what, count]) => `  ${what}: ${count}`),
    ...purged.map(({ model, rows: count, period }) => `  ${model}: ${count} rows removed, older than ${period}`),
    ...unresolved.map(({ file, table, id, why }) => `  LOOK AT ${file}.${table} ${id}: ${why}`),
    ...closed.map((other) => `  ${other}.db could not be read: nothing was compared with it`),
    ...dangling.map(
      ({ link, rows: count, policy }) => `  ${link}: ${count} rows name what is not there (policy: ${policy})`,
    ),
    ...(waiting === 0 ? [] : [`${waiting} messages wait for a file that could not be read: a later start sends them`]),
    ...(kept === null ? [] : [`The old file is kept as ${kept}; "gogga restore ${domain} --forget-old" removes it`]),
  ]
  return `${lines.join('\n')}\n`
}
