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
  help: 'believe these public keys (PEM) and no others, not even the configured one; may be repeated',
}

export interface PublicKeys {
  readonly publicKeys: readonly string[]
  /** `--public-key` named them: nobody else is believed. */
  readonly onlyKeys: boolean
}

/** Those that `--public-key` names, or else the public half of the configured one. Throws UsageError. */
export function publicKeysOf(config: Pick<Config, 'signingKeyFile'>, args: Arguments): PublicKeys {
  const given = args.list('public-key').flatMap(readPublicKeys)
  if (given.length > 0) return { publicKeys: given, onlyKeys: true }
  const own = signingKeyOf(config)?.publicPem
  return { publicKeys: own === undefined ? [] : [own], onlyKeys: false }
}
