// Looks after the three files, and repairs links to rows that are gone. Exit code 1 where an error is found.
import { rmSync } from 'node:fs'
import { type Config, readConfig } from '../config.ts'
import { type Files, openFile } from '../database/clients.ts'
import { DOMAINS, type Domain, isDomain } from '../database/domains.ts'
import { FileError, UsageError } from '../errors.ts'
import { readPolicies } from '../ops/backup/policy.ts'
import { promisesOf } from '../ops/backup/promises.ts'
import { type Finding, runChecks, type Severity } from '../ops/check/checks.ts'
import { foldersOf, undoFolder } from '../ops/check/folders.ts'
import { type RepairReport, repair, undoRepair } from '../ops/check/repair.ts'
import { undoFiles } from '../ops/check/undo-file.ts'
import { openReaders } from '../ops/check/view.ts'
import type { Arguments, Command } from './command.ts'
import { createProgress } from './progress.ts'

const SEVERITIES: readonly Severity[] = ['error', 'warning', 'notice']

export const checkCommand: Command = {
  usage:
    'check [--domain DOMAIN] [--quick] [--repair [--even-if-many] [--dry-run]] [--undo FILE] [--forget-undo [--dry-run]] [--json]',
  summary: 'Check the three files, the links and messages between them, and say what to do.',
  options: {
    domain: { type: 'string', value: 'DOMAIN', help: `only findings about this file: ${DOMAINS.join(', ')}` },
    quick: { type: 'boolean', help: 'do not compare indexes with their tables: much faster on large files' },
    repair: { type: 'boolean', help: 'follow the policies of links whose row is gone; never for rows about money' },
    'even-if-many': {
      type: 'boolean',
      help: 'with --repair: also where so many rows of a link would go that a file was rather lost',
    },
    'dry-run': { type: 'boolean', help: 'with --repair or --forget-undo: say what would change, and change nothing' },
    undo: { type: 'string', value: 'FILE', help: 'put back what a repair took away, from the file that it wrote' },
    'forget-undo': { type: 'boolean', help: 'check nothing: remove the undo files that repairs wrote' },
  },
  examples: [
    'check',
    'check --quick --json',
    'check --domain billing',
    'check --repair --dry-run',
    'check --repair',
    'check --forget-undo # when no repair is to be taken back',
  ],
  files: (args) => (args.flag('repair') || args.text('undo') !== undefined ? 'changes' : 'reads'),
  async run(args) {
    const domains = readDomains(args)
    refuseMixed(args)
    const config = readConfig()
    const undo = args.text('undo')
    if (args.flag('forget-undo')) return forgetUndo(config, args)
    if (undo !== undefined) return await runUndo(config, undo, args.flag('json'))
    if (args.flag('repair')) return await runRepair(config, domains, args)
    const quick = args.flag('quick')
    const findings = worstFirst(await findAll(config, domains, quick))
    const counts = countsOf(findings)
    if (args.flag('json')) process.stdout.write(`${JSON.stringify({ domains, quick, findings, counts })}\n`)
    else process.stdout.write(printed(findings, domains))
    return counts.error > 0 ? 1 : 0
  },
}

async function findAll({ paths, backupPolicy: file, dataDir }: Config, domains: readonly Domain[], quick: boolean) {
  const policies = readPolicies({ file, dataDir })
  const now = new Date()
  const folders = foldersOf(dataDir, policies)
  const backups = async (domain: Domain) => (await promisesOf(policies, now, [domain]))[0]
  const progress = createProgress({ now: () => performance.now(), units: { check: 'checks' } })
  const findings: Finding[] = []
  try {
    const onCheck = (name: string, domain: Domain, done: number, total: number) =>
      progress.update('check', done + 1, total, `${domain}.db: ${name}`)
    for await (const finding of runChecks({ paths, domains, quick, now, backups, folders, onCheck }))
      findings.push(finding)
  } finally {
    progress.stop()
  }
  return findings
}

function forgetUndo({ dataDir }: Config, args: Arguments): 0 {
  const files = undoFiles(undoFolder(dataDir))
  const dryRun = args.flag('dry-run')
  for (const path of dryRun ? [] : files) rmSync(path, { force: true })
  if (args.flag('json')) process.stdout.write(`${JSON.stringify({ removed: files, dryRun })}\n`)
  else for (const path of files) process.stdout.write(`${dryRun ? 'would remove' : 'removed'} ${path}\n`)
  return 0
}

export function readDomains(args: Arguments): readonly Domain[] {
  const text = args.text('domain')
  if (text === undefined) return DOMAINS
  if (isDomain(text)) return [text]
  throw new UsageError(`--domain expects one of ${DOMAINS.join(', ')}, got "${text}".`)
}

function refuseMixed(args: Arguments): void {
  const [isRepair, isUndo, forgets] = [args.flag('repair'), args.text('undo') !== undefined, args.flag('forget-undo')]
  const hint = 'See "gogga check --help".'
  if ([isRepair, isUndo, forgets].filter(Boolean).length > 1)
    throw new UsageError('Only one of --repair, --undo and --forget-undo can be done at once.', { hint })
  if (args.flag('dry-run') && !isRepair && !forgets)
    throw new UsageError('--dry-run goes with --repair and --forget-undo only.', { hint })
  if (args.flag('even-if-many') && !isRepair) throw new UsageError('--even-if-many goes with --repair only.', { hint })
  if (args.flag('quick') && (isRepair || isUndo || forgets))
    throw new UsageError('--quick is for checking, not for changes.', { hint })
}

async function runRepair(config: Config, domains: readonly Domain[], args: Arguments): Promise<0 | 1> {
  const progress = createProgress({ now: () => performance.now(), units: { repair: 'rows' } })
  const { readers, findings } = openReaders(config.paths, DOMAINS)
  try {
    const [unreadable] = findings
    if (unreadable) throw new FileError(unreadable.message, { hint: unreadable.next })
    const report = await withFiles(config, (files) =>
      repair({
        ...{ files, readers, domains, now: new Date(), dryRun: args.flag('dry-run') },
        evenIfMany: args.flag('even-if-many'),
        undoFolder: undoFolder(config.dataDir),
        onRow: (done, total) => progress.update('repair', done, total),
      }),
    )
    progress.stop()
    process.stdout.write(args.flag('json') ? `${JSON.stringify(report)}\n` : printedRepair(report))
    return report.left.some(({ why }) => why !== 'money') ? 1 : 0
  } finally {
    progress.stop()
    for (const reader of Object.values(readers)) reader.close()
  }
}

async function runUndo(config: Config, path: string, json: boolean): Promise<0 | 1> {
  const report = await withFiles(config, (files) => undoRepair(files, path))
  const text = `Put back ${report.restored} row(s); ${report.left} had nothing to put back, or their place is taken.\n`
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : text)
  return report.left > 0 ? 1 : 0
}

async function withFiles<T>(config: Config, work: (files: Files) => Promise<T>): Promise<T> {
  await using identity = await openFile('identity', config.paths.identity, config)
  await using billing = await openFile('billing', config.paths.billing, config)
  await using admin = await openFile('admin', config.paths.admin, config)
  return await work({ identity, billing, admin })
}

const WHY_LEFT: Readonly<Record<RepairReport['left'][number]['why'], string>> = {
  money: 'rows about money are never repaired',
  'changed meanwhile': 'somebody changed them meanwhile',
  'target lost':
    'nothing is there that they could name: restore that file with "npx gogga restore"; --even-if-many repairs all the same',
  'too many':
    'more than a tenth of those that name anything: was the file that they name lost? --even-if-many repairs all the same',
}

function printedRepair({ dryRun, undo, repaired, left }: RepairReport): string {
  const verb = dryRun ? 'would be' : 'were'
  const lines = repaired.map(({ link, policy, rows }) => {
    const what = policy === 'delete' ? 'removed' : 'emptied of the link'
    return `${link}: ${rows} row(s) ${verb} ${what}\n`
  })
  const rest = left.map(({ link, rows, why }) => `${link}: ${rows} row(s) left: ${WHY_LEFT[why]}\n`)
  const end = undo ? `To take it back: npx gogga check --undo ${undo}\n` : ''
  return `${[...lines, ...rest].join('') || 'Nothing to repair.\n'}${end}`
}

function countsOf(findings: readonly Finding[]): Readonly<Record<Severity, number>> {
  const count = (severity: Severity) => findings.filter((finding) => finding.severity === severity).length
  return { error: count('error'), warning: count('warning'), notice: count('notice') }
}

const worstFirst = (findings: readonly Finding[]): readonly Finding[] =>
  SEVERITIES.flatMap((severity) => findings.filter((finding) => finding.severity === severity))

function printed(findings: readonly Finding[], domains: readonly Domain[]): string {
  const lines = findings.map(({ severity, check, place, message, next }) => {
    const at = [`${place.file}.db`, place.table, place.column].filter(Boolean).join(' ')
    return `${severity.padEnd(7)}  ${at}  ${check}: ${message}\n         ${next}\n`
  })
  if (lines.length === 0) lines.push(`Nothing to tell about ${domains.map((domain) => `${domain}.db`).join(', ')}.\n`)
  const counts = countsOf(findings)
  const sums = SEVERITIES.map((severity) => `${counts[severity]} ${severity}${counts[severity] === 1 ? '' : 's'}`)
  return `${lines.join('')}${sums.join(', ')}\n`
}
