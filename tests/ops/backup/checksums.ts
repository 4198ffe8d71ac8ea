// The checksums of an uncompressed archive without a key, made another way than the program makes them.
import { createHash } from 'node:crypto'
import type { Manifest } from '../../../src/ops/backup/types.ts'

const sha256 = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest()

export function checksumOf(database: Buffer): Manifest['checksum'] {
  const digests: Buffer[] = []
  for (let at = 0; at < database.length; at += 1 << 20) digests.push(sha256(database.subarray(at, at + (1 << 20))))
  return { plain: sha256(Buffer.concat(digests)).toString('hex'), stored: sha256(database).toString('hex') }
}
