// From the archive back to the database, as a stream: nothing is believed before the archive's checksum fits. Beneath it
// each sealed record and each compressed one proves itself: by its tag, by the checksum of its zstd frame.
import { createHash, type Hash } from 'node:crypto'
import { open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { zstdDecompress, zstdDecompressSync } from 'node:zlib'
import { FileError } from '../../errors.ts'
import {
  CHUNK_BYTES,
  createOpener,
  DAMAGED_HINT,
  MAGIC,
  MAX_RECORD_BYTES,
  RECORD_HEAD_BYTES,
  readHead,
  recordLength,
} from './archive.ts'
import { inOrder } from './chunks.ts'
import type { BackupKey } from './keys.ts'
import type { Manifest } from './types.ts'

/** At most a MiB comes out of a record, whatever it claims; in one step, not in 64 of 16 KiB. */
const LIMIT = { maxOutputLength: CHUNK_BYTES, chunkSize: CHUNK_BYTES + 64 }
const decompress = promisify(zstdDecompress) as (record: Buffer, options: typeof LIMIT) => Promise<Buffer>

export interface UnpackOptions {
  readonly manifest: Manifest
  readonly key: BackupKey | undefined
  readonly signal?: AbortSignal | undefined
  readonly progress?: ((done: number, total: number) => void) | undefined
}

/**
 * Writes the database at `target`, which must not exist, with mode 0600, and syncs it. Throws FileError where the archive
 * is not what the manifest says, UsageError where the key is missing or wrong; what was written then is not to be used.
 */
export async function unpack(archive: Readable, target: string, options: UnpackOptions): Promise<void> {
  const { manifest, signal, progress } = options
  await using into = await open(target, 'wx', 0o600)
  let bytes = 0
  const opened = async (payload: Buffer) => {
    if (manifest.compression === 'none') return payload
    return await decompress(payload, LIMIT).catch((cause) => {
      throw undecompressed(manifest, cause)
    })
  }
  for await (const chunk of checked(archive, options, (chunks) => inOrder(chunks, opened))) {
    signal?.throwIfAborted()
    await into.write(chunk, 0, chunk.length, bytes)
    bytes += chunk.length
    progress?.(bytes, manifest.bytes.plain)
  }
  await into.sync()
}

/**
 * The database's bytes, one piece at a time on this thread: for who looks at them once and keeps nothing. What `unpack` throws is
 * thrown here as well, at the end at the latest: before it nothing is to be believed.
 */
export const plainOf = (archive: Readable, options: UnpackOptions): AsyncGenerator<Buffer> =>
  checked(archive, options, async function* (chunks) {
    for await (const payload of chunks) yield openedAtOnce(options.manifest, payload)
  })

function openedAtOnce(manifest: Manifest, payload: Buffer): Buffer {
  if (manifest.compression === 'none') return payload
  try {
    return zstdDecompressSync(payload, LIMIT)
  } catch (cause) {
    throw undecompressed(manifest, cause)
  }
}

async function* checked(
  archive: Readable,
  options: UnpackOptions,
  opened: (chunks: AsyncIterable<Buffer>) => AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  const { manifest } = options
  const stored = createHash('sha256')
  let bytes = 0
  for await (const chunk of opened(chunksOf(createReader(archive, stored), options))) {
    bytes += chunk.length
    yield chunk
  }
  if (stored.digest('hex') !== manifest.checksum.stored) throw damaged(manifest, 'it has another checksum')
  if (bytes !== manifest.bytes.plain) throw damaged(manifest, 'the database in it has another size')
}

/** The chunks as they were packed, decrypted, not yet decompressed. */
async function* chunksOf(reader: Reader, { manifest, key }: UnpackOptions): AsyncGenerator<Buffer> {
  if (manifest.encryption === null && manifest.compression === 'none') {
    for (let chunk = await reader.upTo(CHUNK_BYTES); chunk.length > 0; chunk = await reader.upTo(CHUNK_BYTES))
      yield chunk
    return
  }
  const openRecord = manifest.encryption === null ? (record: Buffer) => record : await openerOf(reader, manifest, key)
  const first = await readRecord(reader, manifest)
  if (!first) throw damaged(manifest, 'it is cut off')
  for (let record: Buffer | undefined = first; record; ) {
    const next = await readRecord(reader, manifest)
    yield openRecord(record, next === undefined)
    record = next
  }
}

async function openerOf(reader: Reader, manifest: Manifest, key: BackupKey | undefined) {
  const start = await reader.upTo(MAGIC.length + 4)
  const length = start.length === MAGIC.length + 4 ? start.readUInt32LE(MAGIC.length) : 0
  if (!start.subarray(0, MAGIC.length).equals(MAGIC) || length > 4096)
    throw damaged(manifest, 'it is no encrypted archive')
  const json = await reader.upTo(length)
  const parsed = readHead(json, manifest, key)
  return createOpener(Buffer.concat([start, json]), parsed, key as BackupKey)
}

async function readRecord(reader: Reader, manifest: Manifest): Promise<Buffer | undefined> {
  const head = await reader.upTo(RECORD_HEAD_BYTES)
  if (head.length === 0) return undefined
  const length = head.length === RECORD_HEAD_BYTES ? recordLength(head) : undefined
  if (length === undefined) throw damaged(manifest, 'a record of it does not begin as one')
  const record = await reader.upTo(Math.min(length, MAX_RECORD_BYTES))
  if (record.length < length) throw damaged(manifest, 'it is cut off')
  return record
}

const damaged = ({ id, archive }: Manifest, why: string, cause?: unknown) =>
  new FileError(`${id}: the archive ${archive} is damaged: ${why}`, { cause, hint: DAMAGED_HINT })

const undecompressed = (manifest: Manifest, cause: unknown) =>
  damaged(manifest, 'a part of it does not decompress', cause)

interface Reader {
  /** So many bytes, fewer at the end only. */
  upTo(length: number): Promise<Buffer>
}

function createReader(source: Readable, hash: Hash): Reader {
  const pieces = source[Symbol.asyncIterator]()
  let rest: Buffer = Buffer.alloc(0)
  return {
    async upTo(length) {
      const parts = [rest]
      let have = rest.length
      while (have < length) {
        const { value, done } = await pieces.next()
        if (done) break
        hash.update(value as Buffer)
        parts.push(value as Buffer)
        have += (value as Buffer).length
      }
      const all = parts.length === 1 ? rest : Buffer.concat(parts)
      rest = all.subarray(length)
      return all.subarray(0, length)
    },
  }
}
