// One moment of the input, as a file of our own. The input is held by a read lock only as long as it takes to copy its
// bytes, so that an application that writes to it hardly waits; everything after works on the copy. The input is never
// written to, and nothing appears beside it.
import { existsSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import Database from 'better-sqlite3'
import type { Connection } from '../database/connections.ts'
import { UnavailableError } from '../errors.ts'
import type { TransferContext } from './context.ts'
import { checkLegacyFile, fingerprint, hasBytes, type LegacyFile, legacyError } from './legacy-file.ts'

const CHUNK_BYTES = 4 << 20
const CACHE_KB = 4 << 10
const ATTEMPTS = 5
const LOCK_ATTEMPTS = 10_000
const LOCK_DELAY_MS = 3

/** Copies the committed content of the input to `target`. Throws UnavailableError where it never stands still. */
export async function copySnapshot(path: string, target: string, context: TransferContext): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const file = checkLegacyFile(path)
    if (await copyOnce(file, target, context)) return recover(path, target)
  }
  throw new UnavailableError(`${path} changed each time while it was copied`, {
    hint: 'Repeat it when the application that writes to it is less busy.',
  })
}

async function copyOnce(file: LegacyFile, target: string, context: TransferContext): Promise<boolean> {
  // Without -shm nobody has a WAL database open; opening it would leave a -shm behind. The same bytes before and after
  // say that nobody came meanwhile.
  if (file.wal && !existsSync(`${file.path}-shm`)) return await copyQuiet(file, ['-wal', ''], target, context)
  const locked = await lock(file, context)
  // A writer crashed: its journal belongs to the file, and the copy is rolled back in place of the input.
  if (locked === 'hot journal') return await copyQuiet(file, ['-journal', ''], target, context)
  await copyFiles(file.path, file.wal ? ['-wal', ''] : [''], target, context, () => locked.close())
  return true
}

async function copyQuiet(
  file: LegacyFile,
  parts: string[],
  target: string,
  context: TransferContext,
): Promise<boolean> {
  const before = fingerprint(file.path)
  await copyFiles(file.path, parts, target, context, () => undefined)
  return fingerprint(file.path) === before && !(file.wal && existsSync(`${file.path}-shm`))
}

/** A read transaction: it keeps a rollback-journal file as it is, and a log from being emptied or moved. */
async function lock({ path }: LegacyFile, { signal }: TransferContext): Promise<Connection | 'hot journal'> {
  for (let attempt = 0; ; attempt++) {
    let connection: Connection | undefined
    try {
      connection = new Database(path, { readonly: true, fileMustExist: true, timeout: 0 })
      connection.exec('begin')
      connection.prepare('select count(*) from sqlite_schema').get()
      return connection
    } catch (error) {
      connection?.close()
      const code = error instanceof Database.SqliteError ? error.code : ''
      if (code !== 'SQLITE_BUSY' && hasBytes(`${path}-journal`)) return 'hot journal'
      if (!code.startsWith('SQLITE_BUSY') || attempt >= LOCK_ATTEMPTS) throw legacyError(error, path)
      await wait(LOCK_DELAY_MS, undefined, signal && { signal })
    }
  }
}

/**
 * Closing any handle of a file drops this process's locks on it (POSIX), so all stay open until `release`. The log comes
 * first: what is moved from it into the file meanwhile is in both.
 */
async function copyFiles(
  path: string,
  parts: readonly string[],
  target: string,
  context: TransferContext,
  release: () => void,
): Promise<void> {
  const handles: FileHandle[] = []
  try {
    const sources = parts.filter((part) => part === '' || existsSync(path + part))
    for (const part of sources) handles.push(await open(path + part, 'r'))
    const sizes = await Promise.all(handles.map(async (handle) => (await handle.stat()).size))
    const total = sizes.reduce((sum, size) => sum + size, 0)
    let done = 0
    for (const [index, part] of sources.entries()) {
      const source = handles[index]
      if (!source) continue
      await copyBytes(source, target + part, context, (bytes) => {
        done += bytes
        context.progress({ phase: 'read', done: Math.min(done, total), total, what: path })
      })
    }
  } finally {
    release()
    for (const handle of handles) await handle.close()
  }
}

async function copyBytes(
  source: FileHandle,
  target: string,
  { signal }: TransferContext,
  progress: (bytes: number) => void,
): Promise<void> {
  const into = await open(target, 'w', 0o600)
  try {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES)
    for (let at = 0; ; ) {
      signal?.throwIfAborted()
      const { bytesRead } = await source.read(buffer, 0, CHUNK_BYTES, at)
      if (bytesRead === 0) return
      for (let from = 0; from < bytesRead; ) from += (await into.write(buffer, from, bytesRead - from)).bytesWritten
      at += bytesRead
      progress(bytesRead)
    }
  } finally {
    await into.close()
  }
}

/** Lets SQLite apply the copied log or journal, and leaves one file without either. */
function recover(path: string, target: string): void {
  try {
    const connection = new Database(target, { fileMustExist: true })
    try {
      connection.pragma('trusted_schema = OFF')
      connection.pragma('synchronous = OFF')
      connection.pragma('wal_checkpoint(TRUNCATE)')
      connection.pragma('journal_mode = DELETE')
      connection.prepare('select count(*) from sqlite_schema').get()
    } finally {
      connection.close()
    }
  } catch (error) {
    throw legacyError(error, path)
  }
}

/** A read-only connection in one read transaction: one moment, and no lock to take for each of many small reads. */
export function openQuiet(path: string): Connection {
  const connection = new Database(path, { readonly: true, fileMustExist: true })
  connection.pragma('trusted_schema = OFF')
  connection.pragma('cell_size_check = ON')
  connection.pragma('query_only = ON')
  connection.pragma(`cache_size = -${CACHE_KB}`)
  connection.exec('begin')
  return connection
}
