// A set of strings that keeps 64 bits of each: 24 MB for a million. That two of ten million look-ups meet by chance among a
// million is less likely than one in a million.

const FIRST_SIZE = 1 << 10

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
    return this.hasHashes(firstOf(value), secondOf(value))
  }

  /** The same for the two hashes of a text that was never put together: see RunningHash. */
  hasHashes(first: number, second: number): boolean {
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

const FIRST_SEED = 0x811c9dc5
const SECOND_SEED = 0x9747b28c

/** The hashes of a text, a character at a time. */
export class RunningHash {
  #first = FIRST_SEED
  #second = SECOND_SEED

  add(code: number): void {
    this.#first = Math.imul(this.#first ^ code, 0x01000193)
    this.#second = Math.imul(this.#second, 0x5bd1e995) + code
  }

  isIn(set: HashSet): boolean {
    return set.hasHashes(mixed(this.#first) || 1, mixed(this.#second))
  }

  reset(): void {
    this.#first = FIRST_SEED
    this.#second = SECOND_SEED
  }
}

/** FNV-1a, and mixed, since its low bits alone choose the place; never 0, which marks an empty place. */
function firstOf(value: string): number {
  let hash = FIRST_SEED
  for (let at = 0; at < value.length; at++) hash = Math.imul(hash ^ value.charCodeAt(at), 0x01000193)
  return mixed(hash) || 1
}

function secondOf(value: string): number {
  let hash = SECOND_SEED
  for (let at = 0; at < value.length; at++) hash = Math.imul(hash, 0x5bd1e995) + value.charCodeAt(at)
  return mixed(hash)
}

/** The finalizer of MurmurHash3. */
function mixed(hash: number): number {
  const half = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  const most = Math.imul(half ^ (half >>> 13), 0xc2b2ae35)
  return (most ^ (most >>> 16)) >>> 0
}
