// The stock driver adapter, with what the engine as WebAssembly needs beyond it to do what the binary does.
import { PrismaBetterSqlite3 } from '@prisma/adapter-better-sqlite3'
import type { SqlDriverAdapter, SqlQuery, SqlResultSet } from '@prisma/driver-adapter-utils'
import { CREATE_HISTORY } from '../../src/database/migration-history.ts'
import { EngineError } from './engine-error.ts'
import { dropEverything, markDomain, refuseAnotherDomain } from './statements.ts'

const EMPTY: SqlResultSet = { columnNames: [], columnTypes: [], rows: [] }

interface DriverError extends Error {
  readonly cause?: { kind?: string; table?: string; originalMessage?: string; extendedCode?: number }
}

export class EngineAdapterFactory extends PrismaBetterSqlite3 {
  readonly #path: string
  readonly #domain: string | undefined
  readonly #opened: SqlDriverAdapter[] = []
  /** Whether the last look at the migration history found no table of it. */
  historyMissing = false
  /** The last script that SQLite refused, and why. */
  failedScript: { readonly sql: string; readonly code: number | undefined; readonly message: string } | undefined

  /** `domain`, where it is known, must fit the file's application_id. */
  constructor(path: string, domain: string | undefined) {
    super({ url: path })
    this.#path = path
    this.#domain = domain
  }

  override async connect() {
    const adapter = await super.connect()
    this.#opened.push(adapter)
    const prepared = this.#prepared(adapter)
    try {
      await refuseAnotherDomain(prepared, this.#domain)
      // Redefining a table deletes the old copy's rows: personal information must not stay in free pages.
      await prepared.executeScript('pragma secure_delete = on')
    } catch (error) {
      throw unreadable(error as DriverError, this.#path)
    }
    return prepared
  }

  override async connectToShadowDb() {
    const adapter = await super.connectToShadowDb()
    this.#opened.push(adapter)
    return this.#prepared(adapter)
  }

  createHistory = (): Promise<void> => this.#main().executeScript(CREATE_HISTORY)

  /** For files whose tables come from `db push`: otherwise the first migration carries the mark. */
  markDomain = (): Promise<void> => markDomain(this.#main(), this.#domain)

  dropEverything = (): Promise<void> => dropEverything(this.#main())

  /** The engine keeps its connections, and their locks, until they are closed here. */
  close(): void {
    for (const adapter of this.#opened.splice(0)) adapter.dispose().catch(() => undefined)
  }

  #main(): SqlDriverAdapter {
    const [adapter] = this.#opened
    if (!adapter) throw new Error('The engine has no connection yet.')
    return adapter
  }

  #prepared<Adapter extends SqlDriverAdapter>(adapter: Adapter): Adapter {
    const queryRaw = adapter.queryRaw.bind(adapter)
    const executeRaw = adapter.executeRaw.bind(adapter)
    const executeScript = adapter.executeScript.bind(adapter)
    const path = this.#path

    // The binary takes a missing history for an empty one; as WebAssembly the engine fails with P1014.
    adapter.queryRaw = async (query: SqlQuery) => {
      try {
        return await queryRaw(query)
      } catch (error) {
        if (!isHistoryMissing(error as DriverError)) throw withFile(error as DriverError, path)
        this.historyMissing = true
        return EMPTY
      }
    }
    adapter.executeScript = async (sql: string) => {
      try {
        await executeScript(sql)
      } catch (error) {
        const { cause, message } = error as DriverError
        this.failedScript = { sql, code: cause?.extendedCode, message: cause?.originalMessage ?? message }
        throw withFile(error as DriverError, path)
      }
    }
    // A migration may come as one text with several statements, which a prepared statement refuses.
    adapter.executeRaw = async (query: SqlQuery) => {
      if (query.args.length > 0) return executeRaw(query)
      await adapter.executeScript(query.sql)
      return 0
    }
    return adapter
  }
}

function isHistoryMissing({ cause }: DriverError): boolean {
  return cause?.kind === 'TableDoesNotExist' && /^(main\.)?_prisma_migrations$/.test(cause.table ?? '')
}

/** A file that is no database, or is damaged: the engine would give a number without the file's name. */
function unreadable(error: DriverError, path: string): Error {
  if (error instanceof EngineError) return error
  return new EngineError(`\`${path}\` cannot be read: ${error.cause?.originalMessage ?? error.message}.`, 'P1001')
}

/** The engine would say that something timed out, not which file is locked nor what helps. */
function withFile(error: DriverError, path: string): Error {
  if (error.cause?.kind !== 'SocketTimeout') return error
  const message = `\`${path}\` is locked by another process. Stop what writes to it, such as the server, and try again.`
  return new EngineError(message, 'P1008')
}
