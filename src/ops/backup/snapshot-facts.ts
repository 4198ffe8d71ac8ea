// The compact copy of one moment, and what it says of itself. Runs in take-worker.ts: both block their thread.
import { accessSync, chmodSync, constants, copyFileSync, existsSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { quote } from '../../database/catalog.ts'
import { type Connection, openReader } from '../../database/connections.ts'
import type { Domain } from '../../database/domains.ts'
import type { Manifest } from './types.ts'

export type SnapshotFacts = Pick<Manifest, 'applicationId' | 'migrations' | 'rows' | 'outbox' | 'inbox'>

/** SQLite waits for so long where the log is recovered or emptied; this thread has nothing else to do. */
const BUSY_WAIT_MS = 5_000
/** Nothing is read twice, and the copy leaves its cache early, so that others can read what is done. */
const CACHE_KB = 1 << 10
const MAX_IDS = 1_000

/**
 * Live rows only, one consistent moment, without free pages (sqlite.org/lang_vacuum.html). Nothing is written to the
 * source; a writer goes on meanwhile. Not synced: it is a step on the way.
 */
export function copyTo(domain: Domain, path: string, into: string): void {
  while (isResting(path)) if (copyResting(domain, path, into)) return
  vacuumInto(domain, path, into)
}

function vacuumInto(domain: Domain, path: string, into: string): void {
  const source = openReader(domain, path)
  try {
    source.pragma(`busy_timeout = ${BUSY_WAIT_MS}`)
    source.pragma(`cache_size = -${CACHE_KB}`)
    // The copy takes it over. A power cut leaves no half of a backup: what is kept of it is synced before it has a name.
    source.pragma('synchronous = OFF')
    // The copy takes this over, too. While it grows, entries move from page to page; what they left behind would stay readable
    // beside the rows, and would outlive them: a restored file, too, must be able to forget somebody.
    source.pragma('secure_delete = ON')
    // The connection stays read-only; query_only would forbid the new file as well.
    source.pragma('query_only = OFF')
    source.prepare('vacuum into ?').run(into)
  } finally {
    source.close()
  }
}

/**
 * In a folder that may not be written, SQLite reads a file in WAL mode only while its log is there
 * (sqlite.org/wal.html#readonly). Without a log nobody has it open, and the file's bytes are all there is.
 */
function isResting(path: string): boolean {
  if (!existsSync(path) || existsSync(`${path}-wal`)) return false
  try {
    accessSync(dirname(path), constants.W_OK)
    return false
  } catch {
    return true
  }
}

/** False where somebody came meanwhile. */
function copyResting(domain: Domain, path: string, into: string): boolean {
  const still = `${into}-still`
  try {
    const before = stampOf(path)
    copyFileSync(path, still, constants.COPYFILE_FICLONE)
    chmodSync(still, 0o600)
    if (existsSync(`${path}-wal`) || stampOf(path) !== before) return false
    vacuumInto(domain, still, into)
    return true
  } finally {
    for (const ending of ['', '-wal', '-shm']) rmSync(`${still}${ending}`, { force: true })
  }
}

function stampOf(path: string): string {
  const { dev, ino, size, mtimeNs } = statSync(path, { bigint: true })
  return [dev, ino, size, mtimeNs].join()
}

/**
 * The checks of a copy, those of the longest tables first, for as many threads as there are. Table by table they find
 * broken pages and an index that does not have as many entries as its table; what the entries say is compared by verify,
 * which takes several times as long as the copy. Only a check of the whole file also sees pages that nothing uses, or
 * that two tables use: VACUUM INTO gives each page to one table in turn and leaves none over, and verify looks for them.
 */
export function checksOf(connection: Connection, rows: SnapshotFacts['rows']): readonly string[] {
  const tables = Object.entries(rows).sort(([, a], [, b]) => b - a)
  const own = connection
    .prepare("select name from sqlite_schema where type = 'table' and name like 'sqlite\\_%' escape '\\'")
    .pluck()
    .all() as string[]
  const names = [...tables.map(([name]) => name), ...own, 'sqlite_schema']
  return [...names.map((name) => `quick_check(${quote(name)})`), FOREIGN_KEYS]
}

const FOREIGN_KEYS = 'foreign_key_check'

/** Runs those whose numbers `next` gives, and says what is wrong. */
export function runChecks(connection: Connection, checks: readonly string[], next: () => number): string[] {
  const findings: string[] = []
  for (let check = checks[next()]; check !== undefined; check = checks[next()])
    findings.push(...(check === FOREIGN_KEYS ? checkForeignKeys(connection) : linesOf(connection, check)))
  return findings
}

/** What is wrong with the pages and the number of index entries. */
export const checkPages = (connection: Connection): string[] => linesOf(connection, 'quick_check')

/** Compares each index with its table, one after the other, so that a thread can be stopped in between. */
export const checkTables = (connection: Connection): string[] =>
  tablesIn(connection).flatMap((name) => linesOf(connection, `integrity_check(${quote(name)})`))

function linesOf(connection: Connection, check: string): string[] {
  const lines = connection.pragma(check) as { [check: string]: string }[]
  return lines.map((line) => String(Object.values(line)[0])).filter((line) => line !== 'ok')
}

export function checkForeignKeys(connection: Connection): string[] {
  const broken = connection.pragma('foreign_key_check') as { table: string; parent: string }[]
  const kinds = Map.groupBy(broken, ({ table, parent }) => `${table} names ${parent}`)
  return [...kinds].map(([kind, rows]) => `${rows.length} rows of ${kind} that is not there`)
}

const countOf = (connection: Connection, from: string): number =>
  connection.prepare(`select count(*) from ${from}`).pluck().get() as number

export function factsOf(connection: Connection): SnapshotFacts {
  return {
    applicationId: connection.pragma('application_id', { simple: true }) as number,
    migrations: migrationsIn(connection),
    rows: rowsIn(connection),
    outbox: outboxIn(connection),
    inbox: queueIn(connection, 'InboxMessage', 'receivedAt'),
  }
}

/** Rows of each table, by name. */
export function rowsIn(connection: Connection): Record<string, number> {
  return Object.fromEntries(tablesIn(connection).map((name) => [name, countOf(connection, quote(name))]))
}

const tablesIn = (connection: Connection): string[] =>
  connection
    .prepare(
      `select name from sqlite_schema where type = 'table' and name not like 'sqlite\\_%' escape '\\' order by name`,
    )
    .pluck()
    .all() as string[]

const migrationsIn = (connection: Connection): string[] =>
  tablesIn(connection).includes('_prisma_migrations')
    ? (connection
        .prepare(
          `select migration_name from "_prisma_migrations"
           where finished_at is not null and rolled_back_at is null order by migration_name`,
        )
        .pluck()
        .all() as string[])
    : []

function queueIn(connection: Connection, table: 'OutboxMessage' | 'InboxMessage', time: string): Manifest['inbox'] {
  if (!tablesIn(connection).includes(table)) return { rows: 0, maxRowid: 0, newestAt: null }
  return connection
    .prepare<[], Manifest['inbox']>(
      `select count(*) rows, coalesce(max(rowid), 0) maxRowid, max(${time}) newestAt from ${quote(table)}`,
    )
    .get() as Manifest['inbox']
}

function outboxIn(connection: Connection): Manifest['outbox'] {
  const queue = queueIn(connection, 'OutboxMessage', 'createdAt')
  if (queue.rows === 0) return { ...queue, dead: 0, ids: [] }
  const dead = countOf(connection, '"OutboxMessage" where deadAt is not null')
  const ids = connection
    .prepare('select id from "OutboxMessage" order by rowid limit ?')
    .pluck()
    .all(MAX_IDS) as string[]
  return { ...queue, dead, ids }
}
