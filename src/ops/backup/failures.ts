// Errors of the system and of a thread, in the words of the family.
import Database from 'better-sqlite3'
import { ConflictError, FileError, GoggaError, UnavailableError } from '../../errors.ts'

const NO_ROOM = new Set(['SQLITE_FULL', 'SQLITE_IOERR_WRITE', 'SQLITE_IOERR_SHMSIZE', 'ENOSPC', 'EDQUOT'])
const NO_RIGHT = new Set(['EACCES', 'EPERM', 'EROFS', 'SQLITE_CANTOPEN', 'SQLITE_READONLY'])

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : '')

export const isFull = (error: unknown): boolean => NO_ROOM.has(codeOf(error))

/** What a full disk ended, how things stand then, and what to do. */
const FULL = {
  backup: ['no backup was made', 'Free about twice the size of the file there, or prune with "gogga backup prune".'],
  check: ['the backup was not checked', 'Free about the size of the file there, and repeat it.'],
  restore: [
    'nothing was changed',
    'Free about twice the size of the file there; "gogga restore DOMAIN --forget-old" removes what earlier restores kept.',
  ],
  'after the swap': [
    'the restored file is in place, but messages to the others still wait',
    'Make room, then run "npx gogga migrate", which ends the restore.',
  ],
} as const

export type Failed = keyof typeof FULL

/** `where` is what was written to: a folder or a bucket. Anything that nobody foresaw comes back as it is. */
export function understood(error: unknown, where: string, failed: Failed = 'backup'): unknown {
  if (error instanceof GoggaError || !(error instanceof Error)) return error
  const code = codeOf(error)
  if (isFull(error)) {
    const [state, hint] = FULL[failed]
    return new UnavailableError(`The disk of ${where} is full: ${state}`, { cause: error, hint })
  }
  if (NO_RIGHT.has(code)) {
    return new FileError(`${where} cannot be written (${code})`, { cause: error, hint: 'Check the rights on it.' })
  }
  if (!(error instanceof Database.SqliteError)) return error
  return new GoggaError('internal', 500, 1, `${where} could not be written (${code})`, { cause: error })
}

/** What a thread failed with. */
export function rebuilt(code: string, message: string, hint: string | undefined): Error {
  const options = hint === undefined ? {} : { hint }
  if (code === 'ENOSPC') return Object.assign(new Error(message), { code })
  if (code === 'file') return new FileError(message, options)
  if (code === 'unavailable') return new UnavailableError(message, options)
  return new GoggaError('internal', 500, 1, message, options)
}

export const busyElsewhere = (path: string, cause: unknown) =>
  new ConflictError(`Another process makes or prunes backups in ${path}`, { cause, hint: 'Wait until it is done.' })
