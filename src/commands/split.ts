import { UsageError } from '../errors.ts'
import type { SplitReport } from '../transfer/report.ts'
import { split } from '../transfer/split.ts'
import type { Command } from './command.ts'
import { openTransferContext } from './transfer-context.ts'
import { printProof, printSplit } from './transfer-output.ts'

export const splitCommand: Command = {
  usage: 'split LEGACY.db --into DIR [--dry-run] [--unassigned carry|refuse] [--json]',
  summary: 'Split the unified database into identity.db, billing.db and admin.db, with proof.',
  positionals: { least: 1, most: 1 },
  options: {
    into: { type: 'string', value: 'DIR', help: 'folder for the new files; it must not hold any yet' },
    'dry-run': { type: 'boolean', help: 'read and plan, report what would happen, write nothing' },
    unassigned: {
      type: 'string',
      value: 'carry|refuse',
      default: 'carry',
      help: 'unknown tables and columns: carry them whole in unassigned.db, or refuse',
    },
  },
  examples: [
    'split dev.db --into data --dry-run',
    'split dev.db --into data',
    'split dev.db --into data --unassigned refuse --json',
  ],
  files: 'none',
  async run(args) {
    const [legacy = ''] = args.positionals
    const into = args.text('into')
    if (!into)
      throw new UsageError('split needs a folder for the new files.', {
        hint: 'Usage: gogga split LEGACY.db --into DIR',
      })
    const unassigned = args.text('unassigned')
    if (unassigned !== 'carry' && unassigned !== 'refuse')
      throw new UsageError(`--unassigned expects carry or refuse, got "${unassigned}".`)
    using context = openTransferContext()
    const report = await split({ legacy, into, unassigned, dryRun: args.flag('dry-run'), context })
    context[Symbol.dispose]()
    print(report, args.flag('json'))
    return 0
  },
}

function print(report: SplitReport, json: boolean): void {
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : `${printSplit(report)}\n${printProof(report)}`)
}
