/**
 * Values without an `@` are found by windows. Of each a section is chosen, `step - 1` bytes longer than a window, so that
 * one of its windows lies at a place divisible by four wherever the value stands in a file. Only such places are looked
 * at: first in a bitmap of all windows, then the section's bucket, then the bytes.
 */

import { anchorIn, type Visit } from './anchors.ts'
import { type Buckets, bucketsOf } from './buckets.ts'
import { type Blocks, blockOf, DIGITS, HEAD_BYTES, isRecordAt, type NeedleStore, placeOf } from './needle-store.ts'

const STEP = 4
/** Sets the bit that tells lower from upper case, in four bytes at once: as good as folding for a filter. */
const CASE = 0x20202020
const SPREAD = 0x9e3779b1
const OTHER = 0x85ebca6b
const MIX = 0x2c1b3c6d
const SKETCH_BITS = 20
const BITS_A_WINDOW = 16
/** 16 MiB. */
const LARGEST_BITS = 22

export interface Windows extends Buckets {
  /** Bytes of a window: 8 or, for values of less than 11 bytes, 4. */
  readonly width: 4 | 8
  /** Two bits of one word for each window. */
  readonly bitmap: Int32Array
  /** A window's hash shifted right by so much is its word; the lowest ten bits name the bits. */
  readonly wordShift: number
  /** The hash of each address's section. */
  readonly keys: Uint32Array
}

const LONG_FROM = 8 + STEP - 1

/** The values that windows of `width` find; undefined where there are none. Notes each section's place in its record. */
export function buildWindows(store: NeedleStore, width: 4 | 8): Windows | undefined {
  const size = width + STEP - 1
  const mine = (visit: (block: Uint8Array, place: number, address: number) => void) =>
    store.each((block, place, address) => {
      const isLong = (block[place] as number) >= LONG_FROM
      const isNumber = ((block[place + 1] as number) & DIGITS) !== 0
      if (!isNumber && isLong === (width === 8) && anchorIn(block, place) === 0) visit(block, place, address)
    })
  let count = 0
  mine(() => count++)
  if (count === 0) return undefined
  chooseSections(mine, size)
  const hashAt = (block: Uint8Array, place: number) => sectionHash(block, sectionOf(block, place), size)
  const buckets = bucketsOf(count, (each) => mine((block, place, address) => each(hashAt(block, place), address)))
  const keys = new Uint32Array(count)
  for (let entry = 0; entry < count; entry++) {
    const address = buckets.addresses[entry] as number
    keys[entry] = hashAt(blockOf(store.blocks, address), placeOf(address))
  }
  return { ...buckets, width, keys, ...bitmapOf(mine, count, width) }
}

type Each = (visit: (block: Uint8Array, place: number) => void) => void

function bitmapOf(mine: Each, count: number, width: number): Pick<Windows, 'bitmap' | 'wordShift'> {
  const bits = Math.min(LARGEST_BITS, Math.max(10, Math.ceil(Math.log2(count * STEP * BITS_A_WINDOW)) - 5))
  const [bitmap, wordShift] = [new Int32Array(2 ** bits), 32 - bits]
  mine((block, place) => {
    const section = sectionOf(block, place)
    for (let at = section; at < section + STEP; at++) {
      const hash = windowHash(block, at, width)
      bitmap[hash >>> wordShift] =
        (bitmap[hash >>> wordShift] as number) | (1 << (hash & 31)) | (1 << ((hash >>> 5) & 31))
    }
  })
  return { bitmap, wordShift }
}

const sectionOf = (block: Uint8Array, place: number): number => place + HEAD_BYTES + (block[place + 2] as number)

/** The section, of beginning, middle and end, that the fewest share: many values begin or end alike. */
function chooseSections(mine: Each, size: number): void {
  const sketch = new Uint8Array(1 << SKETCH_BITS)
  const shareOf = (block: Uint8Array, at: number) => sectionHash(block, at, size) >>> (32 - SKETCH_BITS)
  mine((block, place) => {
    for (const offset of offsetsIn(block[place] as number, size)) {
      const share = shareOf(block, place + HEAD_BYTES + offset)
      if ((sketch[share] as number) < 255) sketch[share] = (sketch[share] as number) + 1
    }
  })
  mine((block, place) => {
    let least = 256
    for (const offset of offsetsIn(block[place] as number, size)) {
      const share = sketch[shareOf(block, place + HEAD_BYTES + offset)] as number
      if (share >= least) continue
      least = share
      block[place + 2] = offset
    }
  })
}

const offsetsIn = (length: number, size: number): readonly number[] => [0, (length - size) >>> 1, length - size]

const wordAt = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24) |
    CASE) >>
  0

const windowHash = (bytes: Uint8Array, at: number, width: number): number =>
  mixed(wordAt(bytes, at), width === 8 ? wordAt(bytes, at + 4) : 0)

function mixed(first: number, second: number): number {
  let hash = Math.imul(first, SPREAD) ^ Math.imul(second, OTHER)
  hash = Math.imul(hash ^ (hash >>> 15), SPREAD)
  return hash ^ (hash >>> 14)
}

function sectionHash(bytes: Uint8Array, at: number, size: number): number {
  const hash =
    Math.imul(wordAt(bytes, at), OTHER) ^
    Math.imul(wordAt(bytes, at + Math.min(4, size - 4)), MIX) ^
    Math.imul(wordAt(bytes, at + size - 4), SPREAD)
  return Math.imul(hash ^ (hash >>> 15), MIX) >>> 0
}

/** Numbers of words from `from` to `to` that may be a window; how many, into `found`. The hot loop. */
export function filterWindows(
  windows: Windows,
  words: Int32Array,
  from: number,
  to: number,
  found: Int32Array,
): number {
  const { bitmap, wordShift } = windows
  const second = windows.width === 8 ? OTHER : 0
  let count = 0
  let word = (words[from] as number) | CASE
  for (let at = from; at < to; at++) {
    const next = (words[at + 1] as number) | CASE
    let hash = Math.imul(word, SPREAD) ^ Math.imul(next, second)
    hash = Math.imul(hash ^ (hash >>> 15), SPREAD)
    hash ^= hash >>> 14
    const bits = bitmap[hash >>> wordShift] as number
    if ((bits >>> (hash & 31)) & (bits >>> ((hash >>> 5) & 31)) & 1) found[count++] = at
    word = next
  }
  return count
}

/** Every record with a window at word `word`. */
export function visitWindow(
  windows: Windows,
  blocks: Blocks,
  bytes: Uint8Array,
  word: number,
  end: number,
  visit: Visit,
): void {
  const { keys, starts, addresses, shift } = windows
  const size = windows.width + STEP - 1
  for (let start = word * 4; start > word * 4 - STEP && start >= 0; start--) {
    if (start + size > end) continue
    const key = sectionHash(bytes, start, size)
    const bucket = key >>> shift
    for (let entry = starts[bucket] as number; entry < (starts[bucket + 1] as number); entry++) {
      if (keys[entry] !== key) continue
      const address = addresses[entry] as number
      const [block, place] = [blockOf(blocks, address), placeOf(address)]
      const from = start - (block[place + 2] as number)
      if (isRecordAt(block, place, bytes, from, end)) visit(from, block[place] as number, block[place + 1] as number)
    }
  }
}
