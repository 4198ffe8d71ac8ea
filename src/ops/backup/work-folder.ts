// Where a backup is made before it is one: a hidden folder beside the archives, or for a bucket in the temporary folder.
// Whoever holds it is alone at work on the target; what a killed process left in it is removed by the next.
import { createHash } from 'node:crypto'
import { closeSync, existsSync, lstatSync, mkdirSync, openSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { FileError } from '../../errors.ts'
import { busyElsewhere, understood } from './failures.ts'
import type { BackupPolicy } from './policy.ts'

export interface WorkFolder extends Disposable {
  readonly path: string
  /** Path of a file in it. */
  file(name: string): string
}

export const WORK_PREFIX = '.gogga-backup'
const LOCK = 'lock.db'

/** Where `purpose` works: takes and prunes share one, checks and sets have their own. */
export function workPath({ domain, target, workFolder }: BackupPolicy, purpose: string): string {
  const name = `${WORK_PREFIX}-${purpose}-${domain}`
  if (workFolder !== undefined) return join(workFolder, name)
  if (target.kind === 'folder') return join(target.path, name)
  const key = createHash('sha256').update(JSON.stringify(target)).digest('hex').slice(0, 12)
  return join(tmpdir(), `${name}-${userInfo().uid}-${key}`)
}

/** Holds it against other processes and empties it. Throws ConflictError where another is at work in it. */
export function openWorkFolder(policy: BackupPolicy, purpose: 'take' | 'check' | 'set' | 'audit' = 'take'): WorkFolder {
  const path = workPath(policy, purpose)
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    requireOwn(path)
    const hold = holdFolder(path)
    clear(path)
    return {
      path,
      file: (name) => join(path, name),
      [Symbol.dispose]() {
        clear(path)
        hold.close()
      },
    }
  } catch (error) {
    throw understood(error, path)
  }
}

/** In a temporary folder anybody may have made it first, to read what is put there. */
function requireOwn(path: string): void {
  const found = lstatSync(path)
  const isOwn = found.isDirectory() && found.uid === (process.getuid?.() ?? found.uid)
  if (isOwn && (process.platform === 'win32' || (found.mode & 0o077) === 0)) return
  throw new FileError(`${path} is not a folder that this user alone can read`, {
    hint: 'Remove it, or name another place as workFolder in the backup policy.',
  })
}

function clear(path: string): void {
  for (const name of readdirSync(path)) {
    if (!name.startsWith(LOCK)) rmSync(join(path, name), { recursive: true, force: true })
  }
}

/** The operating system lets go of a lock in a file when its process dies, however it dies. */
function holdFolder(path: string): Database.Database {
  const file = join(path, LOCK)
  // SQLite would make it readable for others. Closing one that is there would let go of this process's own lock in it.
  if (!existsSync(file)) closeSync(openSync(file, 'a', 0o600))
  const connection = new Database(file, { timeout: 0 })
  try {
    connection.pragma('locking_mode = EXCLUSIVE')
    connection.exec('begin exclusive')
    return connection
  } catch (cause) {
    connection.close()
    if (cause instanceof Database.SqliteError && cause.code.startsWith('SQLITE_BUSY')) throw busyElsewhere(path, cause)
    throw cause
  }
}
