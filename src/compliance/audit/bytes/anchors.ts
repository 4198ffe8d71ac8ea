/**
 * Values with an `@` are found by it: files that should hold no address hardly have one. What stands around it, up to
 * twelve bytes before and four after, gives the bucket; then the bytes are compared.
 */
import { type Buckets, bucketsOf } from './buckets.ts'
import { type Blocks, blockOf, FOLD, HEAD_BYTES, isRecordAt, type NeedleStore, placeOf } from './needle-store.ts'

export const AT = 0x40
const BEFORE = 12
const BEHIND = 4

export interface Anchors extends Buckets {
  /** Every pair of numbers of bytes before and after the `@` that occurs. */
  readonly shapes: Uint8Array
}

/** Where the record's `@` stands, 0 where it is found by windows. */
export function anchorIn(block: Uint8Array, place: number): number {
  const length = block[place] as number
  for (let at = 1; at < length; at++) if (block[place + HEAD_BYTES + at] === AT) return at
  return 0
}

/** Notes each `@` in its record. */
export function buildAnchors(store: NeedleStore): Anchors {
  const seen = new Set<number>()
  let count = 0
  store.each((block, place) => {
    const at = anchorIn(block, place)
    if (at === 0) return
    block[place + 2] = at
    count++
    seen.add(shapeOf(at, block[place] as number))
  })
  const buckets = bucketsOf(count, (each) =>
    store.each((block, place, address) => {
      const at = anchorIn(block, place)
      if (at === 0) return
      const shape = shapeOf(at, block[place] as number)
      each(hashAround(block, place + HEAD_BYTES + at, shape), address)
    }),
  )
  return { ...buckets, shapes: new Uint8Array(seen) }
}

const shapeOf = (at: number, length: number): number => (Math.min(at, BEFORE) << 4) | Math.min(length - at - 1, BEHIND)

function hashAround(bytes: Uint8Array, at: number, shape: number): number {
  let hash = shape
  const end = at + (shape & 15)
  for (let from = at - (shape >>> 4); from <= end; from++)
    hash = Math.imul(hash ^ (FOLD[bytes[from] as number] as number), 0x9e3779b1) + (hash >>> 15)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return hash ^ (hash >>> 13)
}

export type Visit = (start: number, length: number, mark: number) => void

/** Every record around the `@` at `at`. */
export function visitAround(
  anchors: Anchors,
  blocks: Blocks,
  bytes: Uint8Array,
  at: number,
  end: number,
  visit: Visit,
): void {
  const { shapes, starts, addresses, shift } = anchors
  for (let index = 0; index < shapes.length; index++) {
    const shape = shapes[index] as number
    if (at < shape >>> 4 || at + (shape & 15) >= end) continue
    const bucket = hashAround(bytes, at, shape) >>> shift
    for (let entry = starts[bucket] as number; entry < (starts[bucket + 1] as number); entry++) {
      const address = addresses[entry] as number
      const [block, place] = [blockOf(blocks, address), placeOf(address)]
      const anchor = block[place + 2] as number
      const length = block[place] as number
      if (shapeOf(anchor, length) !== shape || !isRecordAt(block, place, bytes, at - anchor, end)) continue
      visit(at - anchor, length, block[place + 1] as number)
    }
  }
}
