// The format of an archive (docs/decisions/0007-backups.md). The database is cut into MiBs; each is compressed by itself
// and, with a key, sealed by itself, so that both can be done in parallel and a damaged archive says where.
//
//   no key, none   the database itself
//   no key, zstd   a .zst file: before each frame a skippable frame of 4 bytes says how long it is, so that any zstd opens
//                  it and so can node:zlib, which reads one frame only
//   with a key     magic, length of the head, head (JSON), then the same records, each sealed by AES-256-GCM
//
// Sealing is the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár: Online Authenticated-Encryption and its
// Nonce-Reuse Misuse-Resistance, 2015): the nonce is the record's number and whether it is the last, the head is
// authenticated with every record. Records cannot be changed, reordered, repeated, cut off or taken from another archive.
import { createCipheriv, createDecipheriv, createHash } from 'node:crypto'
import { FileError, UsageError } from '../../errors.ts'
import { archiveKey, type BackupKey } from './keys.ts'
import type { Manifest } from './types.ts'

export const CHUNK_BYTES = 1 << 20
export const MAGIC = Buffer.from('GOGGABK1', 'latin1')
export const RECORD_HEAD_BYTES = 12
const SKIPPABLE_MAGIC = 0x184d2a5d
const TAG_BYTES = 16
/** What zstd makes of a MiB that it cannot compress, and the tag. */
export const MAX_RECORD_BYTES = CHUNK_BYTES + (CHUNK_BYTES >> 7) + 512 + TAG_BYTES

export interface ArchiveHead {
  readonly format: 1
  readonly id: string
  readonly domain: string
  readonly algorithm: 'aes-256-gcm'
  readonly keyId: string
  /** Hexadecimal. */
  readonly salt: string
  readonly compression: 'zstd' | 'none'
  readonly chunkBytes: number
}

type Kind = Pick<Manifest, 'id' | 'domain' | 'compression'>

export interface Sealer {
  /** What the archive begins with. */
  readonly head: Buffer
  /** The record of a payload; `last` once, at the end. */
  record(payload: Buffer, last: boolean): Buffer
}

export function createSealer(kind: Kind, key: BackupKey | undefined, salt: Buffer): Sealer {
  if (!key) {
    const framed = kind.compression === 'zstd'
    return { head: Buffer.alloc(0), record: (payload) => (framed ? withHead(payload) : payload) }
  }
  const head = headBytes({
    format: 1,
    id: kind.id,
    domain: kind.domain,
    algorithm: 'aes-256-gcm',
    keyId: key.id,
    salt: salt.toString('hex'),
    compression: kind.compression,
    chunkBytes: CHUNK_BYTES,
  })
  const secret = archiveKey(key, salt, kind.id)
  const data = createHash('sha256').update(head).digest()
  let count = 0
  return {
    head,
    record(payload, last) {
      const cipher = createCipheriv('aes-256-gcm', secret, nonce(count++, last)).setAAD(data)
      return withHead(Buffer.concat([cipher.update(payload), cipher.final(), cipher.getAuthTag()]))
    },
  }
}

/** Opens records in their order. Throws FileError at the first that is not what was sealed. */
export function createOpener(head: Buffer, parsed: ArchiveHead, key: BackupKey) {
  const secret = archiveKey(key, Buffer.from(parsed.salt, 'hex'), parsed.id)
  const data = createHash('sha256').update(head).digest()
  let count = 0
  return (record: Buffer, last: boolean): Buffer => {
    const at = count++
    try {
      const tag = record.subarray(record.length - TAG_BYTES)
      const decipher = createDecipheriv('aes-256-gcm', secret, nonce(at, last)).setAAD(data).setAuthTag(tag)
      return Buffer.concat([decipher.update(record.subarray(0, record.length - TAG_BYTES)), decipher.final()])
    } catch (cause) {
      throw new FileError(
        `${parsed.id}: record ${at} of the archive is not what was written: changed, moved or cut off`,
        {
          cause,
          hint: DAMAGED_HINT,
        },
      )
    }
  }
}

export const DAMAGED_HINT = 'Take another backup ("gogga backup list") or another copy of this one.'

/** Throws FileError when these are no archive's first bytes, UsageError when the key is missing or another. */
export function readHead(json: Buffer, manifest: Kind, key: BackupKey | undefined): ArchiveHead {
  const head = parseHead(json, manifest.id)
  if (head.id !== manifest.id || head.domain !== manifest.domain || head.compression !== manifest.compression)
    throw new FileError(`The archive of ${manifest.id} is that of ${head.id}`, { hint: DAMAGED_HINT })
  const hint = `Name the file of key ${head.keyId} as keyFile of ${head.domain} in the backup policy.`
  if (!key) throw new UsageError(`${head.id} is encrypted, and there is no key for ${head.domain}`, { hint })
  if (key.id !== head.keyId)
    throw new UsageError(`${head.id} is encrypted with key ${head.keyId}, the policy has key ${key.id}`, { hint })
  return head
}

function parseHead(json: Buffer, id: string): ArchiveHead {
  try {
    const head = JSON.parse(json.toString('utf8')) as ArchiveHead
    if (head.format === 1 && head.algorithm === 'aes-256-gcm' && head.chunkBytes === CHUNK_BYTES) return head
  } catch {}
  throw new FileError(`The archive of ${id} begins with a head that this version does not know`, { hint: DAMAGED_HINT })
}

function headBytes(head: ArchiveHead): Buffer {
  const json = Buffer.from(JSON.stringify(head))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(json.length)
  return Buffer.concat([MAGIC, length, json])
}

function withHead(payload: Buffer): Buffer {
  const head = Buffer.alloc(RECORD_HEAD_BYTES)
  head.writeUInt32LE(SKIPPABLE_MAGIC, 0)
  head.writeUInt32LE(4, 4)
  head.writeUInt32LE(payload.length, 8)
  return Buffer.concat([head, payload])
}

/** Bytes of the record that follows; undefined where this is no record's head. */
export function recordLength(head: Buffer): number | undefined {
  const length = head.readUInt32LE(8)
  const isHead = head.readUInt32LE(0) === SKIPPABLE_MAGIC && head.readUInt32LE(4) === 4
  return isHead && length <= MAX_RECORD_BYTES ? length : undefined
}

/** 11 bytes of the record's number, one that says whether it is the last. */
function nonce(count: number, last: boolean): Buffer {
  const bytes = Buffer.alloc(12)
  bytes.writeUIntBE(count, 5, 6)
  bytes[11] = last ? 1 : 0
  return bytes
}
