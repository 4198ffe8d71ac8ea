// What lies beside a file and belongs to it: SQLite plays a log or a rollback journal into whatever file has the name.
import { closeSync, openSync, readSync, statSync } from 'node:fs'

const JOURNAL_MAGIC = 'd9d505f9'
const IN_WAL_MODE = '0202'

/** Whether there is a file; one without a byte was cut off while it was made, and holds nothing. */
export const hasFile = (path: string): boolean => sizeOf(path) > 0

/** A log or a journal with something in it, such as may be left where the file itself is gone. */
export const filledLog = (path: string): string | undefined =>
  [`${path}-wal`, `${path}-journal`].find((log) => sizeOf(log) > 0)

/** A rollback journal that would be played into a file in WAL mode, which never has one of its own (sqlite.org/fileformat2.html). */
export function strayJournal(path: string): string | undefined {
  const journal = `${path}-journal`
  if (sizeOf(journal) === 0 || sizeOf(path) === 0) return undefined
  return bytesOf(journal, 0, 4) === JOURNAL_MAGIC && bytesOf(path, 18, 2) === IN_WAL_MODE ? journal : undefined
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0

/** Hexadecimal. Of the file itself only where such a journal lies there: closing it drops locks of this process (POSIX). */
function bytesOf(path: string, at: number, length: number): string {
  const file = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(length)
    readSync(file, bytes, 0, length, at)
    return bytes.toString('hex')
  } finally {
    closeSync(file)
  }
}
