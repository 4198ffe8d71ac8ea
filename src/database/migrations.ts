// Applies prisma/migrations/<domain>/ to a file as `prisma migrate deploy` does, without starting a process: same
// table, same checksums, so that the CLI's `migrate status` agrees. Unlike the CLI, each migration and its record are
// one transaction: a file is never half migrated.
import { createHash, randomUUID } from 'node:crypto'
import { existsSync, linkSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { FileError } from '../errors.ts'
import { beginChain } from './chain-begin.ts'
import { type Connection, type ConnectionOptions, createFile, openInMemory, openWriter } from './connections.ts'
import type { Domain } from './domains.ts'
import { syncFile, syncFolder } from './durable.ts'
import { knownError } from './errors.ts'
import { filledLog, hasFile } from './logs.ts'
import { CREATE_HISTORY } from './migration-history.ts'

export interface Migration {
  readonly name: string
  readonly sql: string
  /** SHA-256 of migration.sql, hexadecimal, as Prisma records it. */
  readonly checksum: string
}

export interface MigrationState {
  readonly applied: readonly string[]
  readonly pending: readonly string[]
}

const FOLDER = join(import.meta.dirname, '../../prisma/migrations')

/** The migrations of a domain, oldest first. */
export function migrationsOf(domain: Domain, folder: string = FOLDER): readonly Migration[] {
  const home = join(folder, domain)
  return readdirSync(home, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort()
    .map((name) => {
      const sql = readFileSync(join(home, name, 'migration.sql'), 'utf8')
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') }
    })
}

/**
 * What a file has and lacks. Throws FileError when an applied migration was changed, is unknown here (the file is
 * newer than the program), or failed half-way under the CLI.
 */
export function migrationState(domain: Domain, connection: Connection, folder?: string): MigrationState {
  const known = migrationsOf(domain, folder)
  const rows = recordedMigrations(connection)
  for (const { name, checksum, finished } of rows) {
    const migration = known.find((candidate) => candidate.name === name)
    if (!migration) throw newer(domain, name)
    if (!finished) throw failed(domain, name)
    if (migration.checksum !== checksum) throw changed(domain, name)
  }
  const applied = rows.map(({ name }) => name)
  return { applied, pending: known.map(({ name }) => name).filter((name) => !applied.includes(name)) }
}

/** Creates the file when it is missing and applies what it lacks. Returns the names that were applied. */
export function migrate(domain: Domain, path: string, options: ConnectionOptions = {}): readonly string[] {
  try {
    return hasFile(path) ? migrateExisting(domain, path, options) : makeFile(domain, path, options)
  } catch (error) {
    throw knownError(error, domain, path) ?? error
  }
}

/**
 * Under a hidden name beside, so that a kill leaves nothing under the file's own. Where another process was first, its file
 * stands. Throws FileError where a log of a file that is gone lies there: SQLite would play it into the new one.
 */
function makeFile(domain: Domain, path: string, options: ConnectionOptions): readonly string[] {
  const log = filledLog(path)
  if (log !== undefined) throw lost(domain, log)
  const beside = makingName(path, process.pid)
  removeUnfinished(path)
  try {
    createFile(domain, beside)
    const applied = migrateExisting(domain, beside, options)
    syncFile(beside)
    if (existsSync(path) && !hasFile(path)) rmSync(path)
    linkSync(beside, path)
    return applied
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !hasFile(path)) throw error
    return migrateExisting(domain, path, options)
  } finally {
    for (const ending of ['', '-wal', '-shm', '-journal']) rmSync(`${beside}${ending}`, { force: true })
    if (existsSync(dirname(path))) syncFolder(dirname(path))
  }
}

const makingName = (path: string, pid: number): string => join(dirname(path), `.${basename(path)}.making-${pid}`)

/** What was being made by a process that is no more. */
function removeUnfinished(path: string): void {
  const folder = dirname(path)
  const start = `.${basename(path)}.making-`
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    if (!name.startsWith(start)) continue
    const pid = Number(/^\d+/.exec(name.slice(start.length))?.[0])
    if (pid === process.pid || !isAlive(pid)) rmSync(join(folder, name), { force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function migrateExisting(domain: Domain, path: string, options: ConnectionOptions): readonly string[] {
  const connection = openWriter(domain, path, options)
  try {
    const { pending } = migrationState(domain, connection)
    const todo = migrationsOf(domain).filter(({ name }) => pending.includes(name))
    for (const migration of todo) apply(connection, migration)
    beginChain(domain, connection) // The first write would do so, with somebody who waits for it.
    return pending
  } finally {
    connection.close()
  }
}

function apply(connection: Connection, migration: Migration): void {
  connection.exec(CREATE_HISTORY)
  connection.pragma('foreign_keys = OFF')
  connection.transaction(() => {
    connection.exec(migration.sql)
    const now = Date.now()
    connection
      .prepare(
        `insert into "_prisma_migrations" (id, checksum, finished_at, migration_name, started_at, applied_steps_count)
         values (?, ?, ?, ?, ?, 1)`,
      )
      .run(randomUUID(), migration.checksum, now, migration.name, now)
  })()
  connection.pragma('foreign_keys = ON')
}

export interface SchemaEntry {
  readonly type: string
  readonly name: string
  readonly table: string
  /** Empty where SQLite made it by itself. */
  readonly sql: string
}

/** What a file says of itself in `sqlite_schema`. */
export const schemaOf = (connection: Connection): readonly SchemaEntry[] =>
  connection
    .prepare<[], SchemaEntry>(
      `select type, name, tbl_name as "table", coalesce(sql, '') as sql from sqlite_schema order by type, name`,
    )
    .all()

/** The schema that the migrations of a domain make of an empty file. */
export function schemaOfMigrations(domain: Domain): readonly SchemaEntry[] {
  const connection = openInMemory()
  try {
    connection.exec(CREATE_HISTORY)
    for (const { sql } of migrationsOf(domain)) connection.exec(sql)
    return schemaOf(connection)
  } finally {
    connection.close()
  }
}

interface Recorded {
  readonly name: string
  readonly checksum: string
  readonly finished: boolean
}

function recordedMigrations(connection: Connection): readonly Recorded[] {
  const table = connection.prepare(`select 1 from sqlite_master where type = 'table' and name = '_prisma_migrations'`)
  if (!table.get()) return []
  const rows = connection
    .prepare(
      `select migration_name, checksum, finished_at is not null from "_prisma_migrations"
       where rolled_back_at is null order by migration_name`,
    )
    .raw()
    .all() as [string, string, number][]
  return rows.map(([name, checksum, finished]) => ({ name, checksum, finished: finished === 1 }))
}

export const lost = (domain: Domain, log: string) =>
  new FileError(`${domain}.db is missing, and its log is there: ${log}. It was lost, and is not made anew`, {
    hint:
      `Restore it with "npx gogga restore ${domain} --from latest", which keeps the log. To begin with an empty file in its ` +
      'place, move the log to another folder first.',
  })

const newer = (domain: Domain, name: string) =>
  new FileError(`${domain}.db has the migration ${name}, which this version of the program does not know`, {
    hint: 'Run the version of the program that the file was migrated with, or a newer one.',
  })

const failed = (domain: Domain, name: string) =>
  new FileError(`${domain}.db: the migration ${name} began and did not finish`, {
    hint: `Run "npm run db -- migrate resolve --domain ${domain} --rolled-back ${name}" after checking the file.`,
  })

const changed = (domain: Domain, name: string) =>
  new FileError(`${domain}.db: the migration ${name} was changed after it was applied`, {
    hint: 'Take the change back and write a new migration for it.',
  })
