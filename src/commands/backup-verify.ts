import { isDomain } from '../database/domains.ts'
import { UsageError } from '../errors.ts'
import { findBackup, newestBackup } from '../ops/backup/list.ts'
import { verifyBackup } from '../ops/backup/verify.ts'
import { duration, openBackupContext, printJson } from './backup-context.ts'
import type { Arguments, Command } from './command.ts'

export const verifyCommand: Command = {
  usage: 'backup verify [ID] [--newest DOMAIN] [--json]',
  summary: 'Fetch a backup whole and check everything in it; exit code 1 where it fails.',
  positionals: { least: 0, most: 1 },
  options: { newest: { type: 'string', value: 'DOMAIN', help: 'the newest good backup of this file' } },
  examples: [
    'backup verify billing-20261122T231500Z-1f3c9a2e',
    'backup verify --newest billing',
    'backup verify --newest identity --json',
  ],
  files: 'none',
  async run(args) {
    const wanted = wantedIn(args)
    using context = openBackupContext()
    const { policies, sources, signal, progress, endProgress } = context
    const backup = 'id' in wanted ? await findBackup(policies, wanted.id) : await newestBackup(policies[wanted.domain])
    const policy = policies[backup.manifest.domain]
    const result = await verifyBackup({ policy, backup, sources, signal, progress })
    endProgress()
    if (args.flag('json')) printJson(result)
    else {
      const word = result.passed ? 'passed' : 'FAILED'
      process.stdout.write(`${word} ${result.backupId} in ${duration(result.tookMs)}\n`)
      for (const finding of result.findings) process.stdout.write(`  ${finding}\n`)
    }
    return result.passed ? 0 : 1
  },
}

function wantedIn(args: Arguments) {
  const [id] = args.positionals
  const newest = args.text('newest')
  if (id !== undefined && newest === undefined) return { id }
  if (id === undefined && newest !== undefined && isDomain(newest)) return { domain: newest }
  throw new UsageError('backup verify needs the id of a backup, or --newest with identity, billing or admin.', {
    hint: 'See "gogga backup list" for ids.',
  })
}
