/**
 * The values, once each, in blocks of bytes. A record is its length, its kind and form, the place by
 * which it is found (see anchors.ts and windows.ts), then its bytes, in lower case (ASCII) where case does not matter.
 * A record's address is its number; 0 is none.
 */
import { BASE64, KINDS, LONGEST, type NeedleKind, UTF16 } from './kinds.ts'

const BLOCK_BITS = 21
const BLOCK_BYTES = 1 << BLOCK_BITS
const BLOCK_MASK = BLOCK_BYTES - 1
const FIRST_SLOTS = 1 << 12

export const HEAD_BYTES = 3
/** In the second byte: three bits of kind, two of form, and these three. */
const FORM_SHIFT = 3
/** The digits of a number, found by `numbers.ts` however they are set apart. */
export const DIGITS = 32
/** The value's UTF-16 and hex, or its base64, are records of their own: what decoding finds is not counted again. */
export const OWN_WIDE = 64
export const OWN_BASE64 = 128

/** Records of the same bytes are the same where these bits are. */
const SAME = DIGITS | (3 << FORM_SHIFT)

export type Blocks = readonly Uint8Array[]

export const blockOf = (blocks: Blocks, address: number): Uint8Array =>
  blocks[address >>> BLOCK_BITS] as unknown as Uint8Array
export const placeOf = (address: number): number => address & BLOCK_MASK
export const kindOf = (mark: number): number => mark & 7
export const formOf = (mark: number): number => (mark >>> FORM_SHIFT) & 3

const isExact = (form: number): boolean => form === UTF16 || form === BASE64

/** ASCII letters to lower case; other bytes as they are. */
export const FOLD = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 65 && byte <= 90 ? byte + 32 : byte))

export class NeedleStore {
  readonly blocks: Uint8Array[] = []
  count = 0
  /** The next record's address; 0 is never one. */
  #next = 1
  #slots = new Uint32Array(FIRST_SLOTS)
  readonly #scratch = new Uint8Array(LONGEST)

  /** Adds `bytes`, or what of them is looked for; false where it is there already. */
  add(bytes: Uint8Array, kind: NeedleKind, form: number, flags = 0): boolean {
    const length = Math.min(bytes.length, LONGEST)
    for (let at = 0; at < length; at++) {
      const byte = bytes[at] as number
      this.#scratch[at] = isExact(form) ? byte : (FOLD[byte] as number)
    }
    const mark = KINDS.indexOf(kind) | (form << FORM_SHIFT) | flags
    const slot = this.#slotOf(this.#scratch, length, mark)
    if (this.#slots[slot] !== 0) return false
    this.#slots[slot] = this.#write(length, mark)
    this.count++
    if (this.count * 4 > this.#slots.length * 3) this.#grow()
    return true
  }

  /** Calls `visit` with each record's block, place and address, in the order in which they were added. */
  each(visit: (block: Uint8Array, place: number, address: number) => void): void {
    for (const [number, block] of this.blocks.entries()) {
      let place = number === 0 ? 1 : 0
      while (place < BLOCK_BYTES && block[place] !== 0) {
        visit(block, place, (number << BLOCK_BITS) | place)
        place += HEAD_BYTES + (block[place] as number)
      }
    }
  }

  /** Forgets how to tell what is there already: nothing is added afterwards. */
  close(): void {
    this.#slots = new Uint32Array(0)
  }

  #write(length: number, mark: number): number {
    const room = BLOCK_BYTES - (this.#next & BLOCK_MASK)
    if (room < HEAD_BYTES + length) this.#next += room
    const address = this.#next
    if (this.blocks.length <= address >>> BLOCK_BITS) this.blocks.push(new Uint8Array(BLOCK_BYTES))
    const [block, place] = [blockOf(this.blocks, address), placeOf(address)]
    block[place] = length
    block[place + 1] = mark
    block.set(this.#scratch.subarray(0, length), place + HEAD_BYTES)
    this.#next += HEAD_BYTES + length
    return address
  }

  /** Where the record of these bytes stands, or the empty slot where it would. */
  #slotOf(bytes: Uint8Array, length: number, mark: number): number {
    const mask = this.#slots.length - 1
    for (let slot = hashOf(bytes, 0, length) & mask; ; slot = (slot + 1) & mask) {
      const address = this.#slots[slot] as number
      if (address === 0 || this.#isSame(address, bytes, length, mark)) return slot
    }
  }

  #isSame(address: number, bytes: Uint8Array, length: number, mark: number): boolean {
    const [block, place] = [blockOf(this.blocks, address), placeOf(address)]
    if (block[place] !== length || (((block[place + 1] as number) ^ mark) & SAME) !== 0) return false
    for (let at = 0; at < length; at++) if (block[place + HEAD_BYTES + at] !== bytes[at]) return false
    return true
  }

  #grow(): void {
    const slots = new Uint32Array(this.#slots.length * 2)
    const mask = slots.length - 1
    this.each((block, place, address) => {
      let slot = hashOf(block, place + HEAD_BYTES, block[place] as number) & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = address
    })
    this.#slots = slots
  }
}

/** FNV-1a with a final mix: low bits are used. */
function hashOf(bytes: Uint8Array, from: number, length: number): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < length; at++) hash = Math.imul(hash ^ (bytes[from + at] as number), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  return hash ^ (hash >>> 13)
}

/** A record's bytes as a file may hold them, from `start` of `bytes`; `end` bounds what may be read. */
export function isRecordAt(block: Uint8Array, place: number, bytes: Uint8Array, start: number, end: number): boolean {
  const length = block[place] as number
  if (start < 0 || start + length > end) return false
  const exact = isExact(formOf(block[place + 1] as number))
  for (let at = 0; at < length; at++) {
    const byte = bytes[start + at] as number
    if (block[place + HEAD_BYTES + at] !== (exact ? byte : FOLD[byte])) return false
  }
  return true
}
