// What a person reads of an export, where a program reads all events: tables without a row of theirs come as one list at the end.
import type { ExportEvent, TableHead, Untouched } from './export.ts'

type End = Extract<ExportEvent, { type: 'end' }>
/** With the tables that were looked at, and hold nothing about the person. */
export type ReadableEnd = End & { readonly empty: readonly Untouched[] }
export type ReadableEvent = Exclude<ExportEvent, End> | ReadableEnd

export const EMPTY_TITLE = 'Tables that could hold something about you, and hold nothing'
export const UNTOUCHED_TITLE = 'Tables without anything of people'

export function* withoutEmpty(events: Iterable<ExportEvent>): Generator<ReadableEvent> {
  const empty: TableHead[] = []
  let waiting: TableHead | undefined
  for (const event of events) {
    if (event.type === 'table') waiting = event.table
    else if (event.type === 'table-end' && waiting) empty.push(waiting)
    else if (event.type === 'end') yield { ...event, empty }
    else {
      if (event.type === 'row' && waiting) yield { type: 'table', table: waiting }
      if (event.type === 'row') waiting = undefined
      yield event
    }
    if (event.type === 'table-end') waiting = undefined
  }
}

export const rowsWords = (rows: number): string => (rows === 1 ? '1 row.' : `${rows.toLocaleString('en')} rows.`)
