// Three fresh files with a context over them, the people and vouchers that a test names, and a clock that it sets.
import { readConfig } from '../../src/config.ts'
import { type Context, createContext, type Sources } from '../../src/context.ts'
import { rowsIn } from '../../src/database/clients.ts'
import { DOMAINS, type Domain } from '../../src/database/domains.ts'
import type { OutboxRow } from '../../src/database/outbox.ts'
import type { RowOf } from '../../src/database/rows.ts'
import { type Databases, withDatabases } from '../helpers/databases.ts'
import { NOW } from './people.ts'

export * from './people.ts'

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
        readConfig(
          { GOGGA_DATA_DIR: databases.dir, GOGGA_LOG_LEVEL: 'silent', GOGGA_BUSY_TIMEOUT_MS: '200', ...env },
          databases.dir,
        ),
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
