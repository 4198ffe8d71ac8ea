// The new files while they are filled: in the work folder, without durability but safe against a kill (a rollback
// journal, no syncs), and without the indexes that only cost time during the load.
import { chmodSync, closeSync, fsyncSync, mkdirSync, openSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { pathInFolder } from '../config.ts'
import { modelsOf, quote } from '../database/catalog.ts'
import { beginChain } from '../database/chain-begin.ts'
import type { Connection } from '../database/connections.ts'
import { DOMAINS, type Domain, isDomain } from '../database/domains.ts'
import { migrate } from '../database/migrations.ts'
import { gatherStatistics } from '../database/statistics.ts'
import { UnavailableError } from '../errors.ts'
import { affinityOf } from './affinity.ts'
import type { LegacyLayout } from './inspect.ts'
import { CONTACTS, DETACHED, EXTRA_KEY, ORIGINALS, PEOPLE } from './layout.ts'
import { extraColumns, type Plan } from './plan.ts'
import { understood } from './transfer-errors.ts'

export type TargetName = Domain | 'unassigned' | 'scratch'
export type Targets = Readonly<Record<Domain | 'scratch', Connection>> & { readonly unassigned?: Connection }

export interface DroppedIndex {
  readonly domain: Domain
  readonly table: string
  readonly sql: string
}

export const UNASSIGNED = 'unassigned'
const CACHE_KB = 8 << 10

export const needsUnassigned = ({ unknown, unknownColumns, layout }: Plan): boolean =>
  unknown.length > 0 || unknownColumns.length > 0 || layout.tables.some(({ kind }) => kind === 'virtual')

/** Makes the files and takes out the indexes that come back after the load; `result` is what will be published. */
export function createTargets(result: string, scratch: string, plan: Plan): readonly DroppedIndex[] {
  mkdirSync(result, { mode: 0o700 })
  for (const domain of DOMAINS) migrateTarget(domain, pathInFolder(result, domain))
  createEmpty(scratch).exec('create table spelling (key text not null, id text not null)').close()
  if (needsUnassigned(plan)) createUnassigned(pathInFolder(result, UNASSIGNED), plan)
  return DOMAINS.flatMap((domain) => dropIndexes(domain, pathInFolder(result, domain)))
}

/** A full disk is the target's, in the words of understood(): the hidden file that met it means nothing to the caller. */
function migrateTarget(domain: Domain, path: string): void {
  try {
    migrate(domain, path)
  } catch (error) {
    const cause = error instanceof UnavailableError ? error.cause : undefined
    throw understood(cause, path) instanceof UnavailableError ? cause : error
  }
}

export function openTargets(result: string, scratch: string, plan: Plan): Targets {
  const paths = { identity: '', billing: '', admin: '' }
  for (const domain of DOMAINS) paths[domain] = pathInFolder(result, domain)
  const opened = {
    identity: openForLoad(paths.identity),
    billing: openForLoad(paths.billing),
    admin: openForLoad(paths.admin),
    scratch: openForLoad(scratch),
  }
  return needsUnassigned(plan) ? { ...opened, unassigned: openForLoad(pathInFolder(result, UNASSIGNED)) } : opened
}

export const connectionsOf = (targets: Targets): [TargetName, Connection][] =>
  Object.entries(targets) as [TargetName, Connection][]

export function closeTargets(targets: Targets): void {
  for (const [, connection] of connectionsOf(targets)) {
    if (connection.inTransaction) connection.exec('rollback')
    connection.close()
  }
}

/** Tables that the load appends to, so that what came after a checkpoint can be taken away by rowid. */
export function loadedTables(plan: Plan): [TargetName, string][] {
  const own: [TargetName, string][] = [CONTACTS, DETACHED, ORIGINALS].map(({ domain, name }) => [domain, name])
  const models = DOMAINS.flatMap((domain) => modelsOf(domain).filter(({ legacy }) => legacy))
  const extras = plan.unknownColumns.map(({ table }): [TargetName, string] => [UNASSIGNED, table])
  return [
    ...own,
    ...models.map(({ domain, name }): [TargetName, string] => [domain, name]),
    ...extras,
    ['scratch', 'spelling'],
  ]
}

/** Puts an index back that others are looked up by, or all. */
export function createIndexes(targets: Targets, indexes: readonly DroppedIndex[]): void {
  for (const { domain, sql } of indexes)
    targets[domain].exec(sql.replace(/^create (unique )?index /i, 'create $1index if not exists '))
}

export const isPeopleIndex = ({ domain, table }: DroppedIndex): boolean =>
  domain === PEOPLE.model.domain && table === PEOPLE.model.name

/** Makes the files durable and as the application opens them. The targets are closed. */
export function sealTargets(result: string, targets: Targets): void {
  for (const [name, connection] of connectionsOf(targets)) {
    if (isDomain(name)) beginChain(name, connection) // The first write would do so, with somebody who waits for it.
    if (name !== 'scratch') seal(connection, pathInFolder(result, name))
    else connection.close()
  }
}

function seal(connection: Connection, path: string): void {
  connection.pragma('analysis_limit = 1000')
  gatherStatistics(connection)
  connection.pragma('locking_mode = NORMAL')
  connection.prepare('select count(*) from sqlite_schema').get()
  connection.pragma('synchronous = FULL')
  connection.pragma('journal_mode = WAL')
  connection.close()
  chmodSync(path, 0o600)
  const file = openSync(path, 'r+')
  fsyncSync(file)
  closeSync(file)
}

/** Readers leave an empty log beside each file that they have read; it need not be published. */
export function removeLogs(result: string, plan: Plan): void {
  for (const name of [...DOMAINS, ...(needsUnassigned(plan) ? [UNASSIGNED] : [])]) {
    const path = pathInFolder(result, name)
    const log = statSync(`${path}-wal`, { throwIfNoEntry: false })
    if (log && log.size > 0) throw new Error(`${name}.db has a log after it was sealed`)
    for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, { force: true })
  }
}

function openForLoad(path: string): Connection {
  const connection = new Database(path, { fileMustExist: true })
  connection.pragma('locking_mode = EXCLUSIVE')
  connection.pragma('journal_mode = TRUNCATE')
  connection.pragma('synchronous = OFF')
  connection.pragma(`cache_size = -${CACHE_KB}`)
  // While a table or an index grows, entries move from page to page; what they left behind would outlive the person.
  connection.pragma('secure_delete = ON')
  connection.pragma('foreign_keys = OFF')
  connection.pragma('ignore_check_constraints = ON')
  connection.pragma('trusted_schema = OFF')
  return connection
}

function createEmpty(path: string): Connection {
  closeSync(openSync(path, 'wx', 0o600))
  return new Database(path)
}

function dropIndexes(domain: Domain, path: string): DroppedIndex[] {
  const connection = openForLoad(path)
  const filled = new Set(
    [DETACHED, ORIGINALS, ...modelsOf(domain).filter(({ legacy }) => legacy)].map(({ name }) => name),
  )
  const rows = connection
    .prepare(
      "select name, tbl_name as 'table', sql from sqlite_schema where type = 'index' and sql is not null order by rowid",
    )
    .all() as { name: string; table: string; sql: string }[]
  const dropped = rows.filter(({ table }) => filled.has(table))
  for (const { name } of dropped) connection.exec(`drop index ${quote(name)}`)
  connection.close()
  return dropped.map(({ table, sql }) => ({ domain, table, sql }))
}

/** Unknown tables by their own DDL; unknown columns as a table of the name of theirs, keyed by the row's id. */
function createUnassigned(path: string, plan: Plan): void {
  mkdirSync(join(path, '..'), { mode: 0o700 })
  const connection = createEmpty(path)
  connection.pragma(`encoding = '${plan.layout.encoding}'`)
  createUnknownTables(connection, plan.layout)
  for (const { table } of plan.known) {
    const extras = extraColumns(table).map(({ name, declared }) => `${quote(name)} ${affinityOf(declared)}`)
    if (extras.length === 0) continue
    connection.exec(`create table ${quote(table.name)} (${quote(EXTRA_KEY)} text primary key, ${extras.join(', ')})`)
  }
  connection.close()
}

function createUnknownTables(connection: Connection, { schema, tables }: LegacyLayout): void {
  const known = new Set(tables.filter(({ legacy }) => legacy).map(({ name }) => name))
  const wanted = schema.filter(({ kind, name }) => (kind === 'table' || kind === 'virtual') && !known.has(name))
  for (const { sql } of wanted) connection.exec(sql)
}
