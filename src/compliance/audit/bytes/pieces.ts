// A source from its first byte to its last, in pieces of a MiB that overlap, so that nothing is cut in two.
import { AFTER, WIDEST } from './kinds.ts'
import { PAD_BYTES, type Search } from './search.ts'

const PIECE_BYTES = 1 << 20
/** Bytes that a piece shares with the one before: an occurrence, what says whether it ends, and what stands before it. */
const OVERLAP_BYTES = 2_048
export const ROOM_BYTES = OVERLAP_BYTES + PIECE_BYTES + PAD_BYTES

if (OVERLAP_BYTES < WIDEST + 2 * AFTER) throw new Error('The overlap of pieces is too small for what is looked for')

/** Fills `into` from the next byte on; less only at the end. */
export type Read = (into: Uint8Array) => Promise<number>
/** `offset` from the source's first byte; `kind` and `form` are numbers of KINDS and FORMS. */
export type OnHit = (offset: number, kind: number, form: number, touched: boolean) => void

/** Searches a whole source; returns its length. `onPiece` gets the bytes of each piece as they are read. */
export async function searchPieces(search: Search, read: Read, onHit: OnHit, onPiece: OnPiece): Promise<number> {
  const bytes = new Uint8Array(ROOM_BYTES)
  const words = new Int32Array(bytes.buffer)
  let [total, tail, done] = [0, 0, 0]
  for (let isLast = false; !isLast; ) {
    const size = await read(bytes.subarray(tail, tail + PIECE_BYTES))
    onPiece(bytes.subarray(tail, tail + size))
    isLast = size < PIECE_BYTES
    const [base, length] = [total - tail, tail + size]
    bytes.fill(0, length, length + PAD_BYTES)
    const until = isLast ? length : length - AFTER
    search({ bytes, words, length, after: done - base, until }, (start, kind, form, touched) =>
      onHit(base + start, kind, form, touched),
    )
    total += size
    done = base + until
    tail = Math.min(length, OVERLAP_BYTES)
    bytes.copyWithin(0, length - tail, length)
  }
  return total
}

export type OnPiece = (bytes: Uint8Array) => void
