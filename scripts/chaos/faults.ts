// What goes wrong besides kills: a full disk, a file that cannot be written, another process that holds a lock. Never for
// longer than some hundred milliseconds, so that nothing dies of it.
import { setTimeout as pause } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { DOMAINS } from '../../src/database/domains.ts'
import type { Lives } from './lives.ts'
import type { Random } from './random.ts'
import { pathsIn } from './seed.ts'

export type Fault = 'full' | 'readonly' | 'locked'

const FAULTS = ['full', 'readonly', 'locked'] as const
const LONGEST_MS = 600

/** One fault on one file of the server that lives; over when this resolves. */
export async function spoilOnce(lives: Lives, random: Random, dir: string, done: Record<Fault, number>): Promise<void> {
  const [fault, domain, milliseconds] = [random.pick(FAULTS), random.pick(DOMAINS), random.between(50, LONGEST_MS)]
  await pause(random.between(0, 150))
  done[fault] += 1
  if (fault === 'locked') return await holdLock(pathsIn(dir)[domain], milliseconds)
  lives.spoil(domain, fault)
  await pause(milliseconds)
  lives.repair()
}

/** From this process, as a backup or somebody's shell would. Where the server holds the lock itself, nothing happens. */
export async function holdLock(path: string, milliseconds: number): Promise<void> {
  const other = new Database(path, { timeout: 100 })
  try {
    other.exec('begin immediate')
    await pause(milliseconds)
  } catch (error) {
    if (!(error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY'))) throw error
  } finally {
    other.close()
  }
}
