// The unified database's own DDL: kept in identity.db by split, run again by merge.
import Database from 'better-sqlite3'
import { quote } from '../database/catalog.ts'
import type { Connection } from '../database/connections.ts'
import type { ErrorDetail } from '../errors.ts'
import type { LegacyLayout, SchemaEntry } from './inspect.ts'
import { SCHEMA } from './layout.ts'

/** Kinds in the order in which they are made; what lies between is filled before indexes and triggers stand. */
export const BEFORE_ROWS = ['pragma', 'table', 'virtual'] as const
export const AFTER_ROWS = ['sequence', 'index', 'view', 'trigger'] as const

/** Everything that a database of our own could not make again: a module or function that this SQLite lacks. */
export function rehearseSchema({ schema }: LegacyLayout): ErrorDetail[] {
  const connection = new Database(':memory:')
  const problems: ErrorDetail[] = []
  try {
    for (const kind of [...BEFORE_ROWS, ...AFTER_ROWS]) {
      for (const entry of schema.filter((candidate) => candidate.kind === kind)) {
        const problem = failureOf(connection, entry)
        if (problem) problems.push({ at: entry.name, message: `is a ${kind} that cannot be made again: ${problem}` })
      }
    }
    return problems
  } finally {
    connection.close()
  }
}

function failureOf(connection: Connection, { sql }: SchemaEntry): string | undefined {
  try {
    connection.exec(sql)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

export function writeSchema(identity: Connection, schema: readonly SchemaEntry[]): void {
  identity.prepare(`delete from ${quote(SCHEMA.name)}`).run()
  const insert = identity.prepare(
    `insert into ${quote(SCHEMA.name)} (position, kind, name, tableName, sql) values (?, ?, ?, ?, ?)`,
  )
  for (const [index, { kind, name, tableName, sql }] of schema.entries()) {
    insert.run(index + 1, kind, name, tableName, sql)
  }
}

export const readSchema = (identity: Connection): readonly SchemaEntry[] =>
  identity
    .prepare(`select kind, name, tableName, sql from ${quote(SCHEMA.name)} order by position`)
    .all() as SchemaEntry[]
