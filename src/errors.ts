// The error family. Every error that a person may see is one of these: what was expected, what came, what to do.

export interface ErrorDetail {
  /** A field, parameter or place, never a value of a person. */
  readonly at: string
  readonly message: string
}

export interface ErrorOptions {
  /** The next step, in one sentence. */
  readonly hint?: string
  readonly cause?: unknown
  readonly errors?: readonly ErrorDetail[]
  /** Seconds after which a repeat makes sense. */
  readonly retryAfter?: number
}

/** Base of the family. `code` is stable and machine-readable, `status` the HTTP status, `exitCode` the command's. */
export class GoggaError extends Error {
  readonly code: string
  readonly status: number
  readonly exitCode: 1 | 2
  readonly hint: string | undefined
  readonly errors: readonly ErrorDetail[]
  readonly retryAfter: number | undefined

  constructor(code: string, status: number, exitCode: 1 | 2, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.code = code
    this.status = status
    this.exitCode = exitCode
    this.hint = options.hint
    this.errors = options.errors ?? []
    this.retryAfter = options.retryAfter
  }
}

/** 400, exit 2: the caller's words are off. */
export class UsageError extends GoggaError {
  constructor(message: string, options?: ErrorOptions) {
    super('usage', 400, 2, message, options)
  }
}

/** 401: no key, or one that is not valid. */
export class UnauthorizedError extends GoggaError {
  constructor(message: string, options?: ErrorOptions) {
    super('unauthorized', 401, 2, message, options)
  }
}

/** 403: the key is valid, its scopes do not reach. */
export class ForbiddenError extends GoggaError {
  constructor(message: string, options?: ErrorOptions) {
    super('forbidden', 403, 2, message, options)
  }
}

/** 404 */
export class NotFoundError extends GoggaError {
  constructor(message: string, options?: ErrorOptions) {
    super('not-found', 404, 1, message, options)
  }
}

/** 409: the state does not allow it. */
export class ConflictError extends GoggaError {
  constructor(message: string, options?: ErrorOptions) {
    super('conflict', 409, 1, message, options)
  }
}

/** 503: another process holds the file, or it cannot be written; a repeat may succeed. */
export class UnavailableError extends GoggaError {
  constructor(message: string, options?: ErrorOptions) {
    super('unavailable', 503, 1, message, { retryAfter: 1, ...options })
  }
}

/** Exit 1: a person or a signal stopped the work before its end. */
export class StoppedError extends GoggaError {
  constructor(message: string, options?: ErrorOptions) {
    super('stopped', 503, 1, message, options)
  }
}

/** 500, exit 1: a file is not what it must be (wrong domain, not migrated, damaged). */
export class FileError extends GoggaError {
  constructor(message: string, options?: ErrorOptions) {
    super('file', 500, 1, message, options)
  }
}

/** A message for those who are not on this machine: where the files lie is left out. */
export const withoutPaths = (message: string): string => message.replaceAll(/ at (?:[A-Za-z]:)?[\\/][^\s:,]*/g, '')
