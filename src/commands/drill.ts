import { type DrillReport, runDrill } from '../ops/drill.ts'
import { domainsIn, duration, eachDomain, openBackupContext, printJson } from './backup-context.ts'
import type { Command } from './command.ts'

export const drillCommand: Command = {
  usage: 'drill [DOMAIN…] [--json]',
  summary:
    'Restore the newest backup into a temporary place, check everything in it, throw it away; exit code 1 where it fails.',
  positionals: { least: 0, most: 3 },
  examples: ['drill', 'drill billing', 'drill identity admin --json'],
  files: 'reads',
  async run(args) {
    const domains = domainsIn(args.positionals)
    using context = openBackupContext()
    const { config, policies, sources, signal, progress, endProgress } = context
    const drills: DrillReport[] = []
    const { failures, exitCode } = await eachDomain(domains, context, async (domain) => {
      const report = await runDrill({ policy: policies[domain], paths: config.paths, sources, signal, progress })
      endProgress()
      if (!args.flag('json')) process.stdout.write(textOf(report))
      drills.push(report)
    })
    if (args.flag('json')) printJson({ drills, failures })
    return drills.every(({ passed }) => passed) ? exitCode : 1
  },
}

function textOf({ passed, backupId, tookMs, findings, dangling, closed }: DrillReport): string {
  const lines = [
    `${passed ? 'passed' : 'FAILED'} ${backupId} in ${duration(tookMs)}`,
    ...findings.map((finding) => `  ${finding}`),
    ...dangling.map(
      ({ link, rows, of, policy }) => `  ${link}: ${rows} of ${of} rows would dangle (policy: ${policy})`,
    ),
    ...closed.map((domain) => `  ${domain}.db could not be read: its links were not compared`),
  ]
  return `${lines.join('\n')}\n`
}
