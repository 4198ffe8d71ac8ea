import Database from 'better-sqlite3'

/** Whether it was done: false where the file was locked for as long as its connection waits. */
export function tryTo(write: () => void): boolean {
  try {
    write()
    return true
  } catch (error) {
    if (error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY')) return false
    throw error
  }
}
