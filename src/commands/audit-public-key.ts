import { readConfig } from '../config.ts'
import { UsageError } from '../errors.ts'
import { signingKeyOf } from './audit-context.ts'
import type { Command } from './command.ts'

export const auditPublicKeyCommand: Command = {
  usage: 'audit public-key [--json]',
  summary: 'Print the public key that signatures are checked with, for whoever audits (POPIA section 19).',
  examples: ['audit public-key > gogga.pem', 'audit public-key --json'],
  files: 'none',
  run(args) {
    const key = signingKeyOf(readConfig())
    if (!key)
      throw new UsageError('GOGGA_SIGNING_KEY_FILE is not set: nothing is signed', {
        hint: 'Make a key: openssl genpkey -algorithm ed25519 -out signing.pem; chmod 600 signing.pem. Then set GOGGA_SIGNING_KEY_FILE to it.',
      })
    const { id, publicPem } = key
    process.stdout.write(args.flag('json') ? `${JSON.stringify({ id, publicPem })}\n` : publicPem)
    return Promise.resolve(0)
  },
}
