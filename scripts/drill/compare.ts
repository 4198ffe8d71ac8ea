// The comparison at the end of the drill in docs/operations.md.
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { readConfig } from '../../src/config.ts'
import { quote } from '../../src/database/catalog.ts'
import { type Connection, openReader } from '../../src/database/connections.ts'
import { DOMAINS, type Domain } from '../../src/database/domains.ts'
import { newestBackup } from '../../src/ops/backup/list.ts'
import { readPolicies } from '../../src/ops/backup/policy.ts'
import { type Comparison, compare, type Questions, type Restored } from './comparison.ts'
import { type PlacedRow, read } from './ledger.ts'

const HELP = `Compares what a server acknowledged with what the three files hold after billing.db was restored. Reads only.

Usage: node scripts/run.mjs scripts/drill/compare.ts --ledger FILE --restored FILE [--json]

  --ledger FILE     what scripts/drill/load.ts wrote
  --restored FILE   what "gogga restore billing --json" printed
  --json            all of it as JSON on stdout

The files are those of GOGGA_DATA_DIR, the last backup that of GOGGA_BACKUP_POLICY. Exit code 0: nothing is missing that was acknowledged before the backup or in
another file, and the sums are right; 1: something is; 2: wrong use.

Examples:
  $ node scripts/run.mjs scripts/drill/compare.ts --ledger ledger.jsonl --restored restored.json
`

/** What a voucher of this type gives. */
const CREDITS: Readonly<Record<string, number>> = { R200: 50_000, R500: 150_000, R1000: 350_000 }

const string = { type: 'string' } as const
const options = { ledger: string, restored: string, json: { type: 'boolean' }, help: { type: 'boolean' } } as const
const { values } = parseArgs({ options })
if (values.help) process.stdout.write(HELP)
else if (values.ledger && values.restored) await run(values.ledger, values.restored)
else {
  process.stderr.write('compare: --ledger and --restored are needed; see --help\n')
  process.exitCode = 2
}

async function run(ledger: string, restored: string): Promise<void> {
  const { paths, dataDir, backupPolicy: file } = readConfig()
  const { manifest } = await newestBackup(readPolicies({ file, dataDir }).billing)
  const readers = Object.fromEntries(DOMAINS.map((domain) => [domain, openReader(domain, paths[domain])]))
  const report = JSON.parse(readFileSync(restored, 'utf8')) as Restored
  const comparison = compare(read(ledger), manifest, report, questionsTo(readers as Record<Domain, Connection>))
  process.stdout.write(values.json ? `${JSON.stringify(comparison)}\n` : textOf(comparison))
  process.exitCode = comparison.problems.length === 0 ? 0 : 1
}

function questionsTo(readers: Readonly<Record<Domain, Connection>>): Questions {
  const ask = ({ file, table, where }: PlacedRow) => {
    const fits = Object.keys(where).map((column) => `${quote(column)} = ?`)
    const rows = readers[file].prepare(`select * from ${quote(table)} where ${fits.join(' and ')}`)
    return rows.all(...Object.values(where)) as { id: string }[]
  }
  const [credits, vouchers] = [
    readers.billing.prepare('select credits from "Subscription" where userId = ?').pluck(),
    readers.admin.prepare('select type from "Voucher" where redeemedBy = ?').pluck(),
  ]
  return {
    has: (row) => ask(row).length > 0,
    logs: (row) => ask(row).map(({ id }) => id),
    balance: (person) => ({
      credits: (credits.get(person) as number | undefined) ?? 0,
      fromVouchers: (vouchers.all(person) as string[]).reduce((total, type) => total + (CREDITS[type] ?? 0), 0),
    }),
  }
}

function textOf({ backup, acknowledged, before, after, elsewhere, balances, named, ...rest }: Comparison): string {
  const { lostRows, problems } = rest
  const lines = [
    `${backup.id}, taken at ${backup.takenAt}`,
    `${acknowledged} changes were acknowledged:`,
    `  ${before.changes} before the backup, with ${before.rows} rows`,
    `  ${after.changes} after it, of which`,
    `    ${after.inBackup} in the backup all the same`,
    `    ${after.cameBack} came back by themselves, out of admin.db and identity.db`,
    `    ${after.elsewhere} not of billing.db`,
    `    ${after.lost} lost; ${named} of them, acts of administrators, were named by the restore`,
    `${elsewhere.rows} rows of identity.db and admin.db, and the balances of ${balances} people were looked at`,
    `Lost, row by row (${lostRows.length}):`,
    ...lostRows.map(
      ({ file, table, key, at, what, person }) => `  ${at}  ${file}.${table} ${key}  ${what} of ${person}`,
    ),
    problems.length === 0 ? 'Nothing else is missing.' : `${problems.length} problems:`,
    ...problems.map((problem) => `  ${problem}`),
  ]
  return `${lines.join('\n')}\n`
}
