// Errors of Prisma and of the driver → the error family. The driver's own words lie in the cause, since they may hold values.
import { isDriverAdapterError } from '@prisma/driver-adapter-utils'
import Database from 'better-sqlite3'
import { ConflictError, FileError, GoggaError, NotFoundError, UnavailableError } from '../errors.ts'
import type { Domain } from './domains.ts'

interface Place {
  readonly domain: Domain
  /** `billing.db at /data/billing/billing.db`, or without the path where it is not known. */
  readonly file: string
}

/** What the driver said, wherever Prisma put it. */
interface Failure {
  readonly kind: string
  /** SQLite's result code, such as SQLITE_FULL. */
  readonly code: string
  readonly message: string
  readonly fields: readonly string[]
}

const BUSY_HINT =
  'Repeat it; where it happens often, find the process that holds the file or raise GOGGA_BUSY_TIMEOUT_MS.'

/** What a failed SQLite call asks of the person who runs the system. Keys are the beginnings of result codes. */
const UNWRITABLE: Readonly<Record<string, { what: string; hint: string }>> = {
  SQLITE_BUSY: { what: 'is locked', hint: BUSY_HINT },
  SQLITE_FULL: { what: 'has no room to grow', hint: 'Free space on its disk; nothing of the change was kept.' },
  SQLITE_IOERR: { what: 'could not be read or written', hint: 'Check its disk and the rights on its folder.' },
  SQLITE_READONLY: {
    what: 'cannot be written',
    hint: 'Check the rights on the file and its folder, and that it was not replaced.',
  },
  SQLITE_CANTOPEN: { what: 'cannot be opened', hint: 'Check that the file and its folder exist and may be read.' },
}

const DAMAGED = ['SQLITE_CORRUPT', 'SQLITE_NOTADB']

/** The error of the family that `error` stands for; one with code `internal` and status 500 where nothing fits. */
export function domainError(error: unknown, domain: Domain, path?: string): GoggaError {
  const known = knownError(error, domain, path)
  return known ?? new GoggaError('internal', 500, 1, `An unexpected error in ${domain}.db`, { cause: error })
}

/** The same, but undefined where nothing fits, such as for a mistake in the program. */
export function knownError(error: unknown, domain: Domain, path?: string): GoggaError | undefined {
  if (error instanceof GoggaError) return error
  const place = { domain, file: path ? `${domain}.db at ${path}` : `${domain}.db` }
  const failure = failureOf(error)
  if (failure) return fromDriver(failure, place, error)
  return fromPrisma(error, place)
}

function fromDriver(
  { kind, code, message, fields }: Failure,
  { domain, file }: Place,
  cause: unknown,
): GoggaError | undefined {
  if (kind === 'UniqueConstraintViolation') {
    const errors = fields.map((at) => ({ at, message: 'is taken' }))
    return new ConflictError(`${domain}.db already has a row with this ${fields.join(', ') || 'key'}`, {
      cause,
      errors,
    })
  }
  if (code === 'SQLITE_CONSTRAINT_UNIQUE' || code === 'SQLITE_CONSTRAINT_PRIMARYKEY') {
    const columns = /failed: ([\w., ]+)$/.exec(message)?.[1] ?? 'key'
    return new ConflictError(`${domain}.db already has a row with this ${columns}`, { cause })
  }
  if (kind === 'ForeignKeyConstraintViolation') {
    return new ConflictError(`${domain}.db has rows that depend on each other here`, { cause })
  }
  // The adapter's own words name the file and the time; SQLite's are only "database is locked".
  if (kind === 'SocketTimeout' && message.startsWith(domain)) {
    return new UnavailableError(message, { cause, hint: BUSY_HINT })
  }
  if (kind === 'ConnectionClosed') return new UnavailableError(message, { cause })
  if (kind === 'TransactionAlreadyClosed') return new UnavailableError(`${file}: ${message}`, { cause })
  if (DAMAGED.some((start) => code.startsWith(start))) {
    return new FileError(`${file} is damaged (${code})`, {
      cause,
      hint: 'Run "gogga check", then restore the file from a backup.',
    })
  }
  const unwritable = Object.entries(UNWRITABLE).find(([start]) => code.startsWith(start))?.[1]
  return unwritable && new UnavailableError(`${file} ${unwritable.what} (${code})`, { cause, hint: unwritable.hint })
}

/** Errors that Prisma raises before or after the driver. */
function fromPrisma(error: unknown, { domain, file }: Place): GoggaError | undefined {
  if (error instanceof Error && error.name === 'PrismaClientValidationError') return misfit(error, domain)
  if (!(error instanceof Error && 'code' in error)) return undefined
  if (error.code === 'P2025') return new NotFoundError(`${domain}.db has no such row`, { cause: error })
  if (error.code === 'P2028') {
    return new UnavailableError(`${file}: a transaction did not begin or end in time`, {
      cause: error,
      hint: BUSY_HINT,
    })
  }
  return undefined
}

/** Prisma's text, and so the cause, repeats every argument of the query: only a last line that names fields goes on. */
function misfit({ message }: Error, domain: Domain): GoggaError {
  const reason = /\n((?:Unknown argument|Argument) `\w+`[^\n"']*)$/.exec(message)?.[1] ?? 'one of its values'
  return new GoggaError('internal', 500, 1, `A query does not fit the schema of ${domain}.db: ${reason}`)
}

function failureOf(error: unknown): Failure | undefined {
  const driverError = driverErrorOf(error)
  if (driverError) {
    const { kind, originalCode = '', originalMessage = '' } = driverError.cause
    return { kind, code: originalCode, message: originalMessage, fields: fieldsOf(driverError.cause) }
  }
  if (error instanceof Database.SqliteError) {
    return { kind: 'sqlite', code: error.code, message: error.message, fields: [] }
  }
  return undefined
}

function driverErrorOf(error: unknown) {
  if (!(error instanceof Error)) return undefined
  if (isDriverAdapterError(error)) return error
  const meta = 'meta' in error ? (error.meta as { driverAdapterError?: unknown } | undefined) : undefined
  const inner = meta?.driverAdapterError
  return inner instanceof Error && isDriverAdapterError(inner) ? inner : undefined
}

function fieldsOf(cause: object): readonly string[] {
  const constraint =
    'constraint' in cause ? (cause.constraint as { fields?: readonly string[] } | undefined) : undefined
  return constraint?.fields ?? []
}
