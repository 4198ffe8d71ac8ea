import { exportHeads, listHeads, signHeads } from '../compliance/chain/heads.ts'
import { readConfig } from '../config.ts'
import { createContext } from '../context.ts'
import type { Head } from '../database/chain-heads.ts'
import { writeWhole } from '../database/durable.ts'
import { signingKeyOf } from './audit-context.ts'
import type { Command } from './command.ts'

export const auditHeadsCommand: Command = {
  usage: 'audit heads [--sign] [--export FILE] [--json]',
  summary:
    "List how far the logs' chains went, sign it now, or write it to a file that a reviewer keeps (POPIA section 19).",
  options: {
    sign: { type: 'boolean', help: 'make a head for each chain now, beside the one that a server makes every day' },
    export: {
      type: 'string',
      value: 'FILE',
      help: 'write all heads to FILE, as JSON lines, for "audit verify --verify-against"',
    },
  },
  examples: ['audit heads', 'audit heads --sign', 'audit heads --export heads-2026-11.jsonl', 'audit heads --json'],
  files: (args) => (args.flag('sign') ? 'changes' : 'reads'),
  async run(args) {
    const config = readConfig()
    const key = args.flag('sign') ? signingKeyOf(config) : undefined
    await using context = await createContext(config)
    if (args.flag('sign')) {
      if (!key) process.stderr.write('GOGGA_SIGNING_KEY_FILE is not set: the heads are kept without a signature.\n')
      await signHeads(context.files, { now: context.now(), key })
    }
    const heads = listHeads(context.files)
    const file = args.text('export')
    if (file !== undefined) writeWhole(file, exportHeads(heads), 0o644)
    if (args.flag('json')) process.stdout.write(`${JSON.stringify(heads.map(shown))}\n`)
    else process.stdout.write(file === undefined ? heads.map(line).join('') : `${heads.length} head(s) in ${file}\n`)
    return 0
  },
}

const shown = ({ signature, hash, ...head }: Head) => ({
  ...head,
  hash: hash.toString('hex'),
  signature: signature?.toString('hex') ?? null,
})

const line = ({ id, createdAt, position, hash, keyId }: Head): string =>
  `${createdAt} ${id} position ${position} ${hash.toString('hex').slice(0, 16)}… ${keyId ? `signed with ${keyId}` : 'not signed'}\n`
