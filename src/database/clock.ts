// Time as a parameter, so that tests decide how long something waits.

export interface Clock {
  /** Milliseconds since any fixed moment; never goes back. */
  now(): number
  /** Calls back once, after so many milliseconds, unless the returned function is called first. */
  after(milliseconds: number, callback: () => void): () => void
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after(milliseconds, callback) {
    const timer = setTimeout(callback, milliseconds)
    return () => clearTimeout(timer)
  },
}

export const wait = (clock: Clock, milliseconds: number): Promise<void> =>
  new Promise((resolve) => clock.after(milliseconds, resolve))
