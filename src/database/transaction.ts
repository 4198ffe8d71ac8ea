// One transaction on the writer of a file, from BEGIN IMMEDIATE to the end of its turn.
import {
  DriverAdapterError,
  type SqlDriverAdapter,
  type SqlQuery,
  type SqlResultSet,
  type Transaction,
} from '@prisma/driver-adapter-utils'
import type { Connection } from './connections.ts'
import { refuseControl } from './statement-words.ts'

export interface TransactionEnds {
  readonly commit: () => Promise<void>
  readonly end: () => void
}

export class FileTransaction implements Transaction {
  readonly provider = 'sqlite'
  readonly adapterName: string
  /** Prisma sends no COMMIT and ROLLBACK of its own: ours know what to do when they fail. */
  readonly options = { usePhantomQuery: true }
  readonly #writes: SqlDriverAdapter
  readonly #connection: Connection
  readonly #ends: TransactionEnds
  #open = true

  constructor(writes: SqlDriverAdapter, connection: Connection, ends: TransactionEnds) {
    this.adapterName = writes.adapterName
    this.#writes = writes
    this.#connection = connection
    this.#ends = ends
  }

  async queryRaw(query: SqlQuery): Promise<SqlResultSet> {
    refuseControl(query.sql)
    this.#requireOpen()
    return await this.#writes.queryRaw(query)
  }

  async executeRaw(query: SqlQuery): Promise<number> {
    refuseControl(query.sql)
    this.#requireOpen()
    return await this.#writes.executeRaw(query)
  }

  async commit(): Promise<void> {
    if (!this.#open) return
    try {
      this.#requireOpen()
      await this.#ends.commit()
    } finally {
      this.#close()
    }
  }

  rollback(): Promise<void> {
    this.#close()
    return Promise.resolve()
  }

  async createSavepoint(name: string): Promise<void> {
    await this.#control(`SAVEPOINT ${name}`)
  }

  async rollbackToSavepoint(name: string): Promise<void> {
    await this.#control(`ROLLBACK TO ${name}`)
  }

  async releaseSavepoint(name: string): Promise<void> {
    await this.#control(`RELEASE SAVEPOINT ${name}`)
  }

  async #control(sql: string): Promise<void> {
    this.#requireOpen()
    await this.#writes.executeRaw({ sql, args: [], argTypes: [] })
  }

  #close(): void {
    if (!this.#open) return
    this.#open = false
    this.#ends.end()
  }

  /** A full disk makes SQLite roll back by itself: what came after would be written outside any transaction. */
  #requireOpen(): void {
    if (this.#open && this.#connection.inTransaction) return
    const cause = this.#open
      ? 'SQLite rolled the transaction back when one of its statements failed'
      : 'The transaction is over'
    throw new DriverAdapterError({ kind: 'TransactionAlreadyClosed', cause, originalMessage: cause })
  }
}
