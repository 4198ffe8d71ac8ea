// The stock driver adapter, with what the engine needs beyond it.
import { PrismaBetterSqlite3 } from '@prisma/adapter-better-sqlite3'
import type { SqlDriverAdapter, SqlQuery, SqlResultSet } from '@prisma/driver-adapter-utils'
import { FILES, isDomain, nameOfApplicationId } from '../../src/database/domains.ts'
import { EngineError } from './engine-error.ts'

const EMPTY: SqlResultSet = { columnNames: [], columnTypes: [], rows: [] }

// As the engine itself creates it; needed where it takes for granted that the table is there.
const CREATE_HISTORY = `create table if not exists "_prisma_migrations" (
    "id"                    TEXT PRIMARY KEY NOT NULL,
    "checksum"              TEXT NOT NULL,
    "finished_at"           DATETIME,
    "migration_name"        TEXT NOT NULL,
    "logs"                  TEXT,
    "rolled_back_at"        DATETIME,
    "started_at"            DATETIME NOT NULL DEFAULT current_timestamp,
    "applied_steps_count"   INTEGER UNSIGNED NOT NULL DEFAULT 0
)`

export class EngineAdapterFactory extends PrismaBetterSqlite3 {
  readonly #domain: string | undefined
  readonly #opened: SqlDriverAdapter[] = []
  /** Whether the last look at the migration history found no table of it. */
  historyMissing = false

  /** `domain`, where it is known, must fit the file's application_id. */
  constructor(path: string, domain: string | undefined) {
    super({ url: path })
    this.#domain = domain
  }

  override async connect() {
    const adapter = await super.connect()
    this.#opened.push(adapter)
    await refuseAnotherDomain(adapter, this.#domain)
    // Redefining a table deletes the old copy's rows: personal information must not stay in free pages.
    await adapter.executeScript('pragma secure_delete = on')
    return this.#prepared(adapter)
  }

  override async connectToShadowDb() {
    const adapter = await super.connectToShadowDb()
    this.#opened.push(adapter)
    return this.#prepared(adapter)
  }

  async createHistory(): Promise<void> {
    await this.#opened[0]?.executeScript(CREATE_HISTORY)
  }

  /** The engine keeps its connections, and their locks, until they are closed here. */
  close(): void {
    for (const adapter of this.#opened.splice(0)) adapter.dispose().catch(() => undefined)
  }

  #prepared<Adapter extends SqlDriverAdapter>(adapter: Adapter): Adapter {
    const queryRaw = adapter.queryRaw.bind(adapter)
    const executeRaw = adapter.executeRaw.bind(adapter)
    // The binary takes a missing history for an empty one; as WebAssembly the engine fails with P1014.
    adapter.queryRaw = async (query: SqlQuery) => {
      try {
        return await queryRaw(query)
      } catch (error) {
        if (!isHistoryMissing(error)) throw error
        this.historyMissing = true
        return EMPTY
      }
    }
    // A migration comes as one text with several statements, which a prepared statement refuses.
    adapter.executeRaw = async (query: SqlQuery) => {
      if (query.args.length > 0) return executeRaw(query)
      await adapter.executeScript(query.sql)
      return 0
    }
    return adapter
  }
}

function isHistoryMissing(error: unknown): boolean {
  const cause = (error as { cause?: { kind?: string; table?: string } }).cause
  return cause?.kind === 'TableDoesNotExist' && /^(main\.)?_prisma_migrations$/.test(cause.table ?? '')
}

/** A URL that points to another domain's file must not migrate it. */
async function refuseAnotherDomain(adapter: SqlDriverAdapter, domain: string | undefined): Promise<void> {
  if (domain === undefined || !isDomain(domain)) return
  const { rows } = await adapter.queryRaw({ sql: 'pragma application_id', args: [], argTypes: [] })
  const found = Number(rows[0]?.[0] ?? 0)
  const expected = FILES[domain].applicationId
  if (found === 0 || found === expected) return
  throw new EngineError(
    `The URL of ${domain} points to another file: expected ${nameOfApplicationId(expected)}, found ${nameOfApplicationId(found)}.`,
    'P1000',
  )
}
