/**
 * Searches one piece of a file. Two passes over its words find where to look: at marks and runs (classes.ts), and at
 * windows of values without an `@` (windows.ts). Both let nearly nothing through where a file holds no such value.
 */
import { AT } from './anchors.ts'
import { isTouched } from './boundaries.ts'
import { filterClasses, NUMBER } from './classes.ts'
import { eachUnescaped, escapeAt, type Unescaped, unescapedOf } from './escapes.ts'
import { createFinder } from './finder.ts'
import { PLAIN, QUOTED_PRINTABLE } from './kinds.ts'
import { formOf, kindOf } from './needle-store.ts'
import type { NeedleTable } from './needle-table.ts'
import { type Decoded, decodedOf, eachRun, newDone } from './runs.ts'
import type { Found, Searched } from './searched.ts'
import type { IsWithin } from './within.ts'

/** Bytes behind a piece that are read as zeros. */
export const PAD_BYTES = 16

export interface Piece extends Searched {
  /** Occurrences that end after `after` and not after `until` belong to this piece, others to its neighbours. */
  readonly after: number
  readonly until: number
}

/** `start` in the piece; `kind` and `form` are numbers of KINDS and FORMS. */
export type Emit = (start: number, kind: number, form: number, touched: boolean) => void
export type Search = (piece: Piece, emit: Emit) => void

const NEVER: IsWithin = () => false

/** A search for pieces of at most `room` bytes. Not to be called while it runs. */
export function createSearch(table: NeedleTable, room: number, isWithin: IsWithin = NEVER): Search {
  const finder = createFinder(table, room)
  const places = new Int32Array(room / 4 + 1)
  const runs = new Uint16Array(room / 4 + 1)
  const numbers = finder.inDigits ? NUMBER : 0
  const decoded = decodedOf(room)
  const unescaped = unescapedOf(room)
  return (piece, emit) => {
    const { bytes, words, length } = piece
    const asItIs = plainFound(piece, emit, isWithin)
    const count = filterClasses(words, 0, (length + 3) >>> 2, places, runs, numbers)
    const escapes: number[] = []
    const done = newDone()
    let numbersDone = 0
    for (let index = 0; index < count; index++) {
      const at = (places[index] as number) * 4
      for (let place = at; place < at + 4; place++) {
        if (bytes[place] === AT) finder.around(piece, place, asItIs)
        else if (escapeAt(bytes, place) !== PLAIN) escapes.push(place)
      }
      const running = runs[index] as number
      if (running === 0) continue
      if (finder.inDigits && (running & NUMBER) !== 0 && at >= numbersDone)
        numbersDone = finder.inDigits.around(piece, at, asItIs)
      eachRun(piece, at, running, done, decoded, (form, own) =>
        finder.everywhere(decoded, elsewhereThan(isWithin, decoded, runFound(piece, emit, decoded, form, own))),
      )
    }
    finder.byWindows(piece, asItIs)
    eachUnescaped(piece, escapes, unescaped, () =>
      finder.everywhere(unescaped, elsewhereThan(isWithin, unescaped, escapeFound(piece, emit, unescaped))),
    )
  }
}

const isMine = ({ after, until }: Piece, end: number): boolean => end > after && end <= until

function elsewhereThan(isWithin: IsWithin, { bytes }: Pick<Searched, 'bytes'>, found: Found): Found {
  return (start, size, mark) => {
    if (!isWithin(bytes, start, start + size)) found(start, size, mark)
  }
}

function plainFound(piece: Piece, emit: Emit, isWithin: IsWithin): Found {
  return (start, size, mark) => {
    const [end, kind] = [start + size, kindOf(mark)]
    if (isMine(piece, end) && !isWithin(piece.bytes, start, end))
      emit(start, kind, formOf(mark), isTouched(piece.bytes, start, end, kind))
  }
}

/** What has records of its own in this form (`own`) is not counted twice. */
function runFound(piece: Piece, emit: Emit, { bytes, start: run, rate }: Decoded, form: number, own: number): Found {
  return (start, size, mark) => {
    if (formOf(mark) !== PLAIN || (mark & own) !== 0) return
    if (!isMine(piece, run + Math.ceil((start + size) * rate))) return
    emit(run + Math.floor(start * rate), kindOf(mark), form, isTouched(bytes, start, start + size, kindOf(mark)))
  }
}

/** What has no escape in it was found as it stands. */
function escapeFound(piece: Piece, emit: Emit, { bytes, places, forms }: Unescaped): Found {
  return (start, size, mark) => {
    const end = start + size
    const [from, to] = [places[start] as number, places[end] as number]
    if (formOf(mark) !== PLAIN || to - from === size || !isMine(piece, to)) return
    const form = forms.subarray(start, end).find((each) => each !== PLAIN) ?? QUOTED_PRINTABLE
    emit(from, kindOf(mark), form, isTouched(bytes, start, end, kindOf(mark)))
  }
}
