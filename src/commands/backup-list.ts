import type { Domain } from '../database/domains.ts'
import { type Backup, isGood, listBackups } from '../ops/backup/list.ts'
import { halfSets, type ListedOf, setsIn, withOthers } from '../ops/backup/whole-sets.ts'
import { domainsIn, megabytes, openBackupContext, printJson } from './backup-context.ts'
import type { Command } from './command.ts'

export const listCommand: Command = {
  usage: 'backup list [DOMAIN…] [--json]',
  summary: 'List backups, newest first, with their checks; a set that lacks a member is no restore point.',
  positionals: { least: 0, most: 3 },
  examples: ['backup list', 'backup list billing', 'backup list identity --json'],
  files: 'none',
  async run(args) {
    const domains = domainsIn(args.positionals)
    using context = openBackupContext()
    const lists: ListedOf[] = []
    for (const domain of domains) lists.push({ domain, ...(await listBackups(context.policies[domain])) })
    const sets = setsIn(await withOthers(lists, context.policies))
    const half = halfSets(sets)
    if (args.flag('json')) printJson({ domains: lists, sets })
    else process.stdout.write(lists.map((list) => textOf(list, half)).join(''))
    return 0
  },
}

type Half = ReadonlyMap<string, readonly Domain[]>

function textOf({ domain, backups, findings }: ListedOf, half: Half): string {
  if (backups.length + findings.length === 0) return `${domain}: no backups\n`
  return [...backups.map((backup) => lineOf(backup, half)), ...findings].map((line) => `${line}\n`).join('')
}

function lineOf(backup: Backup, half: Half): string {
  const { manifest, stored } = backup
  const sealed = manifest.encryption ? `key ${manifest.encryption.keyId}` : 'not encrypted'
  const missing = half.get(manifest.set ?? '')
  const set = missing ? `HALF A SET ${manifest.set}, without ${missing.join(' and ')}` : `set ${manifest.set}`
  const size = stored === undefined ? 'ARCHIVE GONE' : megabytes(stored)
  return [manifest.id, size, sealed, stateOf(backup), manifest.set === undefined ? '' : set].filter(Boolean).join('  ')
}

function stateOf(backup: Backup): string {
  if (backup.verified?.passed) return `verified ${backup.verified.at}`
  if (backup.verified) return `FAILED ITS CHECK: ${backup.verified.findings[0] ?? ''}`
  return isGood(backup) ? 'not verified yet' : 'DAMAGED'
}
