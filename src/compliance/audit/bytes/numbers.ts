/**
 * Numbers of persons are found however their digits are set apart: `+27 83 999 1234`, `083-999-1234`, `0839991234`. A run of digits
 * is read without what stands between them; nine of them in a row, as a number, give the bucket, then all are compared.
 */
import { type Buckets, bucketsOf } from './buckets.ts'
import { KINDS, type Needle } from './kinds.ts'
import { type Blocks, blockOf, DIGITS, HEAD_BYTES, kindOf, type NeedleStore, placeOf } from './needle-store.ts'
import type { Found, Searched } from './searched.ts'

/** South African numbers without what comes before them: 0, 27, +27, 0027. */
const NATIONAL = 9
const FEWEST = 10
const MOST = 19
const MOST_BETWEEN = 3
const KEYS = 1e8
const SPREAD = 0x9e3779b1
const BITS_A_NUMBER = 16
const ZERO = 0x30
const PHONE = KINDS.indexOf('phone')

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= ZERO && byte < ZERO + 10
const BETWEEN = new Uint8Array(256)
for (const char of ' -.()+/') BETWEEN[char.charCodeAt(0)] = 1
const isBetween = (byte: number | undefined): boolean => byte !== undefined && BETWEEN[byte] === 1

/** What stands for the number whatever its spelling; undefined where its spelling is all there is. */
export function digitsOf({ value, kind }: Needle): string | undefined {
  if (kind !== 'phone' && kind !== 'idNumber' && kind !== 'card') return undefined
  if (!/^[\d ().+/-]+$/.test(value)) return undefined
  const digits = value.replace(/\D/g, '').replace(/^00/, '')
  const [, national] = kind === 'phone' ? (/^(?:270?|0)([1-8]\d{8})$/.exec(digits) ?? []) : []
  return national ?? (digits.length >= FEWEST && digits.length <= MOST ? digits : undefined)
}

export interface Numbers extends Buckets {
  readonly bitmap: Int32Array
  readonly wordShift: number
}

/** Undefined where there are none. */
export function buildNumbers(store: NeedleStore): Numbers | undefined {
  const mine = (visit: (hash: number, address: number) => void) =>
    store.each((block, place, address) => {
      if (((block[place + 1] as number) & DIGITS) !== 0) visit(hashOf(keyIn(block, place)), address)
    })
  let count = 0
  mine(() => count++)
  if (count === 0) return undefined
  const bits = Math.min(20, Math.max(6, Math.ceil(Math.log2(count * BITS_A_NUMBER)) - 5))
  const [bitmap, wordShift] = [new Int32Array(2 ** bits), 32 - bits]
  mine((hash) => {
    bitmap[hash >>> wordShift] = (bitmap[hash >>> wordShift] as number) | (1 << (hash & 31))
  })
  return { ...bucketsOf(count, mine), bitmap, wordShift }
}

function hashOf(key: number): number {
  const hash = Math.imul(key, SPREAD)
  return Math.imul(hash ^ (hash >>> 15), 0x85ebca6b) >>> 0
}

function keyIn(block: Uint8Array, place: number): number {
  let key = 0
  for (let at = 0; at < NATIONAL; at++) key = key * 10 + (block[place + HEAD_BYTES + at] as number) - ZERO
  return key
}

/** Of the run around `at`. */
function firstDigit(bytes: Uint8Array, at: number): number {
  let first = at
  for (let [place, between] = [at - 1, 0]; place >= 0 && between <= MOST_BETWEEN; place--) {
    if (isDigit(bytes[place])) [first, between] = [place, 0]
    else if (isBetween(bytes[place])) between++
    else break
  }
  return first
}

/** Finds numbers in runs of digits; for at most `room` bytes at once. */
export function createNumberFinder(numbers: Numbers, blocks: Blocks, room: number) {
  const digits = new Uint8Array(room)
  const places = new Int32Array(room)

  /** Reads the run around `at`, and gives its end. */
  function around({ bytes, length }: Searched, at: number, found: Found): number {
    const from = firstDigit(bytes, at)
    let [count, between, end] = [0, 0, from]
    for (; end < length && between <= MOST_BETWEEN; end++) {
      const byte = bytes[end] as number
      if (isDigit(byte)) {
        places[count] = end
        digits[count++] = byte - ZERO
        between = 0
      } else if (isBetween(byte)) between++
      else break
    }
    if (count >= FEWEST) inRun(count, found)
    return Math.max(end, at + 1)
  }

  function inRun(count: number, found: Found): void {
    let [key, last] = [0, -1]
    for (let at = 0; at < count; at++) {
      key = (key % KEYS) * 10 + (digits[at] as number)
      const first = at - NATIONAL + 1
      if (first < 0) continue
      const hash = hashOf(key)
      if ((((numbers.bitmap[hash >>> numbers.wordShift] as number) >>> (hash & 31)) & 1) === 0) continue
      last = inBucket(hash, first, count, last, found)
    }
  }

  /** What ends where another number ended is a part of it. */
  function inBucket(hash: number, first: number, count: number, last: number, found: Found): number {
    const { starts, addresses, shift } = numbers
    let reached = last
    const bucket = hash >>> shift
    for (let entry = starts[bucket] as number; entry < (starts[bucket + 1] as number); entry++) {
      const address = addresses[entry] as number
      const [block, place] = [blockOf(blocks, address), placeOf(address)]
      const [size, mark] = [block[place] as number, block[place + 1] as number]
      if (!isAt(block, place, size, first, count)) continue
      const start = size === NATIONAL && kindOf(mark) === PHONE ? prefixed(first) : first
      if (start < 0) continue
      const [from, to] = [places[start] as number, (places[first + size - 1] as number) + 1]
      if (to <= last) continue
      reached = Math.max(reached, to)
      found(from, to - from, mark)
    }
    return reached
  }

  function isAt(block: Uint8Array, place: number, size: number, first: number, count: number): boolean {
    if (first + size > count) return false
    for (let at = 0; at < size; at++)
      if (block[place + HEAD_BYTES + at] !== (digits[first + at] as number) + ZERO) return false
    return true
  }

  /** Where a South African number begins, with its 0, 27 or 0027; -1 where nothing says that it is one. */
  function prefixed(first: number): number {
    let start = first
    if (digits[start - 1] === 0) start -= 1
    if (digits[start - 1] === 7 && digits[start - 2] === 2) {
      start -= 2
      if (digits[start - 1] === 0 && digits[start - 2] === 0) start -= 2
    }
    return start === first ? -1 : Math.max(start, 0)
  }

  function everywhere(searched: Searched, found: Found): void {
    for (let at = 0; at < searched.length; ) at = isDigit(searched.bytes[at]) ? around(searched, at, found) : at + 1
  }

  return { around, everywhere }
}
