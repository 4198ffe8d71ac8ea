// Three fresh files with a context over them, the people and vouchers that a test names, and a clock that it sets.
import { readConfig } from '../../src/config.ts'
import { type Context, createContext, type Sources } from '../../src/context.ts'
import { rowsIn } from '../../src/database/clients.ts'
import { DOMAINS, type Domain } from '../../src/database/domains.ts'
import type { OutboxRow } from '../../src/database/outbox.ts'
import type { RowOf } from '../../src/database/rows.ts'
import type { Asked } from '../../src/saga/requests.ts'
import { type Databases, withDatabases } from '../helpers/databases.ts'

export const NOW = new Date('2026-06-01T12:00:00.000Z')
export const SECOND = 1_000
export const DAY = 86_400_000

export interface World {
  readonly context: Context
  readonly databases: Databases
  /** What every context of this world takes for the time. */
  readonly clock: { now: Date }
  /** Moves the clock. */
  pass(milliseconds: number): void
  /** One more context over the same files. */
  again(overrides?: Partial<Sources>): Promise<Context>
}

export interface WorldOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly reached?: (place: string) => void
}

export const withWorld = <T>(work: (world: World) => Promise<T>, { env, reached }: WorldOptions = {}): Promise<T> =>
  withDatabases(async (databases) => {
    const clock = { now: NOW }
    const open = (overrides: Partial<Sources> = {}) =>
      createContext(
        readConfig({ GOGGA_DATA_DIR: databases.dir, GOGGA_BUSY_TIMEOUT_MS: '200', ...env }, databases.dir),
        {
          now: () => clock.now,
          mailSent: () => {},
          ...overrides,
        },
      )
    await using context = await open({ ...(reached && { reached }) })
    const pass = (milliseconds: number) => {
      clock.now = new Date(clock.now.getTime() + milliseconds)
    }
    return await work({ context, databases, clock, pass, again: open })
  })

export const ADMIN = { userId: 'boss', ip: '196.25.1.7' } as const

/** Users with their FREE subscription, and one administrator. */
export async function addPeople({ files }: Context, ...ids: readonly string[]): Promise<void> {
  await files.identity.change((tx) => {
    const times = { createdAt: NOW, updatedAt: NOW }
    for (const id of ids)
      tx.insert('User', { id, email: `${id}@mail.example`, isAdmin: false, isServiceAdmin: false, ...times })
    if (tx.find('User', { id: ADMIN.userId })) return
    tx.insert('User', { id: ADMIN.userId, email: 'boss@mail.example', isAdmin: true, isServiceAdmin: true, ...times })
  })
}

/** A voucher with this id and the code `CODE-<id>`. */
export async function addVouchers({ files }: Context, type: string, ...ids: readonly string[]): Promise<void> {
  await files.admin.change((tx) => {
    for (const id of ids)
      tx.insert('Voucher', {
        ...{ id, code: codeOf(id), type, valueCents: 20_000, createdBy: ADMIN.userId, createdAt: NOW },
        ...{ expiresAt: new Date(NOW.getTime() + 365 * DAY), voided: false, redeemed: false },
      })
  })
}

export const codeOf = (voucherId: string): string => `CODE-${voucherId.toUpperCase()}`

export const asked = (route: string, body: unknown = {}, more: Partial<Asked> = {}): Asked => ({ route, body, ...more })

export const outboxOf = ({ files }: Context, domain: Domain): readonly OutboxRow[] =>
  rowsIn(files, domain).list('OutboxMessage', {})

/** What lies in all outboxes, by id. */
export const undelivered = (context: Context): readonly string[] =>
  DOMAINS.flatMap((domain) => outboxOf(context, domain).map(({ id }) => id)).sort()

export const subscriptionOf = (context: Context, userId: string): RowOf<'billing', 'Subscription'> => {
  const found = context.files.billing.rows.find('Subscription', { userId })
  if (!found) throw new Error(`${userId} has no subscription`)
  return found
}

/** Turns the event loop until it holds. A test that waits in vain ends by its time limit. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1))
}

/** What was delivered lies in the outbox for some more milliseconds. */
export const emptied = (context: Context): Promise<void> => until(() => undelivered(context).length === 0)

export const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no failure',
    (error: unknown) => error,
  )
