// `cli can-connect-to-database` and `cli create-database`: what the CLI asks before a command that needs the file.
import { createDatabaseFile, requireDatabaseFile } from './database-file.ts'
import { EngineError } from './engine-error.ts'
import { log } from './log.ts'

/** Returns the exit code. On 1 the CLI reads the reason from stderr, whose first line it skips. */
export function runCliCommand(command: string | undefined, path: string | undefined): 0 | 1 {
  log('INFO', { message: 'Starting the schema engine' })
  try {
    if (command === 'create-database' && path !== undefined) createDatabaseFile(path)
    requireDatabaseFile(path)
    return 0
  } catch (error) {
    const { message } = error as Error
    log('ERROR', { message, error_code: error instanceof EngineError ? error.code : 'P1001' })
    return 1
  }
}
