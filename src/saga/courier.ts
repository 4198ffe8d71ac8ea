// Carries messages between the files: at once after a change, and again, with growing waits, until they took effect or are
// dead. Messages of one subject to one file go in their order; any number of processes may carry from the same files, since the inbox
// of the target decides whether a message takes effect.
import { changeIn, type Files, rowsIn } from '../database/clients.ts'
import { DOMAINS, type Domain } from '../database/domains.ts'
import { claimDue, isAnythingDue, type OutboxRow, removeDelivered, waitingOf } from '../database/outbox.ts'
import { attempt, type Carrier, type Outcome, refuse } from './delivery.ts'

export interface CourierOptions extends Carrier {
  /** Then a message is dead, and waits for a person. */
  readonly maxAttempts: number
  readonly onFailure?: (failure: { type: string; target: string; attempts: number; dead: boolean }) => void
}

/** A message, and the file whose outbox it lies in. */
export interface Waiting extends Chain {
  readonly origin: Domain
}

/** One run over the messages of a subject in an outbox. */
interface Turn {
  isWaiting: boolean
  /** Ids that this process has taken for another try, however long they were to wait. */
  readonly claimed: Set<string>
  run: Promise<void>
}

type Ended = Extract<Outcome, { reason: string }>
type Chain = Pick<OutboxRow, 'id' | 'subjectId'>

const SWEEP_LIMIT = 200
/** So many messages of a subject are delivered before its outbox is looked into again. */
const DRAIN_BATCH = 20
const FIRST_WAIT_MS = 1_000
const MAX_WAIT_MS = 300_000
/** Delivered messages are removed together: a commit for each would cost as much as the change itself. */
const REMOVE_AFTER_MS = 20

export class Courier implements AsyncDisposable {
  readonly #options: CourierOptions
  readonly #files: Files
  /** The last turn, by file and subject. */
  readonly #turns = new Map<string, Turn>()
  /** Delivered, and still in the outbox. */
  readonly #delivered: Readonly<Record<Domain, Set<string>>> = {
    identity: new Set(),
    billing: new Set(),
    admin: new Set(),
  }
  readonly #timers = new Map<Domain, NodeJS.Timeout>()
  readonly #removals = new Set<Promise<void>>()
  #closed = false

  constructor(options: CourierOptions) {
    this.#options = options
    this.#files = options.files
  }

  /**
   * Delivers what waits for this subject in the outbox of `origin`, and what follows from it in other files. Resolves when
   * nothing can be done now; what then still waits is tried again by `sweep`. Never rejects.
   */
  deliver(origin: Domain, chain: Chain): Promise<void> {
    return this.#inTurn(origin, chain, new Set())
  }

  #inTurn(origin: Domain, chain: Chain, claimed: Set<string>): Promise<void> {
    if (this.#closed) return Promise.resolve()
    const key = `${origin} ${chain.subjectId ?? chain.id}`
    // A run that has begun may be past the new message already: after it, one more, whoever else comes until then.
    const last = this.#turns.get(key)
    if (last?.isWaiting) {
      for (const id of claimed) last.claimed.add(id)
      return last.run
    }
    const turn: Turn = { isWaiting: last !== undefined, claimed, run: Promise.resolve() }
    this.#turns.set(key, turn)
    turn.run = this.#take(turn, last?.run, origin, chain).then(() => {
      if (this.#turns.get(key) === turn) this.#turns.delete(key)
    })
    return turn.run
  }

  async #take(turn: Turn, before: Promise<void> | undefined, origin: Domain, chain: Chain): Promise<void> {
    if (before) await before
    turn.isWaiting = false
    try {
      await this.#drain(origin, chain, turn.claimed)
    } catch {
      // An outbox that cannot be read now is looked into again by `sweep`.
    }
  }

  /** Delivers what is due in all outboxes; gives how many messages that were. */
  async sweep(): Promise<number> {
    const now = this.#options.sources.now()
    const swept = await Promise.all(
      DOMAINS.map(async (origin) => {
        if (this.#closed || !isAnythingDue(rowsIn(this.#files, origin), now)) return 0
        const due = await changeIn(this.#files, origin, (tx) => claimDue(tx, now, SWEEP_LIMIT))
        const chains = new Map(due.map((row) => [row.subjectId ?? row.id, row]))
        const claimed = new Set(due.map(({ id }) => id))
        await Promise.all([...chains.values()].map((chain) => this.#inTurn(origin, chain, claimed)))
        return due.length
      }),
    )
    return swept.reduce((sum, count) => sum + count, 0)
  }

  /** The messages of a change that did not take effect yet, in whichever file. */
  waiting(changeId: string): readonly (OutboxRow & Waiting)[] {
    return DOMAINS.flatMap((domain) =>
      rowsIn(this.#files, domain)
        .list('OutboxMessage', { changeId })
        .filter(({ id }) => !this.#delivered[domain].has(id))
        .map((row) => ({ ...row, origin: domain })),
    )
  }

  /** Lets what runs come to its end, and removes what was delivered. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    while (this.#turns.size > 0) await Promise.all([...this.#turns.values()].map(({ run }) => run))
    for (const domain of DOMAINS) this.#removeNow(domain)
    await Promise.all(this.#removals)
  }

  /** One that waits holds back those behind it that go to the same file: another file may be healthy. */
  async #drain(origin: Domain, chain: Chain, claimed: Set<string>): Promise<void> {
    const held = new Set<string>()
    const isFree = ({ id, target }: OutboxRow) => !held.has(target) && !this.#delivered[origin].has(id)
    for (;;) {
      const waiting = waitingOf(rowsIn(this.#files, origin), chain).filter(isFree)
      if (waiting.length === 0) return
      for (const row of waiting.slice(0, DRAIN_BATCH)) {
        if (held.has(row.target)) continue
        const isLater = row.attempts > 0 && row.nextAttemptAt > this.#options.sources.now()
        const isOver =
          isLater && !claimed.delete(row.id)
            ? false
            : await this.#settle(origin, row, await attempt(this.#options, row))
        if (!isOver) held.add(row.target)
      }
    }
  }

  /** Whether the next message to the same file may go. Where not even that can be written, the claim runs out by itself. */
  async #settle(origin: Domain, row: OutboxRow, outcome: Outcome): Promise<boolean> {
    if (!('reason' in outcome)) {
      this.#delivered[origin].add(row.id)
      this.#removeSoon(origin)
      // What follows goes out of the target's outbox: another chain, whose messages lead nowhere further.
      if (outcome.is === 'compensated' || outcome.goesOn) await this.deliver(row.target as Domain, row)
      return true
    }
    try {
      return await this.#postpone(origin, row, outcome)
    } catch {
      return false
    }
  }

  async #postpone(origin: Domain, row: OutboxRow, outcome: Ended): Promise<boolean> {
    const { sources, maxAttempts, onFailure } = this.#options
    const attempts = row.attempts + 1
    const last = outcome.is === 'dead' || attempts >= maxAttempts
    const ended = last && outcome.is === 'failed' ? await refuse(this.#options, row, outcome.reason) : outcome
    if (!('reason' in ended)) return await this.#settle(origin, row, ended)
    const now = sources.now()
    const wait = Math.min(FIRST_WAIT_MS * 2 ** (attempts - 1), MAX_WAIT_MS)
    await changeIn(this.#files, origin, (tx) =>
      tx.update(
        'OutboxMessage',
        { id: row.id },
        {
          attempts,
          reason: outcome.reason,
          nextAttemptAt: new Date(now.getTime() + wait),
          deadAt: last ? now : null,
        },
      ),
    )
    onFailure?.({ type: row.type, target: row.target, attempts, dead: last })
    return last
  }

  #removeSoon(domain: Domain): void {
    if (this.#timers.has(domain)) return
    const timer = setTimeout(() => this.#removeNow(domain), REMOVE_AFTER_MS)
    this.#timers.set(domain, timer)
  }

  #removeNow(domain: Domain): void {
    clearTimeout(this.#timers.get(domain))
    this.#timers.delete(domain)
    const ids = [...this.#delivered[domain]]
    if (ids.length === 0) return
    const removal = this.#remove(domain, ids).finally(() => this.#removals.delete(removal))
    this.#removals.add(removal)
  }

  /** What could not be removed is found by its inbox mark when it is tried again. */
  async #remove(domain: Domain, ids: readonly string[]): Promise<void> {
    try {
      await changeIn(this.#files, domain, (tx) => removeDelivered(tx, ids))
      for (const id of ids) this.#delivered[domain].delete(id)
    } catch {
      if (!this.#closed) this.#removeSoon(domain)
    }
  }
}
