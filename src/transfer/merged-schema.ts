// The tables of a merged file: the unified database's own DDL where split kept it, else the eleven tables as the catalog
// and the new files have them.
import { type CatalogColumn, type CatalogModel, quote } from '../database/catalog.ts'
import type { Connection } from '../database/connections.ts'
import type { Domain } from '../database/domains.ts'
import { FileError } from '../errors.ts'
import { inspect, type SchemaEntry } from './inspect.ts'
import { LEGACY_TABLES, type LegacyTable, legacyNameOf, placeNamed, placesOf } from './layout.ts'
import { AFTER_ROWS, BEFORE_ROWS } from './legacy-schema.ts'
import { fillerOf } from './rules.ts'

export type DomainConnections = Readonly<Record<Domain, Connection>>
export type Layout = 'single' | 'prefixed'

/** What people call the domain of accounts in a shared file. */
const PREFIXES: Readonly<Record<Domain, string>> = { identity: 'auth', billing: 'billing', admin: 'admin' }

/** The proposal's figures per tier: how many people, and how many credits they hold together. */
const STATS = {
  name: 'SubscriptionStats',
  table: 'Subscription',
  sql: `create view "SubscriptionStats" as
  select "tier", count(*) as "userCount", sum("credits") as "totalCredits" from "Subscription" group by "tier"`,
}

/** Makes the empty tables. Returns the columns that the unified database did not have and that hold something now. */
export function createTables(merged: Connection, schema: readonly SchemaEntry[], files: DomainConnections): string[] {
  run(merged, schema, BEFORE_ROWS)
  const isStandard = schema.length === 0
  const has = new Set(inspect(merged).tables.map(({ legacy }) => legacy))
  for (const table of LEGACY_TABLES) {
    if (has.has(table.name)) continue
    if (isStandard || holdsRows(files[table.main.domain], table.main)) createStandard(merged, files, table)
  }
  return inspect(merged).tables.flatMap((found) => {
    const table = LEGACY_TABLES.find(({ name }) => name === found.legacy)
    const names = new Set(found.columns.map(({ name }) => name.toLowerCase()))
    return table ? addColumns(merged, files, table, found.name, names) : []
  })
}

/** What only slows the load or would change its rows: indexes, views, triggers, the memory of AUTOINCREMENT. */
export function createRest(merged: Connection, schema: readonly SchemaEntry[]): void {
  run(merged, schema, AFTER_ROWS)
  if (schema.length === 0) createStandardIndexes(merged)
  const names = new Set(merged.prepare('select lower(name) from sqlite_schema').pluck().all())
  if (names.has(STATS.table.toLowerCase()) && !names.has(STATS.name.toLowerCase())) merged.exec(STATS.sql)
}

/** `User` → `auth_User`; views, triggers and foreign keys follow. Returns views and triggers that could not. */
export function prefixTables(merged: Connection): string[] {
  try {
    merged.transaction(() => renameAll(merged))()
    return []
  } catch {
    // A view or trigger that names a table that is gone: SQLite renames nothing while it stands.
    return merged.transaction(() => {
      const left = dropViewsAndTriggers(merged)
      renameAll(merged)
      return left
    })()
  }
}

function renameAll(merged: Connection): void {
  for (const { name, legacy } of inspect(merged).tables) {
    const domain = LEGACY_TABLES.find((table) => table.name === legacy)?.main.domain
    if (domain && legacy) merged.exec(`alter table ${quote(name)} rename to ${quote(`${PREFIXES[domain]}_${legacy}`)}`)
  }
}

function dropViewsAndTriggers(merged: Connection): string[] {
  const rows = merged
    .prepare("select type, name from sqlite_schema where type in ('view', 'trigger') and name <> ?")
    .raw()
    .all(STATS.name) as [string, string][]
  for (const [type, name] of rows) merged.exec(`drop ${type} if exists ${quote(name)}`)
  return rows.map(([type, name]) => `${type} ${name}`)
}

function run(merged: Connection, schema: readonly SchemaEntry[], kinds: readonly string[]): void {
  for (const kind of kinds) {
    for (const { name, sql } of schema.filter((entry) => entry.kind === kind)) runOne(merged, kind, name, sql)
  }
}

function runOne(merged: Connection, kind: string, name: string, sql: string): void {
  try {
    merged.exec(sql)
  } catch (cause) {
    throw new FileError(
      `The ${kind} ${name} of the unified database cannot be made again: ${(cause as Error).message}`,
      {
        cause,
        hint: 'Rows that came after the split may break it: correct them and repeat the merge.',
      },
    )
  }
}

const holdsRows = (connection: Connection, { name }: CatalogModel): boolean =>
  connection.prepare(`select 1 from ${quote(name)} limit 1`).get() !== undefined

interface ColumnInfo {
  readonly name: string
  readonly type: string
  readonly notnull: number
  readonly dflt_value: string | null
  readonly pk: number
}

const infoOf = (files: DomainConnections, { domain, name }: CatalogModel): ColumnInfo[] =>
  files[domain].prepare(`pragma table_info(${quote(name)})`).all() as ColumnInfo[]

function createStandard(merged: Connection, files: DomainConnections, table: LegacyTable): void {
  const columns = [...placesOf(table)].map(([legacy, { model, column, moved }]) => {
    const info = infoOf(files, model).find(({ name }) => name === column.name)
    if (!info) throw new Error(`${model.domain}.db lacks ${model.name}.${column.name}`)
    const parts = [quote(legacy), info.type, info.notnull && !moved ? 'NOT NULL' : '', info.pk ? 'PRIMARY KEY' : '']
    const fallback = info.dflt_value === null ? '' : `DEFAULT ${info.dflt_value}`
    return [...parts, fallback].filter(Boolean).join(' ')
  })
  merged.exec(`create table ${quote(table.name)} (\n  ${[...columns, ...foreignKeys(table)].join(',\n  ')}\n)`)
}

/** The unified database kept a link only where each row had one of its own: a person's subscription. */
const foreignKeys = ({ main }: LegacyTable): string[] =>
  main.links
    .filter(({ column, subject }) => !subject && main.columns.find(({ name }) => name === column)?.unique)
    .map(
      ({ column, to }) =>
        `foreign key (${quote(column)}) references ${quote(to.model)} (${quote(to.column)}) on delete cascade on update cascade`,
    )

function createStandardIndexes(merged: Connection): void {
  for (const { name, main } of LEGACY_TABLES) {
    const legacy = new Map(main.columns.map((column) => [column.name, legacyNameOf(column)]))
    for (const { name: column, unique } of main.columns) {
      const at = legacy.get(column) ?? column
      if (unique && !main.key.includes(column)) {
        merged.exec(`create unique index ${quote(`${name}_${at}_key`)} on ${quote(name)} (${quote(at)})`)
      }
    }
    for (const [column, ...others] of main.indexes) {
      const at = column === undefined ? undefined : legacy.get(column)
      if (at !== undefined && others.length === 0) {
        merged.exec(`create index ${quote(`${name}_${at}_idx`)} on ${quote(name)} (${quote(at)})`)
      }
    }
  }
}

/** A column that an older table lacks comes back only where a row holds more than its default. */
function addColumns(
  merged: Connection,
  files: DomainConnections,
  table: LegacyTable,
  name: string,
  has: ReadonlySet<string>,
): string[] {
  return [...placesOf(table).keys()].flatMap((legacy) => {
    const place = placeNamed(table, legacy)
    if (!place || has.has(legacy.toLowerCase())) return []
    const info = infoOf(files, place.model).find((column) => column.name === place.column.name)
    const isConstant = place.column.type !== 'time' && info?.dflt_value
    const fallback = isConstant || fillerSql(place.column)
    const filled = files[place.model.domain]
      .prepare(
        `select 1 from ${quote(place.model.name)} where ${quote(place.column.name)} is not (${fallback}) limit 1`,
      )
      .get()
    if (filled === undefined) return []
    merged.exec(`alter table ${quote(name)} add column ${quote(legacy)} ${info?.type ?? ''}`)
    return [`${name}.${legacy}`]
  })
}

/** What split wrote where the older table had no such column. */
function fillerSql(column: CatalogColumn): string {
  if (column.nullable) return 'null'
  const filler = fillerOf(column)
  return typeof filler === 'string' ? `'${filler}'` : typeof filler === 'bigint' ? String(filler) : "x''"
}
