import Database from 'better-sqlite3'
import { rowsOver, type Tx } from '../../src/database/rows.ts'
import { withDatabases } from '../helpers/databases.ts'
import { type TestSources, testSources } from '../helpers/one-file.ts'

export interface Traced {
  readonly tx: Tx<'identity'>
  readonly sources: TestSources
  /** What SQLite has run since this was last called, values in place. */
  statements(): readonly string[]
}

/** Runs `work` on a fresh identity.db whose every statement is written down. */
export const withTrace = <T>(work: (traced: Traced) => T): Promise<T> =>
  withDatabases(({ paths }) => {
    const run: string[] = []
    const connection = new Database(paths.identity, { verbose: (sql) => void run.push(String(sql)) })
    try {
      return work({ tx: rowsOver('identity', connection), sources: testSources(), statements: () => run.splice(0) })
    } finally {
      connection.close()
    }
  })
