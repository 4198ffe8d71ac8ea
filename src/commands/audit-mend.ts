import { type Mended, type MendReport, mend, type Why } from '../compliance/mend/mend.ts'
import { readConfig } from '../config.ts'
import { createContext } from '../context.ts'
import type { Command } from './command.ts'
import { createProgress } from './progress.ts'

export const auditMendCommand: Command = {
  usage: 'audit mend [--dry-run] [--json]',
  summary:
    'Take personal information out of rows of billing.db and admin.db into identity.db, with tokens in its place (POPIA section 19).',
  options: { 'dry-run': { type: 'boolean', help: 'count what would be taken out, and change nothing' } },
  examples: ['audit mend --dry-run', 'audit mend', 'audit mend --json'],
  files: 'changes',
  async run(args) {
    const dryRun = args.flag('dry-run')
    const progress = createProgress({ now: () => performance.now(), units: { mend: 'values' } })
    try {
      progress.update('mend', 0, 0) // How many there are is not known before.
      await using context = await createContext(readConfig())
      const { files, now } = context
      const report = await mend(files, {
        ...{ dryRun, now, randomBytes: context.sagas.randomBytes },
        onProgress: (values, table) => progress.update('mend', values, values, table),
      })
      process.stdout.write(args.flag('json') ? `${JSON.stringify(report)}\n` : printed(report))
      return report.left.length === 0 ? 0 : 1
    } finally {
      progress.stop()
    }
  },
}

const WHY: Readonly<Record<Why, string>> = {
  log: 'stays: rows of a log are never changed; keep readers from it until its retention ends',
  id: 'stays: other rows name this one by it; see what "gogga audit" says of it',
  message: 'stays: it is on its way to another file; deliver or drop the message ("gogga outbox list")',
  changed: 'stays: somebody wrote to the row meanwhile; run this again',
}

function printed({ dryRun, mended, left }: MendReport): string {
  const kindsOf = (kinds: Readonly<Record<string, number>>) =>
    Object.entries(kinds)
      .map(([kind, count]) => `${count} ${kind}`)
      .join(', ')
  const countOf = ({ kinds, values }: Mended) =>
    `${Object.values(kinds).reduce((sum, count) => sum + count, 0)} value(s) (${kindsOf(kinds)}) in ${values} row(s)`
  const verb = dryRun ? 'would be detached' : 'detached'
  const lines = [
    ...mended.map((one) => `${one.file} ${one.table}.${one.column}: ${countOf(one)} ${verb}`),
    ...left.map((one) => `${one.file} ${one.table}.${one.column}: ${countOf(one)}; ${WHY[one.why]}`),
  ]
  return lines.length === 0 ? 'Nothing was found.\n' : `${lines.join('\n')}\n`
}
