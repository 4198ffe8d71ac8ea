// The key for the mark that a restore leaves.
import { readSigningKey, type SigningKey } from '../compliance/signing.ts'
import type { Config } from '../config.ts'
import { UsageError } from '../errors.ts'

/**
 * Undefined where none is set. One that cannot be read is told and keeps nobody from restoring: the mark can be signed later
 * ("gogga audit heads --sign --accept ID").
 */
export function markSignerOf({ signingKeyFile }: Pick<Config, 'signingKeyFile'>): SigningKey | undefined {
  if (signingKeyFile === undefined) return undefined
  try {
    return readSigningKey(signingKeyFile)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    process.stderr.write(`${error.message}\n  What a restore leaves for "gogga audit verify" is not signed.\n`)
    return undefined
  }
}
