import { type Promised, promisesOf } from '../ops/backup/promises.ts'
import { domainsIn, duration, openBackupContext, printJson } from './backup-context.ts'
import type { Command } from './command.ts'

export const promisesCommand: Command = {
  usage: 'backup promises [DOMAIN…] [--json]',
  summary: 'Compare what backups achieved with what the policy promises; exit code 1 on an alarm.',
  positionals: { least: 0, most: 3 },
  examples: ['backup promises', 'backup promises billing --json'],
  files: 'none',
  async run(args) {
    const domains = domainsIn(args.positionals)
    using context = openBackupContext()
    const promised = await promisesOf(context.policies, context.sources.now(), domains)
    const alarms = promised.flatMap((one) => one.alarms)
    if (args.flag('json')) printJson({ domains: promised, alarms })
    else process.stdout.write(promised.map(textOf).join(''))
    return alarms.length > 0 ? 1 : 0
  },
}

function textOf({ domain, schedule, configured, achieved, newest, backups, alarms, lastDrillAt }: Promised): string {
  const lines = [
    `${domain}  ${schedule}  ${backups} good backups, newest ${newest?.id ?? 'none'}`,
    `  recovery point: promised ${duration(configured.recoveryPointMs)}, now ${duration(achieved.recoveryPointMs)}, longest gap of late ${duration(achieved.longestGapMs)}`,
    `  recovery time: ${duration(achieved.recoveryTimeMs)}; last drill passed ${lastDrillAt ?? 'never'}`,
    ...alarms.map(({ code, message }) => `  ALARM ${code}: ${message}`),
  ]
  return lines.map((line) => `${line}\n`).join('')
}
