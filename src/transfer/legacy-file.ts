// The input, before SQLite sees it: is it there, is it whole, may it be a database at all? And what its failures mean.
import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs'
import Database from 'better-sqlite3'
import { FileError, GoggaError, UnavailableError, UsageError } from '../errors.ts'

const MAGIC = 'SQLite format 3\0'
const HEADER_BYTES = 100
const WAL_HEADER_BYTES = 32

export interface LegacyFile {
  readonly path: string
  /** Whether the header says that it is in WAL mode. */
  readonly wal: boolean
}

/** Throws UsageError (exit 2) where the path names no file, FileError (exit 1) where the file is no whole database. */
export function checkLegacyFile(path: string): LegacyFile {
  const stat = statOf(path)
  if (stat.isDirectory()) {
    throw new UsageError(`${path} is a folder, expected the unified database`, { hint: 'Name the .db file in it.' })
  }
  if (stat.size === 0 && !hasBytes(`${path}-wal`)) {
    throw new FileError(`${path} is empty (0 bytes), expected the unified database`, {
      hint: 'Check that the path is right and that the copy of the file finished.',
    })
  }
  const header = readHeader(path, HEADER_BYTES)
  if (header.toString('latin1', 0, MAGIC.length) !== MAGIC) {
    throw new FileError(`${path} is not a SQLite database, or it is encrypted`, {
      hint: 'Name the unified database; decrypt it first if it is encrypted.',
    })
  }
  requireWhole(path)
  return { path, wal: header[18] === 2 }
}

/** Changes whenever the content may have changed: identity, size, times, SQLite's change counter and the log's salts. */
export function fingerprint(path: string): string {
  const parts = ['', '-wal', '-journal'].map((suffix) => {
    const stat = statSync(path + suffix, { bigint: true, throwIfNoEntry: false })
    if (!stat || (suffix && stat.size === 0n)) return '-'
    const header = readHeader(path + suffix, suffix ? WAL_HEADER_BYTES : HEADER_BYTES).toString('base64')
    return [stat.dev, stat.ino, stat.size, stat.mtimeNs, header].join(':')
  })
  return parts.join('|')
}

/** The error of the family that a failure to read the input stands for. */
export function legacyError(error: unknown, path: string): unknown {
  if (error instanceof GoggaError || !(error instanceof Database.SqliteError)) return error
  const { code } = error
  if (code.startsWith('SQLITE_NOTADB')) {
    return new FileError(`${path} is not a SQLite database, or it is encrypted`, { cause: error })
  }
  if (isDamage(error)) {
    return damaged(path, error.message, error)
  }
  if (code.startsWith('SQLITE_BUSY')) {
    return new UnavailableError(`${path} is locked by another process`, {
      cause: error,
      hint: 'Repeat it when that process is idle.',
    })
  }
  return new FileError(`${path} cannot be read (${code})`, {
    cause: error,
    hint: 'Check the rights on the file and its disk.',
  })
}

/** Whether SQLite met pages that cannot be. */
export const isDamage = (error: unknown): boolean =>
  error instanceof Database.SqliteError &&
  (error.code.startsWith('SQLITE_CORRUPT') || error.code === 'SQLITE_IOERR_SHORT_READ')

/** What SQLite says of a damaged file names pages and indexes, never values. */
export const damaged = (path: string, what: string, cause?: unknown): FileError =>
  new FileError(`${path} is damaged: ${what}`, {
    cause,
    hint: 'Restore it from a backup, or recover it with "sqlite3 FILE .recover", and split that.',
  })

export const hasBytes = (path: string): boolean => (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0

function statOf(path: string) {
  try {
    if (existsSync(path)) return statSync(path)
  } catch (cause) {
    throw unreadable(path, cause)
  }
  throw new UsageError(`Nothing is at ${path}, expected the unified database`, { hint: 'Check the path.' })
}

function readHeader(path: string, length: number): Buffer {
  const header = Buffer.alloc(length)
  let file: number
  try {
    file = openSync(path, 'r')
  } catch (cause) {
    throw unreadable(path, cause)
  }
  try {
    readSync(file, header, 0, length, 0)
    return header
  } finally {
    closeSync(file)
  }
}

const LOOKS = 10

/** A writer that is at work may change the size between two looks at it; half a file stays half. */
function requireWhole(path: string): void {
  let missing = missingBytes(path)
  for (let look = 1; look < LOOKS && missing > 0; look++) missing = missingBytes(path)
  if (missing > 0) throw damaged(path, `${missing} bytes are missing at its end: only half of it was written or copied`)
}

/** The header counts the pages; it is right when its two change counters agree (SQLite file format, 1.3.7). */
function missingBytes(path: string): number {
  const header = readHeader(path, HEADER_BYTES)
  const pageSize = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16)
  const isCounted = header.readUInt32BE(24) === header.readUInt32BE(92)
  if (!isCounted || hasBytes(`${path}-wal`) || hasBytes(`${path}-journal`)) return 0
  return header.readUInt32BE(28) * pageSize - statSync(path).size
}

const unreadable = (path: string, cause: unknown) =>
  new FileError(`${path} cannot be read: ${(cause as Error).message}`, {
    cause,
    hint: 'Check that this user may read the file and enter its folder.',
  })
