import { UsageError } from '../errors.ts'
import { merge } from '../transfer/merge.ts'
import type { Command } from './command.ts'
import { refuseRestores } from './cut-off-restores.ts'
import { openTransferContext } from './transfer-context.ts'
import { printMerge, printProof } from './transfer-output.ts'

export const mergeCommand: Command = {
  usage: 'merge DIR --into FILE [--layout single|prefixed] [--json]',
  summary: 'Merge the three files back into one database, with proof.',
  positionals: { least: 1, most: 1 },
  options: {
    into: { type: 'string', value: 'FILE', help: 'the new database; it must not exist yet' },
    layout: {
      type: 'string',
      value: 'single|prefixed',
      default: 'single',
      help: 'single: the unified tables as they were; prefixed: auth_User, billing_Subscription, admin_Voucher …',
    },
  },
  examples: ['merge data --into unified.db', 'merge data --into one-file.db --layout prefixed --json'],
  files: 'itself',
  async run(args) {
    const [from = ''] = args.positionals
    const into = args.text('into')
    if (!into) throw new UsageError('merge needs a file to write.', { hint: 'Usage: gogga merge DIR --into FILE' })
    const layout = args.text('layout')
    if (layout !== 'single' && layout !== 'prefixed') {
      throw new UsageError(`--layout expects single or prefixed, got "${layout}".`)
    }
    refuseRestores(from)
    using context = openTransferContext()
    const report = await merge({ from, into, layout, context })
    context[Symbol.dispose]()
    process.stdout.write(
      args.flag('json') ? `${JSON.stringify(report)}\n` : `${printMerge(report)}\n${printProof(report)}`,
    )
    return 0
  },
}
