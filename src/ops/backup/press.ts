// Compresses the plain copy while it is still being written. VACUUM INTO writes its pages from front to back, save for
// those that point to others: what lies a while back is mostly final, so it is compressed into a scratch file already.
// When the copy is done each chunk's mark says whether that was so; the few that changed are done again (pack.ts).
import { createCipheriv, randomBytes } from 'node:crypto'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { constants, zstdCompress } from 'node:zlib'
import { CHUNK_BYTES } from './archive.ts'
import { inOrder, PARALLEL } from './chunks.ts'

export interface Pressed {
  /** Where it lies in the scratch file. */
  readonly at: number
  readonly bytes: number
  /** Of the chunk as it was then. */
  readonly mark: Buffer
}

/**
 * How far behind the end of a growing copy its pages count as settled. On a file of 1.4 GB 4 to 15 chunks changed after
 * that; at 2 MiB 200 did.
 */
export const LAG_BYTES = 12 << 20
export const LOOK_EVERY_MS = 10
/**
 * On rows as ours level 3 gives 4 % less for twice the time. Tables that fit into a processor's first cache are a fifth
 * faster than what the level says, and rows repeat near by. The frame's checksum tells whether what comes out later is
 * what went in here. In steps of 16 KiB, the default, a chunk would go through the event loop twenty times.
 */
const ZSTD = {
  chunkSize: CHUNK_BYTES >> 1,
  params: {
    [constants.ZSTD_c_compressionLevel]: 1,
    [constants.ZSTD_c_windowLog]: 17,
    [constants.ZSTD_c_hashLog]: 12,
    [constants.ZSTD_c_checksumFlag]: 1,
  },
}
const compress = promisify(zstdCompress) as (chunk: Buffer, options: typeof ZSTD) => Promise<Buffer>
export const press = (chunk: Buffer): Promise<Buffer> => compress(chunk, ZSTD)

/** Compresses what is settled until `copied` is. What it has done is in the scratch file; the answer says where. */
export async function pressAhead(
  { copy, scratch }: { readonly copy: string; readonly scratch: string },
  copied: Promise<unknown>,
  signal?: AbortSignal,
): Promise<readonly Pressed[]> {
  await using into = await open(scratch, 'wx', 0o600)
  await using from = await open(copy, 'r')
  const buffers = createBuffers()
  let length = 0
  const pressOne = async (index: number): Promise<Pressed> => {
    const chunk = await readInto(buffers.take(), from, index * CHUNK_BYTES)
    const payload = await press(chunk)
    const mark = markOf(chunk)
    buffers.giveBack(chunk)
    const at = length
    length += payload.length
    await into.write(payload, 0, payload.length, at)
    return { at, bytes: payload.length, mark }
  }
  const pressed: Pressed[] = []
  for await (const one of inOrder(settled(copy, copied, signal), pressOne, PARALLEL)) pressed.push(one)
  return pressed
}

/** Numbers of the chunks that count as settled, as the copy grows; ends when the copy is done. */
export async function* settled(copy: string, copied: Promise<unknown>, signal?: AbortSignal): AsyncGenerator<number> {
  let isCopied = false
  const end = () => {
    isCopied = true
  }
  copied.then(end, end)
  for (let index = 0; !isCopied; ) {
    signal?.throwIfAborted()
    const { size } = await stat(copy)
    if (size - LAG_BYTES >= (index + 1) * CHUNK_BYTES) yield index++
    else await wait(LOOK_EVERY_MS)
  }
}

const MARK_KEY = randomBytes(32)
const NO_NONCE = Buffer.alloc(12)

/**
 * Tells whether a chunk is still the same, several times faster than SHA-256: GMAC, under a key that nobody sees. Two
 * chunks have the same mark with a probability of less than 2^-100.
 */
export function markOf(chunk: Buffer): Buffer {
  const mac = createCipheriv('aes-256-gcm', MARK_KEY, NO_NONCE).setAAD(chunk)
  mac.final()
  return mac.getAuthTag()
}

/** Room for a chunk, used again: touching fresh memory costs as much as reading into it. */
export function createBuffers() {
  const free: ArrayBuffer[] = []
  return {
    take: (bytes = CHUNK_BYTES): Buffer => Buffer.from(free.pop() ?? new ArrayBuffer(CHUNK_BYTES), 0, bytes),
    /** What did not come from here is left to the collector. */
    giveBack({ buffer }: Buffer): void {
      if (buffer.byteLength === CHUNK_BYTES) free.push(buffer as ArrayBuffer)
    },
  }
}

/** Fills the whole buffer. */
export async function readInto(buffer: Buffer, file: FileHandle, at: number): Promise<Buffer> {
  for (let read = 0; read < buffer.length; ) {
    const { bytesRead } = await file.read(buffer, read, buffer.length - read, at + read)
    if (bytesRead === 0) throw new Error('The copy became shorter while it was packed')
    read += bytesRead
  }
  return buffer
}
