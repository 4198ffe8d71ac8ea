// Streams go to a file that appears whole or not at all, or to the standard output; both as slowly as they are taken.
import { createWriteStream, rmSync } from 'node:fs'
import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { publish } from '../database/durable.ts'
import { UsageError } from '../errors.ts'

type Parts = Iterable<string> | AsyncIterable<Uint8Array>

/** Parts as a stream; an empty one lets others have their turn. */
export const streamOf = (parts: Parts): Readable => Readable.from(turning(parts), { objectMode: false })

const MOST = 1 << 15

async function* turning(parts: Parts): AsyncGenerator<string | Uint8Array> {
  let text = ''
  for await (const part of parts) {
    if (typeof part !== 'string') yield part
    else text += part
    if (part !== '' && text.length < MOST) continue
    if (text !== '') yield text
    text = ''
    await new Promise((resolve) => setImmediate(resolve))
  }
  if (text !== '') yield text
}

/** Mode 0600. Throws UsageError where it cannot be written. */
export async function streamToFile(path: string, parts: Parts): Promise<void> {
  const beside = `${path}.new`
  try {
    rmSync(beside, { force: true })
    await pipeline(streamOf(parts), createWriteStream(beside, { flags: 'wx', mode: 0o600, flush: true }))
    publish(beside, path)
  } catch (cause) {
    rmSync(beside, { force: true })
    const { code, path: where } = cause as NodeJS.ErrnoException
    if (where === undefined) throw cause
    throw new UsageError(`${path} cannot be written: ${code}`, { cause, hint: 'Name a file in a folder of your own.' })
  }
}

/** Leaves it open. That it cannot be written any more ends this, and is for whoever opened it to tell. */
export async function streamTo(out: Writable, parts: Parts): Promise<void> {
  let failed: unknown
  const onError = (error: unknown) => {
    failed = error
  }
  out.once('error', onError)
  try {
    await pipeline(streamOf(parts), out, { end: false })
  } catch (error) {
    if (error !== failed) throw error
  } finally {
    out.off('error', onError)
  }
}
