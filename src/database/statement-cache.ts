// Prepared statements of one connection, the least recently used out first.
import type { Statement } from 'better-sqlite3'
import { LRUCache } from 'lru-cache'
import type { Connection } from './connections.ts'

const MAX_STATEMENTS = 500
const MAX_CHARACTERS = 1 << 20
/** Long texts come from lists of many lengths, such as `createMany`: they would push out what repeats. */
const MAX_CHARACTERS_OF_ONE = 16 << 10

export class StatementCache {
  readonly connection: Connection
  readonly #statements: LRUCache<string, Statement<unknown[], unknown[]>>
  #prepared = 0
  #hits = 0

  constructor(connection: Connection, max = MAX_STATEMENTS) {
    this.connection = connection
    this.#statements = new LRUCache({
      max,
      maxSize: MAX_CHARACTERS,
      maxEntrySize: MAX_CHARACTERS_OF_ONE,
      sizeCalculation: (_, sql) => sql.length + 1,
    })
  }

  /** How many times a text was compiled. */
  get prepared(): number {
    return this.#prepared
  }

  /** How many times a statement was there already. */
  get hits(): number {
    return this.#hits
  }

  get size(): number {
    return this.#statements.size
  }

  /**
   * The prepared statement of the text. Integers come as bigint and rows as arrays, whatever the connection's default.
   * Throws SqliteError when the text does not compile. A statement that is being stepped through is never given twice.
   */
  get(sql: string): Statement<unknown[], unknown[]> {
    const kept = this.#statements.get(sql)
    if (kept && !kept.busy) {
      this.#hits += 1
      return kept
    }
    const statement = this.#prepare(sql)
    if (!kept) this.#statements.set(sql, statement)
    return statement
  }

  #prepare(sql: string): Statement<unknown[], unknown[]> {
    const statement = this.connection.prepare<unknown[], unknown[]>(sql).safeIntegers(true)
    this.#prepared += 1
    return statement.reader ? statement.raw(true) : statement
  }
}
