// Turns on the one writer of a file: first come, first served, with a bound on the wait.
import type { Clock } from './clock.ts'
import { Durations } from './durations.ts'

/** Gives the turn back; calling it again does nothing. */
export type Release = () => void

interface Waiter {
  readonly start: () => void
  readonly refuse: (reason: QueueClosedError) => void
}

export class QueueTimeoutError extends Error {
  /** How many writes stood before this one when it gave up, the running one included. */
  readonly before: number

  constructor(before: number) {
    super('No turn to write in time')
    this.before = before
  }
}

export class QueueClosedError extends Error {}

export class WriterQueue {
  /** From asking to the turn, or to giving up; and from the turn to its end. */
  readonly waits = new Durations()
  readonly holds = new Durations()
  readonly #clock: Clock
  readonly #waiters: Waiter[] = []
  #taken = false
  #closed = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Writes that wait for their turn. */
  get waiting(): number {
    return this.#waiters.length
  }

  /** Resolves when it is the caller's turn. Rejects with QueueTimeoutError after `milliseconds`, with QueueClosedError after `close`. */
  turn(milliseconds: number): Promise<Release> {
    if (this.#closed) return Promise.reject(new QueueClosedError('The queue is closed'))
    if (this.#taken) return this.#enqueue(milliseconds)
    this.#taken = true
    this.waits.observe(0)
    return Promise.resolve(this.#release())
  }

  /** Lets those who wait have their turns, refuses whoever comes later, and resolves when the last turn is over. */
  async close(milliseconds: number): Promise<Release> {
    const last = this.turn(milliseconds)
    this.#closed = true
    try {
      return await last
    } catch (error) {
      for (const { refuse } of this.#waiters.splice(0)) refuse(new QueueClosedError('The queue is closed'))
      throw error
    }
  }

  #enqueue(milliseconds: number): Promise<Release> {
    return new Promise((resolve, reject) => {
      const since = this.#clock.now()
      const cancel = this.#clock.after(milliseconds, () => {
        const position = this.#waiters.indexOf(waiter)
        this.#waiters.splice(position, 1)
        this.waits.observe(this.#clock.now() - since)
        reject(new QueueTimeoutError(position + 1))
      })
      const waiter: Waiter = {
        start: () => {
          cancel()
          this.waits.observe(this.#clock.now() - since)
          resolve(this.#release())
        },
        refuse: (reason) => {
          cancel()
          reject(reason)
        },
      }
      this.#waiters.push(waiter)
    })
  }

  #release(): Release {
    const since = this.#clock.now()
    let held = true
    return () => {
      if (!held) return
      held = false
      this.holds.observe(this.#clock.now() - since)
      const next = this.#waiters.shift()
      if (next) next.start()
      else this.#taken = false
    }
  }
}
