// What a command writes to a file that somebody named.
import { writeWhole } from '../database/durable.ts'
import { UsageError } from '../errors.ts'

/** Whole or not at all. Throws UsageError where it cannot be written. */
export function writeOut(path: string, content: string | Uint8Array, mode?: number): void {
  try {
    writeWhole(path, content, mode)
  } catch (cause) {
    throw new UsageError(`${path} cannot be written: ${(cause as NodeJS.ErrnoException).code}`, {
      cause,
      hint: 'Name a file in a folder that is there.',
    })
  }
}
