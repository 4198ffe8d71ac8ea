// What the commands about the logs' chains share: the configured key, and readers that nobody else uses.
import { readPublicKeys, readSigningKey, type SigningKey } from '../compliance/signing.ts'
import type { Config } from '../config.ts'
import type { Connection } from '../database/connections.ts'
import { openReader } from '../database/connections.ts'
import type { Domain } from '../database/domains.ts'
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

export interface OwnReaders extends Disposable {
  readonly readers: Readonly<Record<Domain, Connection>>
}

/** Throws FileError where one of them is missing. */
export function openOwnReaders(paths: Config['paths']): OwnReaders {
  using opened = new DisposableStack()
  const open = (domain: Domain) => opened.adopt(openReader(domain, paths[domain], { cacheMb: 8 }), (one) => one.close())
  const readers = { identity: open('identity'), billing: open('billing'), admin: open('admin') }
  const owned = opened.move()
  return { readers, [Symbol.dispose]: () => owned.dispose() }
}
