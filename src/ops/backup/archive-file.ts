// Writes a file from front to back, hashes it on the way and syncs it little by little: 400 MB at the end would be waited
// for, and would hold up whoever else syncs on that disk. So would large steps: beside 32 MiB at a time the slowest hundredth
// of another file's syncs took 24 ms, beside 2 MiB 13, alone 8 to 12. Small ones cost more than they spare: 430 MB in steps of
// 2 MiB took 4.3 s, in steps of 8 MiB 0.6 s.
import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'

export interface ArchiveFile {
  /** Takes the bytes; waits only where the disk is behind. */
  write(part: Buffer): Promise<void>
  /** When everything is written and synced. */
  end(): Promise<{ readonly bytes: number; readonly sha256: string }>
}

const WRITE_BYTES = 2 << 20
const SYNC_BYTES = 8 << 20

export function createArchiveFile(file: FileHandle): ArchiveFile {
  const hash = createHash('sha256')
  let [parts, gathered, written, synced]: [Buffer[], number, number, number] = [[], 0, 0, 0]
  let [writing, syncing]: [Promise<unknown>, Promise<unknown>] = [Promise.resolve(), Promise.resolve()]

  const flush = async () => {
    const [all, at] = [parts, written]
    written += gathered
    ;[parts, gathered] = [[], 0]
    await writing
    writing = writeAll(file, all, at)
    // Seen when it is waited for; until then it must not end the process.
    writing.catch(() => undefined)
    if (at - synced >= SYNC_BYTES) await sync(at)
  }
  const sync = async (upTo: number) => {
    await syncing
    synced = upTo
    syncing = file.datasync()
    syncing.catch(() => undefined)
  }

  return {
    async write(part) {
      hash.update(part)
      parts.push(part)
      gathered += part.length
      if (gathered >= WRITE_BYTES) await flush()
    },
    async end() {
      await flush()
      await Promise.all([writing, syncing])
      await file.sync()
      return { bytes: written, sha256: hash.digest('hex') }
    },
  }
}

async function writeAll(file: FileHandle, parts: readonly Buffer[], at: number): Promise<void> {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const { bytesWritten } = await file.writev(parts, at)
  if (bytesWritten === length) return
  // A disk that is full takes a part first, and says so at the next attempt.
  const rest = Buffer.concat(parts).subarray(bytesWritten)
  await writeAll(file, [rest], at + bytesWritten)
}
