// What goes to stderr: JSON lines, as the CLI expects them.

export interface LogFields {
  readonly message: string
  readonly error_code?: string
}

export function log(level: 'INFO' | 'ERROR', fields: LogFields): void {
  const line = { timestamp: new Date().toISOString(), level, fields, target: 'schema_engine::logger' }
  process.stderr.write(`${JSON.stringify(line)}\n`)
}
