// Values in texts: all of them at a time, by what searches raw bytes.
import { createFinder } from '../audit/bytes/finder.ts'
import { type Needle, PLAIN } from '../audit/bytes/kinds.ts'
import { FOLD, formOf, NeedleStore } from '../audit/bytes/needle-store.ts'
import { buildTable } from '../audit/bytes/needle-table.ts'
import { fillStore } from '../audit/bytes/needles.ts'
import { PAD_BYTES } from '../audit/bytes/search.ts'
import { edgesOf } from './edges.ts'

/** `start` and `end` of a value in `bytes`. */
export type OnFound = (bytes: Uint8Array, start: number, end: number) => void
export type TextFinder = (texts: Iterable<string | Uint8Array>, found: OnFound) => void

const ROOM = 1 << 18
/** Of a text that is longer than the room, so much is read twice: a value is shorter. */
const OVERLAP = 1_024

/** Texts are searched many at a time, with a zero between them. */
export function textFinder(values: readonly Needle[]): TextFinder {
  const store = new NeedleStore()
  fillStore(store, { values })
  if (store.count === 0) return () => undefined
  const finder = createFinder(buildTable(store), ROOM)
  const bytes = new Uint8Array(ROOM + PAD_BYTES)
  const words = new Int32Array(bytes.buffer)
  return (texts, found) => {
    let length = 0
    const flush = () => {
      bytes.fill(0, length, length + PAD_BYTES)
      finder.everywhere({ bytes, words, length }, (start, size, mark) => {
        if (formOf(mark) === PLAIN) found(bytes, start, start + size)
      })
      length = 0
    }
    for (const text of texts) {
      for (const part of partsOf(Buffer.from(text as string))) {
        if (length + part.length + 1 > ROOM) flush()
        bytes.set(part, length)
        bytes[length + part.length] = 0
        length += part.length + 1
      }
    }
    flush()
  }
}

function* partsOf(text: Uint8Array): Generator<Uint8Array> {
  const most = ROOM - 1
  for (let at = 0; at < text.length; at += most - OVERLAP) {
    yield text.subarray(at, at + most)
    if (at + most >= text.length) return
  }
}

const LONGEST = 255

export const folded = (bytes: Uint8Array): string => Buffer.from(bytes.map((byte) => FOLD[byte] as number)).toString()

/** Whether a text holds one of the values as one of its own; longer ones that hold one are added to `within`, folded. */
export function holderOf(values: readonly Needle[], within = new Set<string>()): (text: string) => boolean {
  const finder = textFinder(values)
  return (text) => {
    let isFound = false
    finder([text], (bytes, start, end) => {
      if (standsAlone(bytes, start, end, within)) isFound = true
    })
    return isFound
  }
}

/** Whether it is no part of a longer value, which is added to `within`. */
export function standsAlone(bytes: Uint8Array, start: number, end: number, within: Set<string>): boolean {
  const [from, to] = edgesOf(bytes, start, end)
  if (from === start && to === end) return true
  if (to - from <= LONGEST) within.add(folded(bytes.subarray(from, to)))
  return false
}
