// Nobody else has the file, and nobody gets it meanwhile.
import { readdirSync, readlinkSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import type { Domain } from '../../database/domains.ts'
import { ConflictError } from '../../errors.ts'

/**
 * In WAL mode every connection keeps a shared lock on the file, also one that does nothing; leaving WAL mode wants it for
 * itself alone (sqlite.org/pragma.html#pragma_locking_mode), and leaves the file without a log: all of it is in one place.
 * Where the file is too damaged for locks, whoever has it open is looked for in /proc. Throws ConflictError.
 */
export const holdFile = (domain: Domain, path: string): Hold => lock(domain, path, true)

export interface Hold extends Disposable {
  /** Locked, with everything in the file itself; else it is too damaged for that, and its logs are as they were. */
  readonly isWhole: boolean
}

/** Only looks: the file stays as it is. Throws ConflictError. */
export const requireFree = (domain: Domain, path: string): void => lock(domain, path, false)[Symbol.dispose]()

function lock(domain: Domain, path: string, endsLog: boolean): Hold {
  const connection = new Database(path, { fileMustExist: true, timeout: 0 })
  try {
    connection.pragma('locking_mode = EXCLUSIVE')
    if (endsLog) connection.pragma('journal_mode = DELETE')
    connection.exec('begin exclusive')
    return { isWhole: endsLog, [Symbol.dispose]: () => void connection.close() }
  } catch (cause) {
    connection.close()
    if (!(cause instanceof Database.SqliteError)) throw cause
    if (cause.code.startsWith('SQLITE_BUSY') || isOpenElsewhere(path)) throw inUse(domain, path, cause)
    return { isWhole: false, [Symbol.dispose]() {} }
  }
}

const inUse = (domain: Domain, path: string, cause: unknown) =>
  new ConflictError(`${domain}.db at ${path} is in use: a server or another tool has it open`, {
    cause,
    hint: 'Stop the server, then restore.',
  })

/** As far as this user may look; always false where there is no /proc. */
function isOpenElsewhere(path: string): boolean {
  const real = realpathSync(path)
  return entries('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .some((pid) => entries(join('/proc', pid, 'fd')).some((fd) => target(join('/proc', pid, 'fd', fd)) === real))
}

function entries(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function target(link: string): string | undefined {
  try {
    return readlinkSync(link)
  } catch {
    return undefined
  }
}
