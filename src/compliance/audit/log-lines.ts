// The lines of one log: of the last part of a text, or of what a gzip file holds from its beginning, never all at once.
import { createReadStream, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'

export interface Part {
  readonly path: string
  readonly start: number
  readonly bytes: number
  /** binary: no text, nor gzip. */
  readonly form: 'text' | 'gzip' | 'binary'
}

const HEAD = 4096
/** gzip; then xz, zstd, bzip2. */
const GZIP = Buffer.from([0x1f, 0x8b])
const OTHERS = ['fd377a58', '28b52ffd', '425a68'].map((magic) => Buffer.from(magic, 'hex'))

/** The part that is looked at; a file that is missing is an empty text, and fails when it is read. */
export async function partOf(path: string, most: number): Promise<Part> {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0
  const form = await formOf(path).catch(() => 'text' as const)
  const start = form === 'gzip' ? 0 : Math.max(0, size - most)
  return { path, start, bytes: size - start, form }
}

async function formOf(path: string): Promise<Part['form']> {
  await using file = await open(path)
  const { bytesRead, buffer } = await file.read(Buffer.alloc(HEAD), 0, HEAD, 0)
  const head = buffer.subarray(0, bytesRead)
  const begins = (magic: Buffer) => head.subarray(0, magic.length).equals(magic)
  if (begins(GZIP)) return 'gzip'
  return head.includes(0) || OTHERS.some(begins) ? 'binary' : 'text'
}

/** Of a gzip file as much as `most` bytes of text; its end cannot be reached but through all of it. */
export async function* linesOf(part: Part, most: number, signal?: AbortSignal): AsyncGenerator<string> {
  const raw = createReadStream(part.path, { start: part.start })
  const input = part.form === 'gzip' ? raw.pipe(createGunzip()) : raw
  // `pipe` carries no errors on.
  if (input !== raw) raw.once('error', (error) => input.destroy(error))
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })
  const failed = Promise.withResolvers<never>()
  failed.promise.catch(() => undefined)
  input.once('error', (error: Error) => {
    failed.reject(error)
    lines.close()
  })
  let bytes = 0
  try {
    for await (const line of lines) {
      signal?.throwIfAborted()
      yield line
      bytes += Buffer.byteLength(line) + 1
      if (bytes >= most) return
    }
    if (input.errored) await failed.promise
  } finally {
    lines.close()
    input.destroy()
    raw.destroy()
  }
}
