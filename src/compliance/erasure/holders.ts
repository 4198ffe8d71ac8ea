// Who else has a value: what is left in identity.db after an erasure, by the catalog, so that a new column is covered by itself.
// Each column is read once, with all values at a time, by what searches raw bytes.
import { type CatalogColumn, type CatalogModel, modelsOf, quote } from '../../database/catalog.ts'
import type { Connection } from '../../database/connections.ts'
import { TAKEN_PLACE } from '../../identity/taken-values.ts'
import type { Needle } from '../audit/bytes/kinds.ts'
import { folded, standsAlone, textFinder } from './text-finder.ts'

export interface Holders {
  /** Values that somebody else has as well, folded: the columns that hold them, such as `User.email`. */
  readonly shared: ReadonlyMap<string, readonly string[]>
  /** Longer values of others that hold one, folded. */
  readonly within: readonly string[]
}

/** `ids`: who was erased; rows that still name them are nobody else's. */
export function holdersOf(identity: Connection, values: readonly Needle[], ids: readonly string[]): Holders {
  const finder = textFinder(values)
  const [shared, within] = [new Map<string, Set<string>>(), new Set<string>()]
  for (const model of modelsOf('identity')) {
    for (const column of model.columns) {
      if (column.pii === undefined) continue
      const place = `${model.name}.${column.name}`
      const rows = identity
        .prepare(selectOf(model, column))
        .pluck()
        .iterate(...(subjectOf(model) ? [JSON.stringify(ids)] : []))
      finder(rows as Iterable<string | Uint8Array>, (bytes, start, end) => {
        if (!standsAlone(bytes, start, end, within)) return
        const text = folded(bytes.subarray(start, end))
        shared.set(text, (shared.get(text) ?? new Set()).add(place))
      })
    }
  }
  return { shared: new Map([...shared].map(([text, places]) => [text, [...places]])), within: [...within] }
}

const subjectOf = ({ links }: CatalogModel): string | undefined => links.find(({ subject }) => subject)?.column

/**
 * Somebody else's are rows that name another subject; in a table without one, every row, but text beside an address only where
 * the address is left. Distinct values come out of an index, else every row: sorting would write to a temporary file.
 */
function selectOf(model: CatalogModel, column: CatalogColumn): string {
  const [name, table, subject] = [quote(column.name), quote(model.name), subjectOf(model)]
  const address = model.columns.find(({ pii }) => pii === 'email')
  const conditions = [
    `${name} is not null`,
    ...(subject ? [`${quote(subject)} not in (select value from json_each(?))`] : []),
    ...(!subject && address && column.pii === 'freetext' ? [`${quote(address.name)} is not null`] : []),
    ...(model.name === 'DetachedValue' ? [`place <> '${TAKEN_PLACE}'`] : []),
  ]
  const isIndexed = column.unique || model.indexes.some(([first]) => first === column.name)
  return `select ${isIndexed && !subject ? 'distinct ' : ''}${name} from ${table} where ${conditions.join(' and ')}`
}
