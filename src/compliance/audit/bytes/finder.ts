// Finds values in bytes as they stand: in a piece of a file, or in what was decoded from it.
import { AT, visitAround } from './anchors.ts'
import type { NeedleTable } from './needle-table.ts'
import { createNumberFinder } from './numbers.ts'
import type { Found, Searched } from './searched.ts'
import { filterWindows, visitWindow } from './windows.ts'

export type Finder = ReturnType<typeof createFinder>

/** For at most `room` bytes at once. */
export function createFinder({ blocks, anchors, windows, numbers }: NeedleTable, room: number) {
  const candidates = new Int32Array(room / 4 + 1)

  const inDigits = numbers && createNumberFinder(numbers, blocks, room)

  function around({ bytes, length }: Searched, at: number, found: Found): void {
    visitAround(anchors, blocks, bytes, at, length, found)
  }

  function byWindows({ bytes, words, length }: Searched, found: Found): void {
    for (const each of windows) {
      const count = filterWindows(each, words, 0, length >>> 2, candidates)
      for (let at = 0; at < count; at++) visitWindow(each, blocks, bytes, candidates[at] as number, length, found)
    }
  }

  function everywhere(searched: Searched, found: Found): void {
    for (let at = 0; at < searched.length; at++) if (searched.bytes[at] === AT) around(searched, at, found)
    byWindows(searched, found)
    inDigits?.everywhere(searched, found)
  }

  return { around, byWindows, everywhere, inDigits }
}
