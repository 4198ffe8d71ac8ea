// For a machine that has the program but not Prisma's CLI, such as an image: what is missing is made, what lacks migrations
// gets them.
import { readConfig } from '../config.ts'
import { openReader } from '../database/connections.ts'
import { DOMAINS, type Domain } from '../database/domains.ts'
import { hasFile } from '../database/logs.ts'
import { migrate, migrationState, migrationsOf } from '../database/migrations.ts'
import { UsageError } from '../errors.ts'
import { readDomains } from './check.ts'
import type { Command } from './command.ts'
import { refuseLostFiles, refuseLostLogs } from './lost-files.ts'

export const migrateCommand: Command = {
  usage: 'migrate [--domain DOMAIN [--new]] [--dry-run] [--json]',
  summary: 'Make the files that are missing, and apply the migrations that any of the three lacks.',
  options: {
    domain: { type: 'string', value: 'DOMAIN', help: `only this file: ${DOMAINS.join(', ')}` },
    new: {
      type: 'boolean',
      help: 'make the file although the others hold rows: it was not lost, or nobody has a backup',
    },
    'dry-run': { type: 'boolean', help: 'say what would be applied, change nothing' },
  },
  examples: [
    'migrate',
    'migrate --dry-run',
    'migrate --domain billing',
    'migrate --json # with GOGGA_DATA_DIR=/srv/gogga in the environment',
  ],
  files: 'changes',
  async run(args) {
    const { paths } = readConfig()
    const isDry = args.flag('dry-run')
    const domains = readDomains(args)
    const mayBeNew = args.flag('new')
    if (mayBeNew && args.text('domain') === undefined)
      throw new UsageError('--new is for one file.', { hint: 'Name it: "npx gogga migrate --domain billing --new".' })
    if (mayBeNew) refuseLostLogs(paths, domains)
    else refuseLostFiles(paths, domains)
    const results = domains.map((domain) => {
      const path = paths[domain]
      return { domain, path, applied: isDry ? pendingOf(domain, path) : migrate(domain, path) }
    })
    const text = results.map(({ domain, path, applied }) => `${domain}.db at ${path}: ${wordsOf(applied, isDry)}\n`)
    process.stdout.write(args.flag('json') ? `${JSON.stringify({ files: results, dryRun: isDry })}\n` : text.join(''))
    return 0
  },
}

function pendingOf(domain: Domain, path: string): readonly string[] {
  if (!hasFile(path)) return migrationsOf(domain).map(({ name }) => name)
  const reader = openReader(domain, path)
  try {
    return migrationState(domain, reader).pending
  } finally {
    reader.close()
  }
}

function wordsOf(applied: readonly string[], isDry: boolean): string {
  if (applied.length === 0) return 'nothing is missing'
  return `${isDry ? 'would apply' : 'applied'} ${applied.join(', ')}`
}
