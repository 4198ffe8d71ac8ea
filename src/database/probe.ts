// Shows that the live connections are what the design says: one file each, of the right domain, with the tables of its
// catalog and no others. Run at start and by the readiness check.
import { realpathSync, statSync } from 'node:fs'
import { FileError } from '../errors.ts'
import { modelsOf } from './catalog.ts'
import type { Connection } from './connections.ts'
import { type Domain, FILES, nameOfApplicationId } from './domains.ts'

export interface LiveFile {
  readonly domain: Domain
  readonly path: string
  /** `fileIdentity` of the path when the connections were opened. */
  readonly identity: string
  readonly connections: Readonly<Record<'reader' | 'writer', Connection>>
}

/** Tells two files apart that had the same path at different times. */
export function fileIdentity(path: string): string {
  const { dev, ino } = statSync(path, { bigint: true })
  return `${dev}:${ino}`
}

/** Throws FileError at the first connection that sees anything but its own file. Reads the schema only. */
export function probe(files: Iterable<LiveFile>): void {
  for (const file of files) {
    requireSameFile(file)
    for (const [role, connection] of Object.entries(file.connections)) {
      const who = `The ${role} of ${file.domain}.db`
      requireOneFile(who, connection, file.path)
      requireDomain(who, connection, file)
      requireTables(who, connection, file.domain)
    }
  }
}

function requireSameFile({ domain, path, identity }: LiveFile): void {
  const found = statSync(path, { throwIfNoEntry: false }) ? fileIdentity(path) : undefined
  if (found === identity) return
  const what = found ? 'another file took its place' : 'the file was moved or deleted'
  throw new FileError(`${domain}.db at ${path} is not the file that was opened: ${what}`, {
    hint: 'Restart, so that the connections open what lies there now.',
  })
}

function requireOneFile(who: string, connection: Connection, path: string): void {
  const databases = connection.pragma('database_list') as { name: string; file: string }[]
  const [main, ...others] = databases
  if (others.length > 0) {
    const list = others.map(({ name, file }) => `${name} (${file || 'temporary'})`).join(', ')
    throw new FileError(`${who} sees more than ${path}: ${list}`, {
      hint: 'Find the ATTACH or the temporary table and remove it.',
    })
  }
  if (main?.file !== realpathSync(path)) throw new FileError(`${who} sees ${main?.file}, expected ${path}`)
}

function requireDomain(who: string, connection: Connection, { domain }: LiveFile): void {
  const found = connection.pragma('application_id', { simple: true }) as number
  const expected = FILES[domain].applicationId
  if (found === expected) return
  throw new FileError(`${who} sees ${nameOfApplicationId(found)}, expected ${nameOfApplicationId(expected)}`)
}

/** Litestream keeps a sequence and a lock in the file that it follows. */
const REPLICATION: ReadonlySet<string> = new Set(['_litestream_seq', '_litestream_lock'])

function requireTables(who: string, connection: Connection, domain: Domain): void {
  const rows = connection
    .prepare<[], { name: string }>(
      "select name from sqlite_schema where type in ('table', 'view') and name not like 'sqlite\\_%' escape '\\'",
    )
    .all()
  const found = new Set(rows.map(({ name }) => name))
  const expected = new Set(['_prisma_migrations', ...modelsOf(domain).map(({ name }) => name)])
  const missing = [...expected.difference(found)].sort()
  const foreign = [...found.difference(expected).difference(REPLICATION)].sort()
  if (missing.length === 0 && foreign.length === 0) return
  const parts = [
    missing.length && `lacks ${missing.join(', ')}`,
    foreign.length && `has the foreign ${foreign.join(', ')}`,
  ]
  throw new FileError(`${who} ${parts.filter(Boolean).join(' and ')}`, {
    hint: missing.length ? 'Run "npx gogga migrate".' : 'Move the foreign tables out of the file.',
  })
}
