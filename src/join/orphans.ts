// Broken links. A subject link names a User, but its column may as well hold the id of a Contact or a word such as
// `system` for who or what is no person at all; only where it holds none of them is the link broken.
import { modelNamed, quote } from '../database/catalog.ts'
import type { Files, Kept, Raw, Run } from './files.ts'
import type { Table } from './tables.ts'

/** Ids have digits in them. */
const WORD = /^[a-z][a-z_-]{0,31}$/i

/**
 * The keys that are in neither table. The first table was asked before, but not at the same moment: somebody may have
 * gone from one to the other since, which a single statement cannot miss.
 */
export function unknownStatement(files: Files, table: Table, column: string): Kept {
  const contact = modelNamed(table.domain, 'Contact')
  const isIn = (name: string, by: string) => `exists (select 1 from ${quote(name)} p where p.${quote(by)} = k.value)`
  const isKnown = [isIn(table.name, column), isIn(contact.name, contact.key[0] ?? '')]
  return files[table.domain].prepare(`select k.value from json_each(?) k where not (${isKnown.join(' or ')})`)
}

/** How many parents hold a broken subject link. `places`: the keys; `slots[i]`: parent i's key, -1 without one. */
export function countBroken(
  run: Run,
  statement: Kept,
  found: readonly Raw[],
  places: ReadonlyMap<Raw[number], number>,
  slots: readonly number[],
): number {
  const met = new Set(found.map(([place]) => place))
  const missing = [...places].filter(([key, place]) => !met.has(place) && !isWord(key)).map(([key]) => key)
  if (missing.length === 0) return 0
  const broken = new Set(run.all(statement, [JSON.stringify(missing)]).map(([key]) => places.get(key ?? null)))
  return slots.filter((slot) => broken.has(slot)).length
}

export const isWord = (key: Raw[number]): boolean => typeof key === 'string' && WORD.test(key)
