// What goes to stderr: JSON lines, as the CLI expects them.

export interface LogFields {
  readonly message: string
  readonly error_code?: string
  readonly backtrace?: string
}

export function log(level: 'INFO' | 'ERROR', fields: LogFields): void {
  const line = { timestamp: new Date().toISOString(), level, fields, target: 'schema_engine::logger' }
  process.stderr.write(`${JSON.stringify(line)}\n`)
}

/** Exit code 101 tells the CLI that the engine panicked. */
export function crashed(reason: unknown): never {
  const error = reason instanceof Error ? reason : new Error(String(reason))
  log('ERROR', { message: error.message, backtrace: error.stack ?? '' })
  process.exit(101)
}
