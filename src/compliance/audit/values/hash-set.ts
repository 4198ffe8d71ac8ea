// A set of strings that keeps 64 bits of each: 24 MB for a million. That two of ten million look-ups meet by chance among a
// million is less likely than one in a million.
import { isAlphanumeric } from '../../../pii/scan.ts'

const FIRST_SIZE = 1 << 10
const FIRST_SEED = 0x811c9dc5 | 0
const FIRST_FACTOR = 0x01000193
const SECOND_SEED = 0x1747b28c
const SECOND_FACTOR = 0x5bd1e995

export class HashSet {
  #first = new Uint32Array(FIRST_SIZE)
  #second = new Uint32Array(FIRST_SIZE)
  #size = 0

  get size(): number {
    return this.#size
  }

  add(value: string): void {
    if (this.#size * 3 > this.#first.length * 2) this.#grow()
    if (this.#put(firstOf(value), secondOf(value))) this.#size++
  }

  has(value: string): boolean {
    return this.#hasHashes(firstOf(value), secondOf(value))
  }

  /** Whether a word of the text is in the set, in lower case; true where the text isn't ASCII. Allocates nothing. */
  mayHaveWordOf(text: string): boolean {
    let [first, second, length] = [FIRST_SEED, SECOND_SEED, 0]
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code > 127) return true
      if (isAlphanumeric(code)) {
        const lower = code >= 65 && code <= 90 ? code + 32 : code
        first = Math.imul(first ^ lower, FIRST_FACTOR)
        second = (Math.imul(second, SECOND_FACTOR) + lower) | 0
        length++
      } else if (length > 0) {
        if (this.#hasHashes(mixed(first) || 1, mixed(second))) return true
        first = FIRST_SEED
        second = SECOND_SEED
        length = 0
      }
    }
    return length > 0 && this.#hasHashes(mixed(first) || 1, mixed(second))
  }

  #hasHashes(first: number, second: number): boolean {
    const mask = this.#first.length - 1
    for (let at = first & mask; this.#first[at] !== 0; at = (at + 1) & mask) {
      if (this.#first[at] === first && this.#second[at] === second) return true
    }
    return false
  }

  #put(first: number, second: number): boolean {
    const mask = this.#first.length - 1
    let at = first & mask
    for (; this.#first[at] !== 0; at = (at + 1) & mask) {
      if (this.#first[at] === first && this.#second[at] === second) return false
    }
    this.#first[at] = first
    this.#second[at] = second
    return true
  }

  #grow(): void {
    const [first, second] = [this.#first, this.#second]
    this.#first = new Uint32Array(first.length * 2)
    this.#second = new Uint32Array(first.length * 2)
    for (const [at, value] of first.entries()) if (value !== 0) this.#put(value, second[at] as number)
  }
}

/** FNV-1a, and mixed, since its low bits alone choose the place; never 0, which marks an empty place. */
function firstOf(value: string): number {
  let hash = FIRST_SEED
  for (let at = 0; at < value.length; at++) hash = Math.imul(hash ^ value.charCodeAt(at), FIRST_FACTOR)
  return mixed(hash) || 1
}

function secondOf(value: string): number {
  let hash = SECOND_SEED
  for (let at = 0; at < value.length; at++) hash = (Math.imul(hash, SECOND_FACTOR) + value.charCodeAt(at)) | 0
  return mixed(hash)
}

/** The finalizer of MurmurHash3. */
function mixed(hash: number): number {
  const half = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  const most = Math.imul(half ^ (half >>> 13), 0xc2b2ae35)
  return (most ^ (most >>> 16)) >>> 0
}
