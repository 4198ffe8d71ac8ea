import type { Refusal } from '../compliance/chain/before-signing.ts'
import { exportHeads, listHeads, type SignOptions, trySigning } from '../compliance/chain/heads.ts'
import { readPublicKeys } from '../compliance/signing.ts'
import { type Config, readConfig } from '../config.ts'
import { createContext } from '../context.ts'
import type { Head } from '../database/chain-heads.ts'
import { DOMAINS } from '../database/domains.ts'
import { UsageError } from '../errors.ts'
import { signingKeyOf } from './audit-context.ts'
import type { Arguments, Command } from './command.ts'
import { writeOut } from './write-out.ts'

export const auditHeadsCommand: Command = {
  usage: 'audit heads [--sign [--accept NAME]… [--public-key FILE]…] [--export FILE] [--json]',
  summary:
    "List how far the logs' chains went, sign it now, or write it to a file that a reviewer keeps (POPIA section 19).",
  options: {
    sign: { type: 'boolean', help: 'make a head for each chain now, beside the one that a server makes every day' },
    accept: {
      type: 'string',
      value: 'NAME',
      multiple: true,
      help: 'with --sign: sign although that was refused, as it says; may be repeated',
    },
    'public-key': {
      type: 'string',
      value: 'FILE',
      multiple: true,
      help: 'with --sign: public keys (PEM) that signed before, where the configured key is a new one; may be repeated',
    },
    export: {
      type: 'string',
      value: 'FILE',
      help: 'write all heads to FILE, as JSON lines, for "audit verify --verify-against"',
    },
  },
  examples: [
    'audit heads',
    'audit heads --sign',
    'audit heads --sign --public-key old.pem # with a new key, on top of what the old one signed',
    'audit heads --sign --accept restored-admin-20261122181500123 # a restore that your own record has',
    'audit heads --export heads-2026-11.jsonl',
  ],
  files: (args) => (args.flag('sign') ? 'changes' : 'reads'),
  async run(args) {
    const config = readConfig()
    const signing = signingOf(config, args)
    await using context = await createContext(config)
    const refused = signing ? (await trySigning(context.files, { ...signing, now: context.now() })).refused : []
    if (signing && !signing.key && refused.length < DOMAINS.length)
      process.stderr.write('GOGGA_SIGNING_KEY_FILE is not set: the heads are kept without a signature.\n')
    for (const refusal of refused) process.stderr.write(told(refusal))
    const heads = listHeads(context.files)
    const file = args.text('export')
    if (file !== undefined) writeOut(file, exportHeads(heads), 0o644)
    if (args.flag('json')) process.stdout.write(`${JSON.stringify(heads.map(shown))}\n`)
    else process.stdout.write(file === undefined ? heads.map(line).join('') : `${heads.length} head(s) in ${file}\n`)
    if (signing && !args.flag('json')) process.stdout.write(CHECKED)
    return refused.length === 0 ? 0 : 1
  },
}

const CHECKED = 'Only what came since the last head was checked; "gogga audit verify" checks all.\n'

/** Undefined where nothing is to be signed. Throws UsageError. */
function signingOf(config: Config, args: Arguments): Omit<SignOptions, 'now'> | undefined {
  const [accept, files] = [args.list('accept'), args.list('public-key')]
  if (args.flag('sign')) return { key: signingKeyOf(config), accept, publicKeys: files.flatMap(readPublicKeys) }
  if (accept.length + files.length > 0) throw new UsageError('--accept and --public-key go with --sign.')
  return undefined
}

const told = ({ domain, why, accept }: Refusal): string =>
  `${domain}.db gets no head: ${why}.\n  See "gogga audit verify". Where your own records explain it, and only then: gogga audit heads --sign --accept ${accept}\n`

const shown = ({ signature, hash, ...head }: Head) => ({
  ...head,
  hash: hash.toString('hex'),
  signature: signature?.toString('hex') ?? null,
})

const line = ({ id, createdAt, position, hash, keyId }: Head): string =>
  `${createdAt} ${id} position ${position} ${hash.toString('hex').slice(0, 16)}… ${keyId ? `signed with ${keyId}` : 'not signed'}\n`
