// The hidden folder beside the target in which a split works, and the journal by which a second run goes on after a
// kill. The journal is replaced as a whole after each checkpoint: what a file holds beyond it is taken away again.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import Database from 'better-sqlite3'
import { allModels } from '../database/catalog.ts'
import type { Connection } from '../database/connections.ts'
import { DOMAINS } from '../database/domains.ts'
import { writeWhole } from '../database/durable.ts'
import { migrationsOf } from '../database/migrations.ts'
import { ConflictError, FileError } from '../errors.ts'
import type { Counts } from './counts.ts'
import type { DroppedIndex } from './target-files.ts'

export interface TableProgress {
  /** Rowid of the last row that is in the files; null before the first, and where the table has none. */
  readonly last: string | null
  readonly rows: number
  readonly done: boolean
}

export interface Journal {
  /** What the work is made of: another input, other options or another version of the program begin anew. */
  readonly basis: string
  readonly startedAt: string
  readonly indexes: readonly DroppedIndex[]
  readonly tables: Readonly<Record<string, TableProgress>>
  /** The highest rowid of each table of the new files, by `file.table`. */
  readonly marks: Readonly<Record<string, string>>
  readonly counts: Counts
  /** Set once everything is proved and synced: only the rename is left. */
  readonly proved: boolean
}

export interface WorkFolder {
  readonly path: string
  readonly snapshot: string
  readonly scratch: string
  /** What becomes the target. */
  readonly result: string
  readJournal(): Journal | undefined
  writeJournal(journal: Journal): void
  /** Removes all work; the folder and the hold on it stay. */
  clear(): void
  /** Lets go of the folder; `remove` takes it away. */
  close(remove: boolean): void
}

/** Opens or makes the folder and holds it against other processes. Throws ConflictError where one is at work in it. */
export function openWorkFolder(target: string, purpose: string): WorkFolder {
  const full = resolve(target)
  const path = join(dirname(full), `.gogga-${purpose}-${basename(full)}`)
  const made = makeFolder(path)
  const hold = holdFolder(path)
  const journal = join(path, 'journal.json')
  const parts = ['snapshot.db', 'scratch.db', 'result', 'journal.json', 'journal.json.new']
  return {
    path,
    snapshot: join(path, 'snapshot.db'),
    scratch: join(path, 'scratch.db'),
    result: join(path, 'result'),
    readJournal: () => readJournal(journal),
    writeJournal: (content) => writeWhole(journal, JSON.stringify(content)),
    clear() {
      const files = parts.flatMap((part) => [part, `${part}-wal`, `${part}-journal`, `${part}-shm`])
      // The journal first: without it whatever else is left is no work to go on with.
      for (const name of files.sort((a, b) => Number(b.startsWith('journal')) - Number(a.startsWith('journal')))) {
        rmSync(join(path, name), { recursive: true, force: true })
      }
    },
    close(remove) {
      if (remove) rmSync(path, { recursive: true, force: true })
      hold.close()
      if (remove && made) removeEmpty(dirname(path), made)
    },
  }
}

/** Tells whether work that was left can be gone on with. */
export function basisOf(parts: Readonly<Record<string, unknown>>): string {
  const migrations = DOMAINS.map((domain) => migrationsOf(domain).map(({ checksum }) => checksum))
  return createHash('sha256')
    .update(JSON.stringify([parts, migrations, allModels, bootId()]))
    .digest('hex')
}

/** Work is not synced: after a power cut its files may be anything. Linux names each boot; elsewhere proof must do. */
function bootId(): string {
  const path = '/proc/sys/kernel/random/boot_id'
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}

/** Returns the topmost folder that had to be made. */
function makeFolder(path: string): string | undefined {
  try {
    return mkdirSync(path, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw new FileError(`${dirname(path)} cannot be written: ${(cause as Error).message}`, {
      cause,
      hint: 'Choose a folder that this user may write to.',
    })
  }
}

/** Folders that were made on the way and hold nothing in the end. */
function removeEmpty(path: string, made: string): void {
  if (!path.startsWith(made) || readdirSync(path).length > 0) return
  rmdirSync(path)
  removeEmpty(dirname(path), made)
}

/** The operating system lets go of a lock in a file when its process dies, however it dies. */
function holdFolder(path: string): Connection {
  const connection = new Database(join(path, 'lock.db'), { timeout: 0 })
  try {
    connection.pragma('locking_mode = EXCLUSIVE')
    connection.exec('begin exclusive')
    return connection
  } catch (cause) {
    connection.close()
    throw new ConflictError(`Another process is at work in ${path}`, { cause, hint: 'Wait until it is done.' })
  }
}

function readJournal(path: string): Journal | undefined {
  if (!existsSync(path)) return undefined
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Journal
  } catch {
    return undefined
  }
}
