// The catalog as the join service reads it: a table per resource, without secret columns, with its relations by name.
import { type CatalogColumn, type CatalogModel, type Relation, relationsOf, resources } from '../database/catalog.ts'
import type { Domain } from '../generated/catalog.ts'

export interface Table {
  readonly resource: string
  readonly domain: Domain
  /** Name in the file. */
  readonly name: string
  /** The one key column. */
  readonly key: string
  /** What a caller may know of: every column but secrets and bytes. */
  readonly columns: readonly CatalogColumn[]
  readonly relations: ReadonlyMap<string, Relation>
  readonly indexes: CatalogModel['indexes']
  /** Columns that lead an index. */
  readonly indexed: ReadonlySet<string>
}

const tables: ReadonlyMap<string, Table> = new Map(resources.map((model) => [nameOf(model), toTable(model)]))

export const resourceNames: readonly string[] = [...tables.keys()]

export const tableNamed = (resource: string): Table | undefined => tables.get(resource)

export function tableOf(model: CatalogModel): Table {
  const table = tables.get(nameOf(model))
  if (!table) throw new Error(`${model.domain}.${model.name} is not a resource`)
  return table
}

export const columnNamed = (table: Table, name: string): CatalogColumn | undefined =>
  table.columns.find((column) => column.name === name)

/** For a column that the catalog itself names, such as a link's. */
export function positionOf(table: Table, name: string): number {
  const position = table.columns.findIndex((column) => column.name === name)
  if (position < 0) throw new Error(`${table.resource} has no readable column ${name}`)
  return position
}

export const isPii = (column: CatalogColumn): boolean => column.class === 'pii'

/** What only some readers see in clear: it stands in no cursor. */
export const isGuarded = (column: CatalogColumn): boolean => isPii(column) || column.bearer === true

function nameOf(model: CatalogModel): string {
  return model.resource ?? ''
}

function toTable(model: CatalogModel): Table {
  const [key, ...others] = model.key
  if (key === undefined || others.length > 0)
    throw new Error(`${model.name} needs a key of one column to be a resource`)
  const unique = model.columns.filter((column) => column.unique).map(({ name }) => name)
  return {
    resource: nameOf(model),
    domain: model.domain,
    name: model.name,
    key,
    columns: model.columns.filter((column) => column.class !== 'secret' && column.type !== 'bytes'),
    relations: new Map(relationsOf(model).map((relation) => [relation.name, relation])),
    indexes: model.indexes,
    indexed: new Set([...unique, ...model.indexes.flatMap(([first]) => first ?? [])]),
  }
}
