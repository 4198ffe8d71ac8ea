// Searches bytes in memory, as the process that scans does, and tells what was found by kind, form and place.
import { FORMS, KINDS, type Needle } from '../../../../src/compliance/audit/bytes/kinds.ts'
import { NeedleStore } from '../../../../src/compliance/audit/bytes/needle-store.ts'
import { buildTable } from '../../../../src/compliance/audit/bytes/needle-table.ts'
import { fillStore } from '../../../../src/compliance/audit/bytes/needles.ts'
import { ROOM_BYTES, searchPieces } from '../../../../src/compliance/audit/bytes/pieces.ts'
import { createSearch } from '../../../../src/compliance/audit/bytes/search.ts'

export interface Found {
  readonly at: number
  readonly kind: string
  readonly form: string
  readonly touched: boolean
}

export const emails = (...values: string[]): Needle[] => values.map((value) => ({ value, kind: 'email' }))
export const texts = (...values: string[]): Needle[] => values.map((value) => ({ value, kind: 'text' }))

/** Ascending by place. */
export async function findIn(bytes: Uint8Array, values: readonly Needle[]): Promise<readonly Found[]> {
  const store = new NeedleStore()
  fillStore(store, { values })
  const found: Found[] = []
  let from = 0
  await searchPieces(
    createSearch(buildTable(store), ROOM_BYTES),
    async (into) => {
      const part = bytes.subarray(from, from + into.length)
      into.set(part)
      from += part.length
      return part.length
    },
    (at, kind, form, touched) => found.push({ at, kind: KINDS[kind] ?? '', form: FORMS[form] ?? '', touched }),
    () => undefined,
  )
  return found.sort((a, b) => a.at - b.at || a.form.localeCompare(b.form))
}
