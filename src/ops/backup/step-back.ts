import { constants, setPriority } from 'node:os'

/**
 * Lets others on the same processors go first. On Linux it is this thread that steps back, with those that it starts
 * from here on; elsewhere it may be the process, or refused, and nothing depends on it.
 */
export function stepBack(): void {
  try {
    setPriority(0, constants.priority.PRIORITY_LOW)
  } catch {
    // Not allowed here.
  }
}
