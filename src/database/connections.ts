// The one place where SQLite files are opened at run time. Each connection sees one file; the order of the pragmas
// matters: the busy timeout comes first, since switching to WAL may already meet a lock. There is no memory map: SQLite
// checks a mapped page's cells at every fetch, a cached page's once (a page of users: 318 µs with the map, 257 without).
import { chmodSync, closeSync, existsSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { FileError } from '../errors.ts'
import { type Domain, FILES, nameOfApplicationId } from './domains.ts'
import { hasFile, strayJournal } from './logs.ts'

export type Connection = Database.Database

export interface ConnectionOptions {
  /** Page cache, in MiB. */
  readonly cacheMb?: number
}

/** SQLite's own busy wait blocks the event loop, so it is short; longer waits are asynchronous (adapter.ts). */
const BUSY_WAIT_MS = 5
const JOURNAL_SIZE_LIMIT_BYTES = 64 << 20

/** A read-only connection. Throws FileError when the file is missing or belongs to another domain. */
export function openReader(domain: Domain, path: string, options: ConnectionOptions = {}): Connection {
  requireFile(domain, path)
  const connection = open(domain, path, true)
  try {
    checkApplicationId(connection, domain, path)
    connection.pragma(`cache_size = -${(options.cacheMb ?? 32) * 1024}`)
    connection.pragma('query_only = ON')
    return connection
  } catch (error) {
    connection.close()
    throw error
  }
}

/** The writing connection. The file must exist: files are created by `createFile` and migrated before use. */
export function openWriter(domain: Domain, path: string, options: ConnectionOptions = {}): Connection {
  requireFile(domain, path)
  const connection = open(domain, path, false)
  try {
    checkApplicationId(connection, domain, path)
    const mode = connection.pragma('journal_mode = WAL', { simple: true })
    if (mode !== 'wal') throw new FileError(`${domain}.db at ${path} stays in journal mode "${mode}", expected "wal"`)
    connection.pragma(`synchronous = ${FILES[domain].synchronous}`)
    connection.pragma('foreign_keys = ON')
    connection.pragma('secure_delete = ON')
    connection.pragma(`journal_size_limit = ${JOURNAL_SIZE_LIMIT_BYTES}`)
    connection.pragma(`cache_size = -${(options.cacheMb ?? 32) * 1024}`)
    return connection
  } catch (error) {
    connection.close()
    throw error
  }
}

/** An empty database without a file, for what is only tried. */
export const openInMemory = (): Connection => new Database(':memory:')

/** An empty file of the domain in a folder of its own: modes 0700 and 0600, application_id and WAL set. */
export function createFile(domain: Domain, path: string): void {
  const folder = dirname(path)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  closeSync(openSync(path, 'wx', 0o600))
  chmodSync(path, 0o600)
  const connection = open(domain, path, false)
  // Before the first table: later only VACUUM could change it. Rows cost no more to write (src/ops/purge/space.ts).
  connection.pragma('auto_vacuum = INCREMENTAL')
  connection.pragma(`application_id = ${FILES[domain].applicationId}`)
  connection.pragma('journal_mode = WAL')
  connection.close()
}

function open(domain: Domain, path: string, readonly: boolean): Connection {
  try {
    const connection = new Database(path, { readonly, fileMustExist: true, timeout: BUSY_WAIT_MS })
    connection.pragma('trusted_schema = OFF')
    connection.pragma('cell_size_check = ON')
    return connection
  } catch (cause) {
    throw new FileError(`${domain}.db at ${path} cannot be opened: ${(cause as Error).message}`, {
      cause,
      hint: 'Check that the file is a SQLite database and that this user may read and write it and its folder.',
    })
  }
}

function requireFile(domain: Domain, path: string): void {
  if (!hasFile(path)) {
    throw new FileError(
      `${domain}.db is missing: ${existsSync(path) ? 'a file without a byte' : 'nothing'} is at ${path}`,
      {
        hint: `Restore it with "gogga restore ${domain} --from latest"; where there never was one, run "npx gogga migrate --domain ${domain}".`,
      },
    )
  }
  const journal = strayJournal(path)
  if (journal === undefined) return
  throw new FileError(`A rollback journal lies beside ${domain}.db, and is not its own: ${journal}`, {
    hint: `Whoever opened the file would play it into it. Move ${journal} to another folder.`,
  })
}

function checkApplicationId(connection: Connection, domain: Domain, path: string): void {
  const found = connection.pragma('application_id', { simple: true }) as number
  if (found === FILES[domain].applicationId) return
  throw new FileError(
    `${path} is ${nameOfApplicationId(found)}, expected ${nameOfApplicationId(FILES[domain].applicationId)}`,
    {
      hint: `Point ${domain.toUpperCase()}_DB_URL at the file of ${domain}, or GOGGA_DATA_DIR at the folder that holds all three.`,
    },
  )
}
