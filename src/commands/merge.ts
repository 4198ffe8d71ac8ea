import { randomUUID } from 'node:crypto'
import { noteEverybody } from '../compliance/everybody.ts'
import { pathInFolder, readConfig } from '../config.ts'
import { requireMigrated } from '../context.ts'
import { openFile } from '../database/clients.ts'
import { UsageError } from '../errors.ts'
import { type PurposeId, purposesFor } from '../identity/purposes.ts'
import { merge } from '../transfer/merge.ts'
import { requireFiles, requireNothingAt } from '../transfer/merge-checks.ts'
import type { Arguments, Command } from './command.ts'
import { refuseRestores } from './cut-off-restores.ts'
import { osUser } from './os-user.ts'
import { openTransferContext } from './transfer-context.ts'
import { printMerge, printProof } from './transfer-output.ts'

/** The merged file has every kind of personal information, joined with all the rest. */
const FITTING = purposesFor(['email', 'phone', 'ip', 'name', 'freetext'])

export const mergeCommand: Command = {
  usage: 'merge DIR --into FILE --purpose PURPOSE [--layout single|prefixed] [--json]',
  summary: 'Merge the three files back into one database, with proof; leaves everybody in the access log of DIR.',
  positionals: { least: 1, most: 1 },
  options: {
    into: { type: 'string', value: 'FILE', help: 'the new database; it must not exist yet' },
    purpose: {
      type: 'string',
      value: 'PURPOSE',
      help: `what the merged file is for (POPIA s13): ${FITTING.join(', ')}`,
    },
    layout: {
      type: 'string',
      value: 'single|prefixed',
      default: 'single',
      help: 'single: the unified tables as they were; prefixed: auth_User, billing_Subscription, admin_Voucher …',
    },
  },
  examples: [
    'merge data --into unified.db --purpose moving-back',
    'merge data --into one-file.db --purpose legal-obligation --layout prefixed --json',
  ],
  files: 'itself',
  async run(args) {
    const [from = ''] = args.positionals
    const into = args.text('into')
    if (!into) throw new UsageError('merge needs a file to write.', { hint: 'Usage: gogga merge DIR --into FILE' })
    const layout = args.text('layout')
    if (layout !== 'single' && layout !== 'prefixed') {
      throw new UsageError(`--layout expects single or prefixed, got "${layout}".`)
    }
    const purpose = readPurpose(args)
    refuseRestores(from)
    requireFiles(from)
    requireNothingAt(into)
    await note(from, purpose)
    using context = openTransferContext()
    const report = await merge({ from, into, layout, context })
    context[Symbol.dispose]()
    process.stdout.write(
      args.flag('json') ? `${JSON.stringify(report)}\n` : `${printMerge(report)}\n${printProof(report)}`,
    )
    return 0
  },
}

function readPurpose(args: Arguments): PurposeId {
  const given = args.text('purpose')
  const purpose = FITTING.find((id) => id === given)
  if (purpose !== undefined) return purpose
  const hint = `Fitting are ${FITTING.join(', ')}; "gogga purposes" tells what each is for.`
  throw new UsageError(
    given === undefined
      ? "The merged file has everybody's personal information in clear: say what it is for, by --purpose."
      : `--purpose is none of the register that covers all that the merged file has: "${given}".`,
    { hint },
  )
}

/** Before anything is written, in the files themselves: merge takes a copy of them from then on. */
async function note(from: string, purpose: PurposeId): Promise<void> {
  await using identity = await openFile('identity', pathInFolder(from, 'identity'), readConfig())
  requireMigrated(identity)
  const access = { command: 'gogga merge', fields: ['*'], purpose, osUser: osUser() }
  await noteEverybody(identity, access, { now: () => new Date(), newId: randomUUID })
}
