import type { Domain } from '../database/domains.ts'
import { type Backup, isGood, type Listed, listBackups } from '../ops/backup/list.ts'
import { domainsIn, megabytes, openBackupContext, printJson } from './backup-context.ts'
import type { Command } from './command.ts'

export const listCommand: Command = {
  usage: 'backup list [DOMAIN…] [--json]',
  summary: 'List backups, newest first, with their checks.',
  positionals: { least: 0, most: 3 },
  examples: ['backup list', 'backup list billing', 'backup list identity --json'],
  files: 'none',
  async run(args) {
    const domains = domainsIn(args.positionals)
    using context = openBackupContext()
    const lists: (Listed & { domain: Domain })[] = []
    for (const domain of domains) lists.push({ domain, ...(await listBackups(context.policies[domain])) })
    if (args.flag('json')) printJson({ domains: lists })
    else process.stdout.write(lists.map(textOf).join(''))
    return 0
  },
}

function textOf({ domain, backups, findings }: Listed & { domain: Domain }): string {
  if (backups.length + findings.length === 0) return `${domain}: no backups\n`
  return [...backups.map(lineOf), ...findings].map((line) => `${line}\n`).join('')
}

function lineOf(backup: Backup): string {
  const { manifest, stored } = backup
  const sealed = manifest.encryption ? `key ${manifest.encryption.keyId}` : 'not encrypted'
  const set = manifest.set === undefined ? '' : `set ${manifest.set}`
  const size = stored === undefined ? 'ARCHIVE GONE' : megabytes(stored)
  return [manifest.id, size, sealed, stateOf(backup), set].filter(Boolean).join('  ')
}

function stateOf(backup: Backup): string {
  if (backup.verified?.passed) return `verified ${backup.verified.at}`
  if (backup.verified) return `FAILED ITS CHECK: ${backup.verified.findings[0] ?? ''}`
  return isGood(backup) ? 'not verified yet' : 'DAMAGED'
}
