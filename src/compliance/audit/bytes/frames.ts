/**
 * Streams through a pipe, one after the other: four bytes of length (little endian), then so many bytes; a length of 0 ends
 * a stream, CUT says that it ended with an error.
 */
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'

const CUT = 0xffff_ffff

/** The writer's stream ended with an error; the next one can be read. */
export class CutOffError extends Error {}

/** Writes one stream. What `open` and its stream throw goes on to the caller, after the reader was told. */
export async function writeFrames(open: () => AsyncIterable<Uint8Array>, into: Writable): Promise<void> {
  try {
    for await (const chunk of open()) {
      if (chunk.length === 0) continue
      await write(into, head(chunk.length))
      await write(into, chunk)
    }
  } catch (error) {
    await write(into, head(CUT))
    throw error
  }
  await write(into, head(0))
}

function head(length: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(length)
  return bytes
}

async function write(into: Writable, bytes: Uint8Array): Promise<void> {
  if (into.destroyed) throw new Error('Nobody reads the stream any more')
  if (into.write(bytes)) return
  const over = new AbortController()
  const event = (name: string) => once(into, name, { signal: over.signal })
  await Promise.race([event('drain'), event('close')])
  over.abort()
}

/** Reads streams; `next` begins one, and must be read to its end before the next. */
export function createFrames(from: Readable) {
  const chunks = from[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  let rest: Buffer = Buffer.alloc(0)

  /** Copies up to `into.length` bytes; less only where the pipe ends. */
  async function take(into: Uint8Array): Promise<number> {
    let size = 0
    while (size < into.length) {
      if (rest.length === 0) {
        const { value, done } = await chunks.next()
        if (done) break
        rest = value
      }
      const part = rest.subarray(0, into.length - size)
      into.set(part, size)
      size += part.length
      rest = rest.subarray(part.length)
    }
    return size
  }

  async function length(): Promise<number> {
    const bytes = Buffer.alloc(4)
    return (await take(bytes)) === 4 ? bytes.readUInt32LE(0) : CUT
  }

  return {
    /** Fills as much as there is room for; throws where the stream ended with an error. */
    next(): (into: Uint8Array) => Promise<number> {
      let left = 0
      let isOver = false
      return async (into) => {
        let size = 0
        while (size < into.length && !isOver) {
          if (left === 0) left = await length()
          if (left === CUT) throw new CutOffError('the stream was cut off')
          if (left === 0) isOver = true
          const taken = await take(into.subarray(size, Math.min(into.length, size + left)))
          size += taken
          left -= taken
        }
        return size
      }
    },
  }
}
