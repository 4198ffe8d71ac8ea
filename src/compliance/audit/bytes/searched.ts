// Bytes that are searched: a piece of a file, or what was decoded from it.

/** A record found at `start`, `length` bytes long; `mark` is its second byte (needle-store.ts). */
export type Found = (start: number, length: number, mark: number) => void

export interface Searched {
  /** From a place divisible by four, with PAD_BYTES of zeros behind `length`. */
  readonly bytes: Uint8Array
  readonly words: Int32Array
  readonly length: number
}
