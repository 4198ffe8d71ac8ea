// One file's own schema against the catalog and against what the program's migrations make of an empty file.
import { type CatalogModel, storedColumns } from '../../database/catalog.ts'
import type { Connection } from '../../database/connections.ts'
import { type Domain, FILES, nameOfApplicationId } from '../../database/domains.ts'
import { migrationState, type SchemaEntry, schemaOf, schemaOfMigrations } from '../../database/migrations.ts'
import { FileError } from '../../errors.ts'
import type { Finding } from './finding.ts'
import type { Catalog } from './schema-catalog.ts'
import { shown } from './values/tally.ts'

export interface FileSchema {
  readonly findings: readonly Finding[]
  readonly tables: number
  readonly columns: number
}

/** Of Prisma, SQLite and Litestream: known by name, without a class. */
const KNOWN = /^(?:_prisma_migrations|sqlite_\w+|_litestream_(?:seq|lock))$/

interface Table {
  readonly name: string
  readonly type: string
}

export function auditFileSchema(domain: Domain, reader: Connection, catalog: Catalog): FileSchema {
  const models = catalog.filter((model) => model.domain === domain)
  const tables = reader
    .prepare<[], Table>(`select name, type from pragma_table_list where schema = 'main' order by name`)
    .all()
  const own = tables.filter(({ name }) => !KNOWN.test(name))
  const columns = new Map(own.map(({ name }) => [name, columnsIn(reader, name)]))
  const findings = [
    ...own.flatMap((table) => unclassed(domain, table, columns.get(table.name) ?? [], models)),
    ...models.flatMap((model) => missing(model, columns.get(model.name))),
    ...aboutHeader(domain, reader),
    ...aboutMigrations(domain, reader),
    ...differences(domain, schemaOf(reader), schemaOfMigrations(domain)),
  ]
  return { findings, tables: tables.length, columns: [...columns.values()].flat().length }
}

const columnsIn = (reader: Connection, table: string): readonly string[] =>
  reader.prepare<[string], string>('select name from pragma_table_xinfo(?)').pluck().all(table) as unknown as string[]

function unclassed(
  domain: Domain,
  { name, type }: Table,
  columns: readonly string[],
  models: readonly CatalogModel[],
): readonly Finding[] {
  const place = { file: `${domain}.db`, table: shown(name) }
  const model = models.find((candidate) => candidate.name === name)
  if (!model) {
    const what = type === 'table' ? 'table' : `${type} table`.replace('view table', 'view')
    const next = `Move it out of ${domain}.db, or describe it in prisma/${domain}.prisma with a class for each column.`
    const message = `The ${what} is in no schema: none of its ${columns.length} column(s) has a class`
    return [high('schema.foreign-table', message, place, columns.length, next)]
  }
  const known = new Set(storedColumns(model).map((column) => column.name))
  return columns
    .filter((column) => !known.has(column))
    .map((column) => {
      const next = `Class it in prisma/${domain}.prisma with a migration, or drop it.`
      const message = 'The column is in the file and in no schema: it has no class'
      return high('schema.unclassed', message, { ...place, column: shown(column) }, 1, next)
    })
}

function missing(model: CatalogModel, found: readonly string[] | undefined): readonly Finding[] {
  const { domain } = model
  const next = `Run "npx gogga migrate --domain ${domain}"; where that changes nothing, restore the file.`
  const place = { file: `${domain}.db`, table: model.name }
  if (!found) return [high('schema.missing', 'The schema has this table, the file does not', place, 1, next)]
  const there = new Set(found)
  return storedColumns(model)
    .filter((column) => !there.has(column.name))
    .map((column) =>
      high(
        'schema.missing',
        'The schema has this column, the file does not',
        { ...place, column: column.name },
        1,
        next,
      ),
    )
}

function aboutHeader(domain: Domain, reader: Connection): readonly Finding[] {
  const place = { file: `${domain}.db` }
  const id = Number(reader.pragma('application_id', { simple: true }))
  const version = Number(reader.pragma('user_version', { simple: true }))
  const expected = FILES[domain].applicationId
  const next = 'Find out which tool wrote to the file, and restore the file where nobody knows.'
  const wrongId = `The file says that it is ${nameOfApplicationId(id)}, expected ${nameOfApplicationId(expected)}`
  const wrongVersion = `The file has the user_version ${version}, expected 0: another program keeps its schema`
  return [
    ...(id === expected ? [] : [high('schema.application-id', wrongId, place, 1, next)]),
    ...(version === 0
      ? []
      : [{ ...high('schema.user-version', wrongVersion, place, 1, next), severity: 'low' as const }]),
  ]
}

function aboutMigrations(domain: Domain, reader: Connection): readonly Finding[] {
  const place = { file: `${domain}.db`, table: '_prisma_migrations' }
  try {
    const { pending } = migrationState(domain, reader)
    if (pending.length === 0) return []
    const message = `${pending.length} migration(s) of the program are not applied, the first ${pending[0]}`
    return [high('schema.pending', message, place, pending.length, `Run "npx gogga migrate --domain ${domain}".`)]
  } catch (error) {
    if (!(error instanceof FileError)) throw error
    return [high('schema.migrations', error.message, place, 1, error.hint ?? 'Compare the file with its migrations.')]
  }
}

/** What was put in, taken out or altered past the migrations: tables, indexes, and all that runs by itself. */
function differences(
  domain: Domain,
  found: readonly SchemaEntry[],
  expected: readonly SchemaEntry[],
): readonly Finding[] {
  const keyed = (entries: readonly SchemaEntry[]) =>
    new Map(entries.filter(({ name }) => !KNOWN.test(name)).map((entry) => [`${entry.type} ${entry.name}`, entry]))
  const [there, wanted] = [keyed(found), keyed(expected)]
  const next = `Undo it, or write a migration for ${domain} that does the same and is reviewed.`
  const say = (entry: SchemaEntry, what: string, severity: Finding['severity'] = 'high') => {
    const place = { file: `${domain}.db`, table: shown(entry.table) }
    const code = entry.type === 'trigger' || entry.type === 'view' ? `schema.${entry.type}` : 'schema.differs'
    return { ...high(code, `The ${entry.type} ${shown(entry.name)} ${what}`, place, 1, next), severity }
  }
  return [
    ...[...there].flatMap(([key, entry]) => {
      const same = wanted.get(key)
      if (!same) return [say(entry, 'is in the file and in no migration', entry.type === 'index' ? 'low' : 'high')]
      return plain(same.sql) === plain(entry.sql) ? [] : [say(entry, 'is not what the migrations make')]
    }),
    ...[...wanted].flatMap(([key, entry]) =>
      there.has(key) ? [] : [say(entry, 'of the migrations is not in the file', 'medium')],
    ),
  ]
}

const plain = (sql: string): string => sql.replace(/\s+/g, ' ').trim()

const high = (code: string, message: string, place: Finding['place'], count: number, next: string): Finding => ({
  severity: 'high',
  section: 'schema',
  code,
  message,
  place,
  count,
  next,
})
