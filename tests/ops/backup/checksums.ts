// The checksum of an archive, made by the tests themselves.
import { createHash } from 'node:crypto'
import type { Manifest } from '../../../src/ops/backup/types.ts'

export const checksumOf = (archive: Buffer): Manifest['checksum'] => ({
  stored: createHash('sha256').update(archive).digest('hex'),
})
