// Errors of SQLite and of the system while files are written, in the words of the family.
import Database from 'better-sqlite3'
import { ConflictError, FileError, GoggaError, UnavailableError } from '../errors.ts'

const NO_ROOM = new Set(['SQLITE_FULL', 'SQLITE_IOERR_WRITE', 'SQLITE_IOERR_SHMSIZE', 'ENOSPC', 'EDQUOT'])

/** `into` is the target as the caller named it. */
export function understood(error: unknown, into: string): unknown {
  if (error instanceof GoggaError || !(error instanceof Error)) return error
  const code = 'code' in error ? String(error.code) : ''
  if (NO_ROOM.has(code)) {
    return new UnavailableError(`The disk of ${into} is full: nothing was written there`, {
      cause: error,
      hint: 'Free about three times the size of the input and repeat it.',
    })
  }
  if (code === 'EXDEV' || code === 'EBUSY') {
    return new ConflictError(`${into} is a mount point, which cannot be replaced`, {
      cause: error,
      hint: 'Name a folder inside it.',
    })
  }
  if (code === 'EEXIST' || code === 'ENOTEMPTY') {
    return new ConflictError(`Something came to be at ${into} meanwhile: nothing was written over it`, {
      cause: error,
      hint: 'Move it away or name another target, and repeat it.',
    })
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new FileError(`${into} cannot be written: ${error.message}`, {
      cause: error,
      hint: 'Check the rights on its folder.',
    })
  }
  if (!(error instanceof Database.SqliteError)) return error
  return new GoggaError('internal', 500, 1, `${into} could not be written (${code})`, { cause: error })
}
