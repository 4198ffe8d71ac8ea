import { type Pruned, pruneBackups } from '../ops/backup/prune.ts'
import { domainsIn, megabytes, openBackupContext, printJson } from './backup-context.ts'
import type { Command } from './command.ts'

export const pruneCommand: Command = {
  usage: 'backup prune [DOMAIN…] [--dry-run] [--json]',
  summary: 'Remove the backups that the policy does not keep; never the newest good one or the last that was verified.',
  positionals: { least: 0, most: 3 },
  options: { 'dry-run': { type: 'boolean', help: 'say what would be removed, remove nothing' } },
  examples: ['backup prune --dry-run', 'backup prune billing', 'backup prune --json'],
  files: 'none',
  async run(args) {
    const domains = domainsIn(args.positionals)
    const dryRun = args.flag('dry-run')
    using context = openBackupContext()
    const pruned: Pruned[] = []
    for (const domain of domains)
      pruned.push(
        await pruneBackups(context.policies[domain], {
          now: context.sources.now(),
          dryRun,
          policies: context.policies,
        }),
      )
    if (args.flag('json')) printJson({ dryRun, domains: pruned })
    else process.stdout.write(pruned.map((one) => textOf(one, dryRun)).join(''))
    return 0
  },
}

function textOf({ domain, kept, removed, bytes }: Pruned, dryRun: boolean): string {
  const done = dryRun ? 'would remove' : 'removed'
  const head = `${domain}: ${done} ${removed.length} (${megabytes(bytes)}), kept ${kept.length}\n`
  return head + removed.map((id) => `  - ${id}\n`).join('')
}
