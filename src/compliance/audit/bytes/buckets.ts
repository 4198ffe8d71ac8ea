// Addresses by bucket in two arrays: what lies in bucket b stands from starts[b] to starts[b + 1].

export interface Buckets {
  readonly starts: Uint32Array
  readonly addresses: Uint32Array
  /** Buckets are a power of two: a hash shifted right by so much is one. */
  readonly shift: number
}

/** `hashes` calls back with hash and address of everything, in the same order each time. */
export function bucketsOf(count: number, hashes: (each: (hash: number, address: number) => void) => void): Buckets {
  const bits = Math.max(4, Math.floor(Math.log2(count + 1)))
  const shift = 32 - bits
  const starts = new Uint32Array(2 ** bits + 1)
  const addresses = new Uint32Array(count)
  hashes((hash) => {
    const next = (hash >>> shift) + 1
    starts[next] = (starts[next] as number) + 1
  })
  for (let at = 1; at < starts.length; at++) starts[at] = (starts[at] as number) + (starts[at - 1] as number)
  // Filling moves each start to its end; they are moved back afterwards.
  hashes((hash, address) => {
    const bucket = hash >>> shift
    addresses[starts[bucket] as number] = address
    starts[bucket] = (starts[bucket] as number) + 1
  })
  starts.copyWithin(1, 0, starts.length - 1)
  starts[0] = 0
  return { starts, addresses, shift }
}
