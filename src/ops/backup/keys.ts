// Keys of backups: each file has its own, in a file that only whoever backs it up or restores it can read.
import { createHash, hkdfSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { UsageError } from '../../errors.ts'

export interface BackupKey {
  readonly bytes: Buffer
  /** First 8 hexadecimal digits of its SHA-256: tells keys apart and says nothing about them. */
  readonly id: string
}

export const KEY_BYTES = 32

/** Raw, hexadecimal or base64. Throws UsageError that says what is wrong with the file, never what is in it. */
export function readKey(path: string): BackupKey {
  const bytes = decode(read(path))
  if (bytes) return { bytes, id: createHash('sha256').update(bytes).digest('hex').slice(0, 8) }
  throw new UsageError(`The key file ${path} does not hold ${KEY_BYTES} bytes, raw, in hexadecimal or in base64`, {
    hint: `Make one: openssl rand -hex ${KEY_BYTES} > ${path}; chmod 600 ${path}. Keep a copy elsewhere: without it no backup opens.`,
  })
}

function read(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw new UsageError(`The key file ${path} cannot be read: ${(cause as NodeJS.ErrnoException).code}`, {
      cause,
      hint: 'Check keyFile in the backup policy and the rights on the file.',
    })
  }
}

function decode(content: Buffer): Buffer | undefined {
  if (content.length === KEY_BYTES) return content
  const text = content.toString('latin1').trim()
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex')
  return /^[A-Za-z0-9+/]{43}=$/.test(text) ? Buffer.from(text, 'base64') : undefined
}

/** The key of one archive, so that its nonces can count from zero (RFC 5869; the salt is in the archive's head). */
export const archiveKey = (key: BackupKey, salt: Buffer, backupId: string): Buffer =>
  Buffer.from(hkdfSync('sha256', key.bytes, salt, `gogga-backup/1 ${backupId}`, KEY_BYTES))
