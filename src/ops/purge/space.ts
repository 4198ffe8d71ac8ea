// Gives the space of removed rows back to the disk. Files are made with auto_vacuum=INCREMENTAL (connections.ts), so their
// free pages go a few at a time, each time in a transaction as short as those of the purge. A file that was made otherwise
// keeps its free pages for new rows; only VACUUM, which holds the writer until it has copied the whole file, changes that.
import { changeIn, type Files } from '../../database/clients.ts'
import { type Clock, systemClock, wait } from '../../database/clock.ts'
import { type Connection, openWriter } from '../../database/connections.ts'
import type { Domain } from '../../database/domains.ts'
import { isBusy } from '../../database/driver-errors.ts'
import { knownError } from '../../database/errors.ts'
import type { Tx } from '../../database/rows.ts'
import { besideCheckpoints } from './checkpoints.ts'
import { restAfter } from './purge.ts'

export interface Space {
  readonly domain: Domain
  readonly bytes: number
  readonly freeBytes: number
  /** Whether free pages can be given back without VACUUM. */
  readonly incremental: boolean
}

const INCREMENTAL = 2
const HOLD_MS = 2
const VACUUM_WAIT_MS = 5_000

export function spaceOf(domain: Domain, reader: Connection): Space {
  const number = (name: string) => Number(reader.pragma(name, { simple: true }))
  const size = number('page_size')
  return {
    domain,
    bytes: number('page_count') * size,
    freeBytes: number('freelist_count') * size,
    incremental: number('auto_vacuum') === INCREMENTAL,
  }
}

export interface GiveBackOptions {
  readonly clock?: Clock
  /** After each step: how long the writer was held, in milliseconds. */
  readonly onHold?: (heldMs: number) => void
}

/** Gives free pages back, and empties the log. Where another process holds the log, that is left for later. */
export async function giveBack(files: Files, domain: Domain, options: GiveBackOptions = {}): Promise<Space> {
  const { clock = systemClock, onHold } = options
  const { incremental, freeBytes } = spaceOf(domain, files[domain].reader)
  if (incremental && freeBytes > 0) {
    await besideCheckpoints(files, domain, { clock }, async (between) => {
      for (let left = 1; left > 0; await between()) {
        let began = 0
        left = await changeIn(files, domain, (tx) => {
          began = clock.now()
          return freeSome(tx, clock)
        })
        const heldMs = clock.now() - began
        onHold?.(heldMs)
        await wait(clock, restAfter(heldMs))
      }
    })
  }
  try {
    const began = clock.now()
    await files[domain].checkpoint()
    onHold?.(clock.now() - began)
  } catch (error) {
    if (!isBusy(error)) throw error
  }
  return spaceOf(domain, files[domain].reader)
}

/** Gives how many free pages are left. */
function freeSome(tx: Tx, clock: Clock): number {
  const until = clock.now() + HOLD_MS
  let free = 0
  do {
    tx.run('pragma incremental_vacuum(1)') // A page: the driver takes one step of a statement without rows.
    free = tx.all<{ freelist_count: number }>('pragma freelist_count')[0]?.freelist_count ?? 0
  } while (free > 0 && clock.now() < until)
  return free
}

/**
 * Copies the file into itself without its free pages, and lets later purges give pages back by themselves. Nobody else can
 * write meanwhile, and it needs twice the file's size on the disk. Throws UnavailableError where the file is in use.
 */
export function vacuum(domain: Domain, path: string): void {
  const writer = openWriter(domain, path)
  try {
    writer.pragma(`busy_timeout = ${VACUUM_WAIT_MS}`)
    writer.pragma(`auto_vacuum = ${INCREMENTAL}`)
    writer.exec('vacuum')
    writer.pragma('wal_checkpoint(TRUNCATE)')
  } catch (error) {
    throw knownError(error, domain, path) ?? error
  } finally {
    writer.close()
  }
}
