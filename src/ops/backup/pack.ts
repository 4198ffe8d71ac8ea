// From the plain copy to the archive. With compression most of it was done while the copy was being written (press.ts);
// without compression and key the copy is the archive, and is synced while it is being written.
import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { CHUNK_BYTES, type Sealer } from './archive.ts'
import { createArchiveFile } from './archive-file.ts'
import { inOrder, PARALLEL } from './chunks.ts'
import { createBuffers, markOf, type Pressed, press, readInto, settled } from './press.ts'

export interface PackPaths {
  readonly copy: string
  readonly scratch: string
  readonly archive: string
}

export interface Packed {
  readonly bytes: { readonly plain: number; readonly stored: number }
  readonly checksum: { readonly stored: string }
}

export interface PackOptions {
  readonly signal?: AbortSignal | undefined
  readonly progress?: ((done: number, total: number) => void) | undefined
  /** When nobody needs the copy and the scratch file for packing any more; the archive is not synced then. */
  readonly onRead?: (() => void) | undefined
}

/** Writes the whole archive and syncs it. `pressed` is what `pressAhead` did; without compression it is empty. */
export async function pack(
  { copy, scratch, archive }: PackPaths,
  options: PackOptions & {
    readonly compression: 'zstd' | 'none'
    readonly sealer: Sealer
    readonly pressed: readonly Pressed[]
  },
): Promise<Packed> {
  const { compression, sealer, pressed, signal, progress } = options
  await using from = await open(copy, 'r')
  await using done = pressed.length > 0 ? await open(scratch, 'r') : undefined
  await using into = await open(archive, 'wx', 0o600)
  const { size } = await from.stat()
  const chunks = Math.ceil(size / CHUNK_BYTES)
  const buffers = createBuffers()

  const payloadOf = async (index: number): Promise<Buffer> => {
    signal?.throwIfAborted()
    const chunk = await readInto(
      buffers.take(Math.min(CHUNK_BYTES, size - index * CHUNK_BYTES)),
      from,
      index * CHUNK_BYTES,
    )
    if (compression === 'none') return chunk
    const before = pressed[index]
    const isSame = before?.mark.equals(markOf(chunk))
    const payload = await (done && before && isSame
      ? readInto(buffers.take(before.bytes), done, before.at)
      : press(chunk))
    buffers.giveBack(chunk)
    return payload
  }

  const file = createArchiveFile(into)
  await file.write(sealer.head)
  let index = 0
  for await (const payload of inOrder(Array(chunks).keys(), payloadOf, 2 * PARALLEL)) {
    index += 1
    await file.write(sealer.record(payload, index === chunks))
    // The record is a copy of it.
    buffers.giveBack(payload)
    progress?.(Math.min(size, index * CHUNK_BYTES), size)
  }
  options.onRead?.()
  const { bytes, sha256 } = await file.end()
  return { bytes: { plain: size, stored: bytes }, checksum: { stored: sha256 } }
}

const SYNC_CHUNKS = 8

/** Lets the disk take what is settled of a copy that is to stay as it is, until `copied` is. */
export async function syncAhead(copy: string, copied: Promise<unknown>, signal?: AbortSignal): Promise<void> {
  await using file = await open(copy, 'r')
  for await (const index of settled(copy, copied, signal)) if (index % SYNC_CHUNKS === 0) await file.datasync()
}

/** Hashes and syncs a copy that is the archive itself. */
export async function packAsItIs(copy: string, { signal, progress }: PackOptions): Promise<Packed> {
  await using file = await open(copy, 'r')
  const { size } = await file.stat()
  const syncing = file.sync()
  syncing.catch(() => undefined)
  const hash = createHash('sha256')
  const buffers = createBuffers()
  const read = (at: number) => {
    signal?.throwIfAborted()
    const left = size - at
    return readInto(buffers.take(Math.min(CHUNK_BYTES, left)), file, at)
  }
  const starts = Array.from({ length: Math.ceil(size / CHUNK_BYTES) }, (_, index) => index * CHUNK_BYTES)
  let done = 0
  for await (const chunk of inOrder(starts, async (at) => read(at), PARALLEL)) {
    hash.update(chunk)
    done += chunk.length
    buffers.giveBack(chunk)
    progress?.(done, size)
  }
  await syncing
  return { bytes: { plain: size, stored: size }, checksum: { stored: hash.digest('hex') } }
}
