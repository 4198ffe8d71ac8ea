// Writes invented people into three empty, migrated files. Three files cannot commit at once, so a mark beside them
// says that seeding is under way: after a kill the next run sees it, clears the invented rows and begins again.
// Without the mark, files with a single row are never touched.
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { modelNamed, modelsOf, quote } from '../database/catalog.ts'
import { beginChain } from '../database/chain-begin.ts'
import { type Connection, openReader, openWriter } from '../database/connections.ts'
import { DOMAINS, type Domain } from '../database/domains.ts'
import { gatherStatistics } from '../database/statistics.ts'
import { ConflictError } from '../errors.ts'
import { type Insert, type PopulationOptions, populate, type Row } from './population.ts'

export type Paths = Readonly<Record<Domain, string>>

const markOf = (paths: Paths): string => join(dirname(paths.identity), '.seeding')

/** No resource has a row in any of the files, or an earlier seeding was interrupted. */
export function isEmpty(paths: Paths): boolean {
  return existsSync(markOf(paths)) || DOMAINS.every((domain) => isFileEmpty(domain, paths[domain]))
}

/** No resource has a row in this one; throws where it lacks their tables. */
export function isFileEmpty(domain: Domain, path: string): boolean {
  const reader = openReader(domain, path)
  try {
    return seeded(domain).every((table) => reader.prepare(`select 1 from ${quote(table)} limit 1`).get() === undefined)
  } finally {
    reader.close()
  }
}

/** The tables that seeding fills. */
const seeded = (domain: Domain): readonly string[] =>
  modelsOf(domain)
    .filter(({ resource }) => resource !== undefined)
    .map(({ name }) => name)

/** Fills three empty, migrated files and gathers their statistics. Throws when they hold anything. */
export function seed(paths: Paths, options: PopulationOptions, done: (people: number) => void = () => {}): void {
  if (!isEmpty(paths)) throw new ConflictError('The files hold rows already, and seeding fills empty files only.')
  const writers = openWriters(paths)
  try {
    writeFileSync(markOf(paths), '', { mode: 0o600 })
    for (const domain of DOMAINS) begin(domain, writers[domain])
    populate(options, inserter(writers), done)
    for (const domain of DOMAINS) writers[domain].exec('commit')
    rmSync(markOf(paths))
    for (const domain of DOMAINS) beginChain(domain, writers[domain])
    for (const domain of DOMAINS) gatherStatistics(writers[domain])
  } finally {
    for (const domain of DOMAINS) writers[domain].close()
  }
}

function openWriters(paths: Paths): Readonly<Record<Domain, Connection>> {
  return {
    identity: openWriter('identity', paths.identity),
    billing: openWriter('billing', paths.billing),
    admin: openWriter('admin', paths.admin),
  }
}

function begin(domain: Domain, writer: Connection): void {
  writer.exec('begin immediate')
  for (const table of seeded(domain)) writer.exec(`delete from ${quote(table)}`)
}

function inserter(writers: Readonly<Record<Domain, Connection>>): Insert {
  const statements = new Map<string, ReturnType<typeof prepare>>()
  return (model, row) => {
    let statement = statements.get(model)
    if (!statement) {
      statement = prepare(writers, model, row)
      statements.set(model, statement)
    }
    statement.run(...Object.values(row))
  }
}

/** Column names come from the population's own rows and are checked against the catalog. */
function prepare(writers: Readonly<Record<Domain, Connection>>, place: string, row: Row) {
  const [domain, name] = place.split('.') as [Domain, string]
  const model = modelNamed(domain, name)
  const columns = Object.keys(row)
  const unknown = columns.find((column) => !model.columns.some((candidate) => candidate.name === column))
  if (unknown) throw new Error(`${place} has no column ${unknown}`)
  const marks = columns.map(() => '?').join(', ')
  return writers[domain].prepare(`insert into ${quote(name)} (${columns.map(quote).join(', ')}) values (${marks})`)
}
