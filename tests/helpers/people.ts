// Rows for tests: only what matters to a test is named, the rest is filled in by the catalog's types.
import { type CatalogColumn, modelOfResource, quote, type Resource } from '../../src/database/catalog.ts'
import type { Connection } from '../../src/database/connections.ts'
import type { Domain } from '../../src/database/domains.ts'

export const A_TIME = '2026-11-22T18:22:19.876+00:00'

type Value = string | number | bigint | null

/** Inserts rows of a resource. Unnamed columns: NULL where allowed, else 0, a time, or for text its column and the row's id. */
export function insertRows(
  writers: Readonly<Record<Domain, Connection>>,
  resource: Resource,
  rows: readonly Readonly<Record<string, Value>>[],
): void {
  const model = modelOfResource(resource)
  const columns = model.columns.map(({ name }) => quote(name)).join(', ')
  const places = model.columns.map(() => '?').join(', ')
  const writer = writers[model.domain]
  const insert = writer.prepare(`insert into ${quote(model.name)} (${columns}) values (${places})`)
  const insertAll = writer.transaction(() => {
    for (const row of rows) {
      const id = String(row[model.key[0] ?? ''])
      insert.run(model.columns.map((column) => row[column.name] ?? filler(column, id)))
    }
  })
  insertAll()
}

function filler({ name, type, nullable }: CatalogColumn, id: string): Value {
  if (nullable) return null
  if (type === 'time') return A_TIME
  return type === 'text' ? `${name} of ${id}` : 0
}
