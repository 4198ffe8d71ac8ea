// What the commands about the logs' chains share: the keys.
import { readPublicKeys, readSigningKey, type SigningKey } from '../compliance/signing.ts'
import type { Config } from '../config.ts'
import type { Arguments, Option } from './command.ts'

export const signingKeyOf = ({ signingKeyFile }: Pick<Config, 'signingKeyFile'>): SigningKey | undefined =>
  signingKeyFile === undefined ? undefined : readSigningKey(signingKeyFile)

export const PUBLIC_KEY: Option = {
  type: 'string',
  value: 'FILE',
  multiple: true,
  help: 'public keys (PEM) beside the configured one, such as those of before; may be repeated',
}

/** The public half of the configured key, and those that `--public-key` names. Throws UsageError. */
export function publicKeysOf(config: Pick<Config, 'signingKeyFile'>, args: Arguments): readonly string[] {
  const own = signingKeyOf(config)?.publicPem
  return [...(own === undefined ? [] : [own]), ...args.list('public-key').flatMap(readPublicKeys)]
}
