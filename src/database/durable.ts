// Files that appear whole or not at all: written beside, synced, renamed.
import { closeSync, fsyncSync, openSync, readdirSync, renameSync, rmSync, writeSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname, join } from 'node:path'

export function writeWhole(path: string, content: string | Uint8Array, mode = 0o600): void {
  const beside = `${path}.new`
  rmSync(beside, { force: true })
  const file = openSync(beside, 'wx', mode)
  try {
    writeAll(file, content)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(beside, path)
}

/** A disk that is nearly full takes a part and calls that a success: only the next write fails. */
export function writeAll(file: number, content: string | Uint8Array): void {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
}

export function syncFile(path: string): void {
  const file = openSync(path, 'r+')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/**
 * Syncs the write-ahead log of a SQLite file: what was committed stays after a power cut, also where the file does not sync each
 * commit. Others go on meanwhile. SQLite holds no locks in the log, which this would let go of.
 */
export async function syncLog(path: string): Promise<void> {
  const file = await open(`${path}-wal`, 'r+').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
  try {
    await file?.sync()
  } finally {
    await file?.close()
  }
}

/** Syncs a folder, so that what was renamed into it stays after a power cut. */
export function syncFolder(path: string): void {
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

/** Syncs a folder and all folders in it; the files in them must be synced already. */
export function syncTree(path: string): void {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isDirectory()) syncTree(join(path, entry.name))
  }
  syncFolder(path)
}

/** Gives what was prepared its name; both must lie in the same folder. */
export function publish(from: string, to: string): void {
  renameSync(from, to)
  syncFolder(dirname(to))
}
