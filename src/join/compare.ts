// SQLite's order of values (BINARY), for the few rows that are sorted here rather than there.
import type { CursorValue } from './cursor.ts'

/** NULL, then numbers, then text by its UTF-8 bytes. */
export function compareValues(a: CursorValue, b: CursorValue): number {
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b)
  if (typeof a === 'number' && typeof b === 'number') return a - b
  return rank(a) - rank(b)
}

const rank = (value: CursorValue): number => (value === null ? 0 : typeof value === 'number' ? 1 : 2)

/** UTF-16 and UTF-8 differ in order only where surrogates, which stand for U+10000 and above, meet U+E000 to U+FFFF. */
function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)]
    if (x !== y) return unitRank(x) - unitRank(y)
  }
  return a.length - b.length
}

function unitRank(unit: number): number {
  if (unit < 0xd800) return unit
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800
}
