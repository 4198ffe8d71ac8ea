// Builds everything that lives as long as the process, once, and closes it in reverse order. Nothing else opens files
// or asks for the time, for randomness or for ids.
import { randomBytes, randomUUID } from 'node:crypto'
import type { Config } from './config.ts'
import { type Files, type OpenFile, openFile } from './database/clients.ts'
import type { Domain } from './database/domains.ts'
import { migrationState } from './database/migrations.ts'
import { probe } from './database/probe.ts'
import { FileError } from './errors.ts'
import { createJoin, type Join } from './join/join.ts'

export interface Sources {
  readonly now: () => Date
  readonly randomBytes: (size: number) => Buffer
  readonly newId: () => string
}

export interface Context extends Sources, AsyncDisposable {
  readonly config: Config
  readonly files: Files
  readonly join: Join
}

const SYSTEM: Sources = { now: () => new Date(), randomBytes: (size) => randomBytes(size), newId: () => randomUUID() }

/** Throws FileError, with the next step in its hint, when a file is missing, of another domain or not migrated. */
export async function createContext(config: Config, overrides: Partial<Sources> = {}): Promise<Context> {
  await using opened = new AsyncDisposableStack()
  const open = async <D extends Domain>(domain: D) => {
    const file = opened.use(await openFile(domain, config.paths[domain], config))
    requireMigrated(file)
    return file
  }
  const files: Files = { identity: await open('identity'), billing: await open('billing'), admin: await open('admin') }
  probe(Object.values(files))
  const join = createJoin({
    identity: files.identity.reader,
    billing: files.billing.reader,
    admin: files.admin.reader,
  })
  const owned = opened.move()
  return { ...SYSTEM, ...overrides, config, files, join, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

function requireMigrated({ domain, path, reader }: OpenFile): void {
  const { pending } = migrationState(domain, reader)
  if (pending.length === 0) return
  const list = pending.join(', ')
  throw new FileError(`${domain}.db at ${path} lacks ${pending.length} of its migrations: ${list}`, {
    hint: `Run "npm run db -- migrate deploy --domain ${domain}".`,
  })
}
