// Clients over a fresh file: ours, and the stock adapter's to show what it does wrong.
import { PrismaBetterSqlite3 } from '@prisma/adapter-better-sqlite3'
import Database from 'better-sqlite3'
import { FileAdapterFactory } from '../../src/database/adapter.ts'
import { type OpenFileOptions, openFile } from '../../src/database/clients.ts'
import type { Clock } from '../../src/database/clock.ts'
import { PrismaClient as BillingClient } from '../../src/generated/billing/client.ts'
import { withDatabases } from '../helpers/databases.ts'

export const OPTIONS: OpenFileOptions = { busyTimeoutMs: 5_000, cacheMb: 2 }

/** The path of a fresh billing.db. */
export const withBilling = <T>(run: (path: string) => Promise<T>): Promise<T> =>
  withDatabases(({ paths }) => run(paths.billing))

/** Runs a script on a connection of its own. */
export function sql(path: string, script: string): void {
  const connection = new Database(path)
  connection.exec(script)
  connection.close()
}

/** What is on disk, seen from a connection of its own. */
export function onDisk(path: string, order: 'id' | 'rowid' = 'id'): readonly string[] {
  const connection = new Database(path, { readonly: true })
  const ids = connection.prepare<[], string>(`select id from InboxMessage order by ${order}`).pluck().all()
  connection.close()
  return ids
}

export const message = (id: string) => ({ data: { id, type: 'test' } })

export interface Opened extends AsyncDisposable {
  readonly client: BillingClient
}

export const ADAPTERS = ['stock', 'ours'] as const
export type Adapter = (typeof ADAPTERS)[number]

export async function openWith(adapter: Adapter, path: string, busyTimeoutMs = 5_000): Promise<Opened> {
  if (adapter === 'ours') return await openFile('billing', path, { ...OPTIONS, busyTimeoutMs })
  return stockOver(path, busyTimeoutMs)
}

/** In journal mode DELETE, where a reader can stop a COMMIT: our file opener would turn it to WAL. */
export async function openInDeleteMode(adapter: Adapter, path: string, busyTimeoutMs: number): Promise<Opened> {
  sql(path, 'pragma journal_mode = delete')
  if (adapter === 'stock') return stockOver(path, busyTimeoutMs)
  const writer = new Database(path, { timeout: 0 })
  const reader = new Database(path, { readonly: true, timeout: 0 })
  return disposable(new FileAdapterFactory({ domain: 'billing', path, reader, writer, busyTimeoutMs }))
}

const stockOver = (path: string, timeout: number): Opened => disposable(new PrismaBetterSqlite3({ url: path, timeout }))

function disposable(adapter: PrismaBetterSqlite3): Opened {
  const client = new BillingClient({ adapter, errorFormat: 'minimal' })
  return { client, [Symbol.asyncDispose]: () => client.$disconnect() }
}

/** A promise and what resolves it. */
export const gate = () => Promise.withResolvers<void>()

/** Lets the event loop turn so many times: enough for everything that is not held up. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** A clock that stands still until it is told to advance. */
export class HandClock implements Clock {
  #now = 0
  readonly #alarms = new Set<{ readonly at: number; readonly callback: () => void }>()

  now(): number {
    return this.#now
  }

  after(milliseconds: number, callback: () => void): () => void {
    const alarm = { at: this.#now + milliseconds, callback }
    this.#alarms.add(alarm)
    return () => this.#alarms.delete(alarm)
  }

  /** Rings what is due, in order, and lets the loop turn in between. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds
    for (;;) {
      const [next] = [...this.#alarms].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)
      if (!next) break
      this.#alarms.delete(next)
      this.#now = next.at
      next.callback()
      await turns(3)
    }
    this.#now = end
    await turns(3)
  }
}
