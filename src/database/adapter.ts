// Prisma's way to one file. Extends the stock adapter, which runs everything on one connection and locks for
// transactions only, and promises:
// - reads go to the read-only connection, so nobody sees rows that are not committed; a transaction reads on the writer;
// - writes and transactions take turns on the writer, in the order of their arrival, so an acknowledged write is on
//   disk whatever other requests do;
// - another process's lock is waited for with growing delays that leave the event loop free, up to `busyTimeoutMs`;
// - when a turn ends, no transaction is open, whatever failed: the next one works.
import { PrismaBetterSqlite3 } from '@prisma/adapter-better-sqlite3'
import {
  DriverAdapterError,
  type IsolationLevel,
  type SqlDriverAdapter,
  type SqlQuery,
  type SqlResultSet,
  type Transaction,
} from '@prisma/driver-adapter-utils'
import type { AdapterStatistics } from './adapter-statistics.ts'
import { type Clock, systemClock, wait } from './clock.ts'
import type { Connection } from './connections.ts'
import type { Domain } from './domains.ts'
import { busyError, closedError, isBusy } from './driver-errors.ts'
import { Durations } from './durations.ts'
import { GroupCommit } from './group-commit.ts'
import { StatementCache } from './statement-cache.ts'
import { mayRead, refuseControl } from './statement-words.ts'
import { stockAdapterOver } from './stock-adapter.ts'
import { FileTransaction } from './transaction.ts'
import { QueueClosedError, QueueTimeoutError, type Release, WriterQueue } from './writer-queue.ts'

export interface AdapterFile {
  readonly domain: Domain
  readonly path: string
  readonly reader: Connection
  readonly writer: Connection
  /** How long a write waits for its turn and for another process's lock, together. */
  readonly busyTimeoutMs: number
  readonly clock?: Clock
}

const FIRST_DELAY_MS = 1
const MAX_DELAY_MS = 50

/** Connects once: the adapter owns both connections and closes them at `dispose`. */
export class FileAdapterFactory extends PrismaBetterSqlite3 {
  readonly #file: AdapterFile
  #adapter: FileAdapter | undefined
  #isTaken = false

  constructor(file: AdapterFile) {
    super({ url: ':memory:' })
    this.#file = file
  }

  /**
   * The adapter before any client connects: Prisma's engine, tens of milliseconds and megabytes for each file, is loaded with the
   * first query that wants it, and most processes have none.
   */
  async open(): Promise<FileAdapter> {
    if (this.#adapter) throw closedError(this.#file)
    const statements = { reader: new StatementCache(this.#file.reader), writer: new StatementCache(this.#file.writer) }
    const connect = () => super.connect()
    const reads = await stockAdapterOver(statements.reader, connect)
    const writes = await stockAdapterOver(statements.writer, connect)
    this.#adapter = new FileAdapter(this.#file, statements, reads, writes)
    return this.#adapter
  }

  override async connect(): Promise<FileAdapter> {
    const adapter = this.#adapter ?? (await this.open())
    if (this.#isTaken || adapter.isClosed) throw closedError(this.#file)
    this.#isTaken = true
    return adapter
  }
}

export class FileAdapter implements SqlDriverAdapter {
  readonly provider = 'sqlite'
  readonly adapterName: string
  readonly #file: AdapterFile
  readonly #clock: Clock
  readonly #queue: WriterQueue
  readonly #statements: Readonly<Record<'reader' | 'writer', StatementCache>>
  readonly #reads: SqlDriverAdapter
  readonly #writes: SqlDriverAdapter
  readonly #groups: GroupCommit
  readonly #changes = new Durations()
  readonly #commits = new Durations()
  #isHurried = false
  #disposed: Promise<void> | undefined

  constructor(
    file: AdapterFile,
    statements: Readonly<Record<'reader' | 'writer', StatementCache>>,
    reads: SqlDriverAdapter,
    writes: SqlDriverAdapter,
  ) {
    this.adapterName = writes.adapterName
    this.#file = file
    this.#clock = file.clock ?? systemClock
    this.#queue = new WriterQueue(this.#clock)
    this.#statements = statements
    this.#reads = reads
    this.#writes = writes
    this.#groups = new GroupCommit({
      connection: file.writer,
      clock: this.#clock,
      busyTimeoutMs: file.busyTimeoutMs,
      begin: () => this.#begin(this.#deadline()),
      commit: () => this.#commit(),
      end: (release) => this.#settle(release),
    })
  }

  get statistics(): AdapterStatistics {
    const { reader, writer } = this.#statements
    const { waiting, waits, holds } = this.#queue
    return {
      prepared: { reader: reader.prepared, writer: writer.prepared },
      hits: { reader: reader.hits, writer: writer.hits },
      waiting,
      changesWaiting: this.#groups.waiting,
      durations: { wait: waits, hold: holds, change: this.#changes, commit: this.#commits },
    }
  }

  async queryRaw(query: SqlQuery): Promise<SqlResultSet> {
    refuseControl(query.sql)
    if (this.#isRead(query.sql)) return await this.#read(() => this.#reads.queryRaw(query))
    return await this.#write(() => this.#writes.queryRaw(query))
  }

  async executeRaw(query: SqlQuery): Promise<number> {
    refuseControl(query.sql)
    if (this.#isRead(query.sql)) return await this.#read(() => this.#reads.executeRaw(query))
    return await this.#write(() => this.#writes.executeRaw(query))
  }

  /** As in the stock adapter, but in a turn of its own. The lock is waited for before the script: half of it may have run after. */
  async executeScript(script: string): Promise<void> {
    const deadline = this.#deadline()
    const release = await this.#turn(deadline)
    try {
      await this.#patiently(deadline, () => this.#control('BEGIN IMMEDIATE'))
      await this.#control('ROLLBACK')
      await this.#writes.executeScript(script)
    } finally {
      this.#settle(release)
    }
  }

  async startTransaction(isolationLevel?: IsolationLevel): Promise<Transaction> {
    if (isolationLevel && isolationLevel !== 'SERIALIZABLE') {
      throw new DriverAdapterError({ kind: 'InvalidIsolationLevel', level: isolationLevel })
    }
    const release = await this.#begin(this.#deadline())
    return new FileTransaction(this.#writes, this.#file.writer, {
      commit: () => this.#commit(),
      end: () => this.#settle(release),
    })
  }

  /** Runs `work` on the writer in a transaction that it may share with other changes; resolves when it is on disk. */
  change<T>(work: () => T): Promise<T> {
    return this.#groups.change(() => this.#changes.time(this.#clock, work))
  }

  /** Moves the log into the file and empties it, so that deleted rows are gone from both. Throws when the file is locked for too long. */
  async checkpoint(): Promise<void> {
    await this.#write(() => this.#checkpointNow())
  }

  /** From now on nothing waits for another process's lock: the process is to end soon. */
  hurry(): void {
    this.#isHurried = true
  }

  /** Lets the writes that wait finish, empties the write-ahead log and closes both connections. */
  get isClosed(): boolean {
    return this.#disposed !== undefined
  }

  dispose(): Promise<void> {
    this.#disposed ??= this.#close()
    return this.#disposed
  }

  async #close(): Promise<void> {
    try {
      this.#settle(await this.#queue.close(this.#file.busyTimeoutMs))
      if (this.#file.writer.open) await this.#checkpointNow().catch(ignoreBusy)
    } catch (error) {
      if (!(error instanceof QueueTimeoutError)) throw error
    } finally {
      // The writer last: the last connection to a file removes its log, and a read-only one cannot.
      this.#file.reader.close()
      this.#file.writer.close()
    }
  }

  async #checkpointNow(): Promise<void> {
    const [row] = this.#file.writer.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[]
    if (row?.busy) throw busyError('a reader or writer of another process holds the log')
  }

  #isRead(sql: string): boolean {
    if (!mayRead(sql)) return false
    try {
      return this.#statements.reader.get(sql).readonly
    } catch {
      return true // It does not compile, and the read will say so in the stock adapter's words.
    }
  }

  async #read<T>(run: () => Promise<T>): Promise<T> {
    if (this.#file.reader.inTransaction)
      throw new Error(`A transaction on the reader of ${this.#file.path} was left open`)
    return await this.#patiently(this.#deadline(), run)
  }

  async #write<T>(run: () => Promise<T>): Promise<T> {
    const deadline = this.#deadline()
    const release = await this.#turn(deadline)
    try {
      return await this.#patiently(deadline, run)
    } finally {
      this.#settle(release)
    }
  }

  /** The writer's turn, in a transaction. */
  async #begin(deadline: number): Promise<Release> {
    const release = await this.#turn(deadline)
    try {
      await this.#patiently(deadline, () => this.#control('BEGIN IMMEDIATE'))
    } catch (error) {
      this.#settle(release)
      throw error
    }
    return release
  }

  async #turn(deadline: number): Promise<Release> {
    try {
      return await this.#queue.turn(deadline - this.#clock.now())
    } catch (error) {
      if (error instanceof QueueClosedError) throw closedError(this.#file)
      if (!(error instanceof QueueTimeoutError)) throw error
      throw busyError(
        `${this.#name}: no turn to write within ${this.#file.busyTimeoutMs} ms, ${error.before} of this process stood before it`,
      )
    }
  }

  /** Repeats what meets another connection's lock; the loop waits, not the thread. */
  async #patiently<T>(deadline: number, run: () => Promise<T>): Promise<T> {
    for (let delay = FIRST_DELAY_MS; ; delay = Math.min(2 * delay, MAX_DELAY_MS)) {
      try {
        return await run()
      } catch (error) {
        if (!isBusy(error)) throw error
        const left = deadline - this.#clock.now()
        if (this.#isHurried) throw busyError(`${this.#name} is locked by another process, and this one is stopping`)
        if (left <= 0) {
          throw busyError(`${this.#name} is locked by another process: waited ${this.#file.busyTimeoutMs} ms for it`)
        }
        await wait(this.#clock, Math.min(delay, left))
      }
    }
  }

  async #commit(): Promise<void> {
    const since = this.#clock.now()
    await this.#patiently(this.#deadline(), () => this.#control('COMMIT'))
    this.#commits.observe(this.#clock.now() - since)
  }

  async #control(sql: 'BEGIN IMMEDIATE' | 'COMMIT' | 'ROLLBACK'): Promise<void> {
    await this.#writes.executeRaw({ sql, args: [], argTypes: [] })
  }

  #settle(release: Release): void {
    try {
      if (this.#file.writer.inTransaction) this.#file.writer.exec('ROLLBACK')
    } finally {
      release()
    }
  }

  #deadline(): number {
    return this.#clock.now() + this.#file.busyTimeoutMs
  }

  get #name(): string {
    return `${this.#file.domain}.db at ${this.#file.path}`
  }
}

function ignoreBusy(error: unknown): void {
  if (!isBusy(error)) throw error
}
