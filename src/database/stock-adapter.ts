// The stock adapter's conversions and error mapping over prepared statements that are kept.
//
// The stock adapter does everything through `client.prepare(sql).bind(args)`. It exports neither its queryable nor its
// conversions, so one of its instances gets a client of ours in place of a better-sqlite3 connection: same calls,
// statements from the cache.
import type { PrismaBetterSqlite3 } from '@prisma/adapter-better-sqlite3'
import type { SqlDriverAdapter } from '@prisma/driver-adapter-utils'
import type { ColumnDefinition, RunResult, Statement } from 'better-sqlite3'
import type { StatementCache } from './statement-cache.ts'

type Connect = PrismaBetterSqlite3['connect']

/** `connect` is the stock factory's; its own connection, which must be one to `:memory:`, is closed. */
export async function stockAdapterOver(statements: StatementCache, connect: Connect): Promise<SqlDriverAdapter> {
  const stock = await connect()
  if (!hasClient(stock))
    throw new Error('This version of @prisma/adapter-better-sqlite3 holds its connection elsewhere')
  stock.client.close()
  stock.client = {
    prepare: (sql) => ({ bind: (args) => new BoundStatement(statements.get(sql), args) }),
    exec: (script) => void statements.connection.exec(script),
    close: () => undefined,
  }
  return stock
}

/** What the stock adapter asks of its connection. */
interface StockClient {
  prepare(sql: string): { bind(args: readonly unknown[]): BoundStatement }
  exec(script: string): void
  close(): void
}

function hasClient(adapter: SqlDriverAdapter): adapter is SqlDriverAdapter & { client: StockClient } {
  if (!('client' in adapter)) return false
  const { client } = adapter
  return typeof client === 'object' && client !== null && 'prepare' in client && 'exec' in client && 'close' in client
}

/** One use of a kept statement: `bind` of better-sqlite3 would tie its values for good. */
class BoundStatement {
  readonly #statement: Statement<unknown[], unknown[]>
  readonly #args: readonly unknown[]
  #rows: unknown[][] | undefined

  constructor(statement: Statement<unknown[], unknown[]>, args: readonly unknown[]) {
    this.#statement = statement
    this.#args = args
  }

  get reader(): boolean {
    return this.#statement.reader
  }

  run(): RunResult {
    return this.#statement.run(this.#args)
  }

  /** Runs first: where another connection changed the schema, SQLite compiles the statement anew at its first step. */
  columns(): ColumnDefinition[] {
    this.#rows ??= this.#statement.all(this.#args)
    return this.#statement.columns()
  }

  raw(): { all: () => unknown[][] } {
    return { all: () => this.#rows ?? this.#statement.all(this.#args) }
  }
}
