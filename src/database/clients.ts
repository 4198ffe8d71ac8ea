// Opens a domain's file for the application: a Prisma client over our adapter, and the read-only connection.
import { PrismaClient as AdminClient } from '../generated/admin/client.ts'
import { PrismaClient as BillingClient } from '../generated/billing/client.ts'
import { PrismaClient as IdentityClient } from '../generated/identity/client.ts'
import { FileAdapterFactory } from './adapter.ts'
import type { AdapterStatistics } from './adapter-statistics.ts'
import { modelsOf } from './catalog.ts'
import type { Clock } from './clock.ts'
import { type Connection, openReader, openWriter } from './connections.ts'
import type { Domain } from './domains.ts'
import { knownError } from './errors.ts'
import { type Check, guardOf, PiiRefusedError, refuseRaw, rowsWritten } from './pii-guard.ts'
import { fileIdentity, type LiveFile } from './probe.ts'
import { type Rows, rowsOver, type StatementCounts, type Tx } from './rows.ts'

export interface Clients {
  readonly identity: IdentityClient
  readonly billing: BillingClient
  readonly admin: AdminClient
}

export interface OpenFileOptions {
  /** How long a write waits for its turn and for another process's lock, in milliseconds. */
  readonly busyTimeoutMs: number
  /** Page cache per connection, in MiB. */
  readonly cacheMb: number
  /** How long an interactive transaction may stay open, in milliseconds; then it is rolled back. */
  readonly transactionTimeoutMs?: number
  readonly clock?: Clock
  /** Called when a change was refused since personal information was about to reach a file that may not hold any. */
  readonly onRefused?: (refused: Pick<PiiRefusedError, 'place' | 'kind'>) => void
}

export interface OpenFile<D extends Domain = Domain> extends LiveFile, AsyncDisposable {
  readonly domain: D
  /** Rejects with errors of the family where one fits (errors.ts). */
  readonly client: Clients[D]
  /** The read-only connection, shared with the client's reads: leave no transaction or iterator open across an await. */
  readonly reader: Connection
  /** Reads of single rows on the same connection. */
  readonly rows: Rows<D>
  readonly statistics: FileStatistics
  /**
   * Runs `work` in a transaction on the writer, without an await in it, and resolves with what it gave when that is on disk.
   * What it throws takes back its rows; errors of the driver become those of the family. Changes that wait share a COMMIT.
   */
  change<T>(work: (tx: Tx<D>) => T): Promise<T>
  /** Empties the write-ahead log into the file, so that what was deleted is gone from both. */
  checkpoint(): Promise<void>
  /** From now on nothing waits for another process's lock: the process is to end soon. */
  hurry(): void
}

export interface FileStatistics extends AdapterStatistics {
  /** The statements of `rows` and of changes, which lie beside Prisma's. */
  readonly rows: { readonly reader: Readonly<StatementCounts>; readonly writer: Readonly<StatementCounts> }
}

/** The three files of one application. */
export type Files = { readonly [D in Domain]: OpenFile<D> }

// Which file it is decides the run: these see only what all files have, the outbox, the inbox and the changes.
export const rowsIn = (files: Files, domain: Domain): Rows<Domain> => files[domain].rows as unknown as Rows<Domain>
export const changeIn = <T>(files: Files, domain: Domain, work: (tx: Tx) => T): Promise<T> =>
  (files[domain].change as unknown as (work: (tx: Tx) => T) => Promise<T>)(work)

const DEFAULT_TRANSACTION_TIMEOUT_MS = 5_000
/** Prisma's own bound on the start of a transaction comes after the adapter's, whose error says more. */
const GRACE_MS = 2_000

interface ClientOptions {
  readonly adapter: FileAdapterFactory
  readonly errorFormat: 'minimal'
  readonly transactionOptions: { readonly maxWait: number; readonly timeout: number }
}

const CLIENTS: { readonly [D in Domain]: new (options: ClientOptions) => Clients[D] } = {
  identity: IdentityClient,
  billing: BillingClient,
  admin: AdminClient,
}

/** Throws FileError when the file is missing or belongs to another domain. The caller disposes of what it gets. */
export async function openFile<D extends Domain>(
  domain: D,
  path: string,
  options: OpenFileOptions,
): Promise<OpenFile<D>> {
  const connections = openBoth(domain, path, options)
  const { busyTimeoutMs, clock, transactionTimeoutMs = DEFAULT_TRANSACTION_TIMEOUT_MS } = options
  const factory = new FileAdapterFactory({ domain, path, ...connections, busyTimeoutMs, ...(clock && { clock }) })
  const base = new CLIENTS[domain]({
    adapter: factory,
    errorFormat: 'minimal', // The others read source files to decorate a message.
    transactionOptions: { maxWait: busyTimeoutMs + GRACE_MS, timeout: transactionTimeoutMs },
  })
  const adapter = await factory.open()
  const counts = { reader: { hits: 0, prepared: 0 }, writer: { hits: 0, prepared: 0 } }
  const tx = rowsOver(domain, connections.writer, counts.writer)
  const told = new WeakSet<PiiRefusedError>() // A refusal in a transaction of Prisma's comes by twice.
  const fail = (error: unknown): never => {
    if (error instanceof PiiRefusedError && !told.has(error)) options.onRefused?.(error)
    if (error instanceof PiiRefusedError) told.add(error)
    throw knownError(error, domain, path) ?? error
  }
  return {
    domain,
    path,
    identity: fileIdentity(path),
    connections,
    client: guarded(base, domain, fail),
    reader: connections.reader,
    rows: rowsOver(domain, connections.reader, counts.reader),
    change: (work) => adapter.change(() => work(tx)).catch(fail),
    get statistics() {
      return { ...adapter.statistics, rows: counts }
    },
    checkpoint: () => adapter.checkpoint(),
    hurry: () => adapter.hurry(),
    async [Symbol.asyncDispose]() {
      await base.$disconnect()
      await adapter.dispose() // Prisma disposes of it only where a query made it connect.
    },
  }
}

function openBoth(domain: Domain, path: string, options: OpenFileOptions): LiveFile['connections'] {
  const writer = openWriter(domain, path, options)
  try {
    writer.pragma('busy_timeout = 0') // The adapter waits itself, and without holding the thread.
    return { writer, reader: openReader(domain, path, options) }
  } catch (error) {
    writer.close()
    throw error
  }
}

/**
 * Behind the guard, and with errors of the family instead of Prisma's, for queries and for what fails at COMMIT. A query
 * extension does not see the latter, so `$transaction` is wrapped as well.
 */
function guarded<D extends Domain>(base: Clients[D], domain: D, fail: (error: unknown) => never): Clients[D] {
  const guards = new Map<string | undefined, Check>(modelsOf(domain).map((model) => [model.name, guardOf(model)]))
  const check = (model: string | undefined, args: unknown) => {
    const guard = guards.get(model)
    if (guard) for (const row of rowsWritten((args ?? {}) as object)) guard(row)
  }
  // The three clients differ in their models only; what is used here is the same in each.
  const client = base as Clients['billing']
  const queries = client.$extends({
    query: {
      async $allOperations({ model, operation, args, query }) {
        try {
          check(model, args)
          if (model === undefined) refuseRaw(domain, operation, args)
          return await query(args)
        } catch (error) {
          return fail(error)
        }
      },
    },
  })
  const transaction = queries.$transaction.bind(queries) as (...args: readonly unknown[]) => Promise<unknown>
  const whole = queries.$extends({
    client: { $transaction: (...args: readonly unknown[]) => transaction(...args).catch(fail) },
  })
  return whole as unknown as Clients[D]
}
