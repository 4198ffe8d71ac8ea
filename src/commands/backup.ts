import { statSync } from 'node:fs'
import type { Domain } from '../database/domains.ts'
import { FileError, UsageError } from '../errors.ts'
import { targetName } from '../ops/backup/policy.ts'
import { runSchedule } from '../ops/backup/schedule.ts'
import { takeSet } from '../ops/backup/set.ts'
import { takeBackup } from '../ops/backup/take.ts'
import type { Manifest } from '../ops/backup/types.ts'
import {
  type BackupContext,
  callUrl,
  domainsIn,
  duration,
  eachDomain,
  megabytes,
  openBackupContext,
  printJson,
  waitUntil,
} from './backup-context.ts'
import type { Arguments, Command } from './command.ts'

export const backupCommand: Command = {
  usage: 'backup [DOMAIN…] [--all | --set] [--schedule] [--dry-run] [--json]',
  summary: 'Back up files while they are in use, now or on their schedules.',
  positionals: { least: 0, most: 3 },
  options: {
    all: { type: 'boolean', help: 'all three files' },
    set: {
      type: 'boolean',
      help: 'all three files as of one moment, a restore point; writers are held for 50 ms at most',
    },
    schedule: {
      type: 'boolean',
      help: 'go on until stopped: each file on its schedule, all three where none is named',
    },
    'dry-run': { type: 'boolean', help: 'say what would be backed up where, write nothing' },
  },
  examples: [
    'backup billing',
    'backup --all --json',
    'backup --set',
    'backup identity admin --dry-run',
    'backup billing --schedule # opens billing.db and no other file',
  ],
  files: 'changes',
  async run(args) {
    const isSchedule = args.flag('schedule')
    const domains = wantedIn(args)
    using context = openBackupContext()
    warn(context, domains)
    if (args.flag('dry-run')) return plan(context, domains, args.flag('json'))
    if (isSchedule) return await schedule(context, domains)
    if (args.flag('set')) return await setOf(context, args.flag('json'))
    const manifests: Manifest[] = []
    const { failures, exitCode } = await eachDomain(domains, context, async (domain) => {
      const manifest = await takeOne(context, domain)
      if (!args.flag('json')) process.stdout.write(`${lineOf(manifest)}\n`)
      manifests.push(manifest)
    })
    if (args.flag('json')) printJson({ backups: manifests, failures })
    return exitCode
  },
}

function wantedIn(args: Arguments): readonly Domain[] {
  const [isAll, isSet] = [args.flag('all'), args.flag('set')]
  if (isSet && (isAll || args.flag('schedule') || args.positionals.length > 0))
    throw new UsageError('backup --set is always of all three files, and now.', {
      hint: 'Leave --all, --schedule and the names of files out.',
    })
  if (args.positionals.length === 0 && !isAll && !isSet && !args.flag('schedule'))
    throw new UsageError('backup needs to know which files.', {
      hint: 'Name identity, billing or admin, or say --all or --set.',
    })
  return domainsIn(isAll ? [] : args.positionals)
}

async function setOf(context: BackupContext, json: boolean): Promise<0> {
  const { policies, config, sources, signal, progress, endProgress } = context
  const elapsed = () => performance.now()
  const taken = await takeSet({ policies, paths: config.paths, sources, elapsed, signal, progress })
  endProgress()
  if (json) printJson(taken)
  else {
    const lines = [`${taken.set}  writers held for ${taken.heldMs} ms`, ...taken.backups.map(lineOf)]
    process.stdout.write(`${lines.join('\n')}\n`)
  }
  return 0
}

async function takeOne({ policies, config, sources, signal, progress, endProgress }: BackupContext, domain: Domain) {
  const manifest = await takeBackup({ policy: policies[domain], path: config.paths[domain], sources, signal, progress })
  endProgress()
  return manifest
}

/** Only identity.db holds personal information; the others are told apart by being less urgent. */
function warn({ policies }: BackupContext, domains: readonly Domain[]): void {
  for (const domain of domains.filter((candidate) => policies[candidate].keyFile === undefined)) {
    const text =
      domain === 'identity'
        ? 'WARNING: backups of identity.db are NOT ENCRYPTED and hold personal information of everybody.'
        : `Backups of ${domain}.db are not encrypted.`
    process.stderr.write(`${text} Name a keyFile for ${domain} in the backup policy.\n`)
  }
}

function plan({ policies, config }: BackupContext, domains: readonly Domain[], json: boolean): 0 {
  const plans = domains.map((domain) => {
    const { target, compression, keyFile, schedule } = policies[domain]
    const found = statSync(config.paths[domain], { throwIfNoEntry: false })
    if (!found) throw new FileError(`${domain}.db is missing: nothing is at ${config.paths[domain]}`)
    const place = { path: config.paths[domain], bytes: found.size, target: targetName(target) }
    return { domain, ...place, schedule, compression, encrypted: keyFile !== undefined }
  })
  if (json) printJson({ plans })
  for (const { domain, path, bytes, target, encrypted } of json ? [] : plans) {
    const sealed = encrypted ? 'encrypted' : 'not encrypted'
    process.stdout.write(`Would back up ${domain}.db at ${path} (${megabytes(bytes)}) to ${target}, ${sealed}.\n`)
  }
  return 0
}

async function schedule(context: BackupContext, domains: readonly Domain[]): Promise<0> {
  const { policies, config, sources, signal } = context
  const log = (event: object) => printJson({ time: sources.now().toISOString(), ...event })
  await runSchedule({ policies, domains, paths: config.paths, sources, signal, log, waitUntil, callUrl })
  return 0
}

function lineOf({ id, archive, bytes, tookMs, rows }: Manifest): string {
  const count = Object.values(rows).reduce((sum, one) => sum + one, 0)
  return `${id}  ${count} rows, ${megabytes(bytes.plain)} as ${megabytes(bytes.stored)} in ${duration(tookMs)}  ${archive}`
}
