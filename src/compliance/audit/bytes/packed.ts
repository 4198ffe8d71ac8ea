// Files that are compressed are looked into as what they are of; those that nothing here opens are told.
import { createReadStream } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { createGunzip, createZstdDecompress } from 'node:zlib'

const READ_BYTES = 1 << 18
const GZIP = '1f8b'
const ZSTD = '28b52ffd'
/** By the first bytes, in hexadecimal. */
const CLOSED: readonly (readonly [begins: string, what: string])[] = [
  ['504b0304', 'a ZIP archive'],
  ['fd377a585a00', 'compressed by xz'],
  ['425a68', 'compressed by bzip2'],
  ['377abcaf271c', 'a 7-Zip archive'],
  ['526172211a07', 'a RAR archive'],
  ['04224d18', 'compressed by LZ4'],
  ['5d2a4d18', 'a compressed backup'],
  ['474f474741424b31', 'an encrypted backup'],
  ['6167652d656e6372797074696f6e', 'encrypted by age'],
  ['2d2d2d2d2d424547494e20504750', 'encrypted by PGP'],
  ['53616c7465645f5f', 'encrypted by OpenSSL'],
]
const LONGEST = 16

/** What the file is of; undefined where it is no such file. Throws where it is closed to this program. */
export async function unpackedOf(file: FileHandle, path: string): Promise<AsyncIterable<Uint8Array> | undefined> {
  const head = Buffer.alloc(LONGEST)
  const { bytesRead } = await file.read(head, 0, LONGEST, 0)
  const begins = head.toString('hex', 0, bytesRead)
  const closed = CLOSED.find(([magic]) => begins.startsWith(magic))
  if (closed) throw new Error(`it is ${closed[1]}, which the audit does not open`)
  if (begins.startsWith(GZIP)) return createReadStream(path, { highWaterMark: READ_BYTES }).compose(createGunzip())
  return begins.startsWith(ZSTD) ? oneFrame(path, (await file.stat()).size) : undefined
}

/** Node reads the first frame and says nothing of others. */
async function* oneFrame(path: string, size: number): AsyncGenerator<Uint8Array> {
  const stream = createZstdDecompress()
  yield* createReadStream(path, { highWaterMark: READ_BYTES }).compose(stream)
  if (stream.bytesWritten < size) throw new Error('it has more than one frame of zstd, and only the first was opened')
}
