import { modelsOf, quote } from '../../database/catalog.ts'
import type { Connection } from '../../database/connections.ts'
import type { Domain } from '../../database/domains.ts'

/** In every file for reasons of its own: rows of these in common say nothing. */
const EVERYWHERE = new Set(['LegacySchema'])

/**
 * Whether any row of the backup is, by its key, in the old file as well. Where none is, somebody made that file anew after the
 * one of the backup was lost: it does not know what was revoked, and its silence says nothing. An empty backup has many kin.
 */
export function isKin(domain: Domain, old: Connection, backup: Connection): boolean {
  let isEmpty = true
  for (const { name, key } of modelsOf(domain)) {
    if (EVERYWHERE.has(name)) continue
    const columns = key.map(quote).join(', ')
    const where = key.map((column) => `${quote(column)} = ?`).join(' and ')
    const find = old.prepare(`select 1 from ${quote(name)} where ${where}`).safeIntegers()
    const keys = backup
      .prepare(`select ${columns} from ${quote(name)}`)
      .safeIntegers()
      .raw()
    for (const values of keys.iterate() as IterableIterator<unknown[]>) {
      if (find.get(...values) !== undefined) return true
      isEmpty = false
    }
  }
  return isEmpty
}
