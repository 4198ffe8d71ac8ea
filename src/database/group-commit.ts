// Changes that wait for the writer of a file share one COMMIT, and so one sync to disk. Each has a savepoint of its own:
// one that throws takes back its own rows alone. None is answered before the COMMIT that holds it.
import type { Clock } from './clock.ts'
import type { Connection } from './connections.ts'
import type { Release } from './writer-queue.ts'

export interface GroupSources {
  readonly connection: Connection
  readonly clock: Clock
  readonly busyTimeoutMs: number
  /** Waits for the writer's turn and begins a transaction. */
  readonly begin: () => Promise<Release>
  readonly commit: () => Promise<void>
  /** Ends the turn; rolls back what is still open. */
  readonly end: (release: Release) => void
}

interface Unit {
  readonly work: () => unknown
  readonly since: number
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

type Done = { readonly unit: Unit; readonly value: unknown } | { readonly unit: Unit; readonly error: unknown }

/** A transaction holds the event loop, so a group ends after so many milliseconds; the next one goes on. */
const MAX_GROUP_MS = 10
const MAX_GROUP = 200

export class GroupCommit {
  readonly #sources: GroupSources
  #waiting: Unit[] = []
  #running = false

  constructor(sources: GroupSources) {
    this.#sources = sources
  }

  /** Changes that did not begin yet. */
  get waiting(): number {
    return this.#waiting.length
  }

  /** Runs `work`, which must not wait for anything, in a transaction; resolves when that is on disk. */
  change<T>(work: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const since = this.#sources.clock.now()
      this.#waiting.push({ work, since, resolve: resolve as (value: unknown) => void, reject })
      if (!this.#running) void this.#run()
    })
  }

  async #run(): Promise<void> {
    this.#running = true
    while (this.#waiting.length > 0) await this.#group()
    this.#running = false
  }

  async #group(): Promise<void> {
    let release: Release
    try {
      release = await this.#sources.begin()
    } catch (error) {
      return this.#giveUp(error)
    }
    const done: Done[] = []
    try {
      try {
        this.#work(done)
        if (done.some((entry) => 'value' in entry)) await this.#sources.commit()
      } finally {
        this.#sources.end(release)
      }
    } catch (error) {
      for (const { unit } of done) unit.reject(error)
      return
    }
    for (const entry of done) {
      if ('error' in entry) entry.unit.reject(entry.error)
      else entry.unit.resolve(entry.value)
    }
  }

  #work(done: Done[]): void {
    const { clock } = this.#sources
    const until = clock.now() + MAX_GROUP_MS
    const units = this.#waiting.splice(0, MAX_GROUP)
    const alone = units.length === 1
    try {
      while (units.length > 0 && (done.length === 0 || clock.now() < until)) {
        const unit = units.shift() as Unit
        if (alone) done.push(attempt(unit))
        else this.#attemptApart(unit, done)
        if (!this.#sources.connection.inTransaction) break
      }
    } finally {
      this.#waiting = [...units, ...this.#waiting]
    }
    // A full disk makes SQLite roll everything back by itself: whatever the group did is gone.
    if (!this.#sources.connection.inTransaction) throw lost(done)
  }

  /** Throws, with the unit among those that are done, where the savepoint cannot be closed: then the group is lost. */
  #attemptApart(unit: Unit, done: Done[]): void {
    const { connection } = this.#sources
    const entry = attempt(unit, () => {
      connection.exec('savepoint unit')
      return unit.work()
    })
    done.push(entry)
    if (connection.inTransaction) connection.exec('error' in entry ? 'rollback to unit; release unit' : 'release unit')
  }

  /** Those who have waited long enough hear of it; who came later waits on. A closed file refuses everybody. */
  #giveUp(error: unknown): void {
    const { clock, busyTimeoutMs, connection } = this.#sources
    const long = clock.now() - busyTimeoutMs
    const [given, kept] = [[] as Unit[], [] as Unit[]]
    for (const unit of this.#waiting) (unit.since <= long || !connection.open ? given : kept).push(unit)
    // Whatever failed, somebody must hear of it, or the loop would go round for ever.
    this.#waiting = given.length > 0 ? kept : []
    for (const { reject } of given.length > 0 ? given : kept) reject(error)
  }
}

/** Where it throws, whoever called takes back what it wrote. */
function attempt(unit: Unit, work: () => unknown = unit.work): Done {
  try {
    const value = work()
    if (!isThenable(value)) return { unit, value }
    // Nobody waits for it, so its end must not become the process's. Prisma's own begin to run when they are waited for.
    if (value instanceof Promise) value.catch(() => {})
    throw new Error('A change must not wait for anything')
  } catch (error) {
    return { unit, error }
  }
}

const isThenable = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'

function lost(done: readonly Done[]): unknown {
  const last = done.at(-1)
  return last && 'error' in last ? last.error : new Error('The transaction was rolled back')
}
