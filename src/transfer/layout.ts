// The unified database as the catalog remembers it: which tables it had, and where each of their columns lies now.
import { allModels, type CatalogColumn, type CatalogModel, modelNamed } from '../database/catalog.ts'

/** A table of the unified database: the model that holds its rows, and those that hold single columns of it. */
export interface LegacyTable {
  readonly name: string
  readonly main: CatalogModel
  readonly moved: readonly CatalogModel[]
}

/** A column of the unified database and where it lies now. */
export interface Place {
  readonly model: CatalogModel
  readonly column: CatalogColumn
  readonly moved: boolean
}

export const LEGACY_TABLES: readonly LegacyTable[] = allModels
  .filter(({ legacy }) => legacy && !legacy.moved)
  .map((main) => {
    const name = main.legacy?.table ?? main.name
    return { name, main, moved: allModels.filter(({ legacy }) => legacy?.moved && legacy.table === name) }
  })

export const legacyTableNamed = (name: string): LegacyTable | undefined =>
  LEGACY_TABLES.find((table) => table.name.toLowerCase() === name.toLowerCase())

export const legacyNameOf = (column: CatalogColumn): string => column.legacy ?? column.name

/** Columns in the order of the catalog, moved ones last. The key of a moved part is the row's own id: not a column. */
export function placesOf(table: LegacyTable): ReadonlyMap<string, Place> {
  const places = new Map<string, Place>()
  for (const column of table.main.columns) {
    places.set(legacyNameOf(column), { model: table.main, column, moved: false })
  }
  for (const model of table.moved) {
    for (const column of model.columns) {
      if (!model.key.includes(column.name)) places.set(legacyNameOf(column), { model, column, moved: true })
    }
  }
  return places
}

/** The place that a legacy column of any spelling has, by SQLite's rule that ASCII case does not matter. */
export function placeNamed(table: LegacyTable, name: string): Place | undefined {
  for (const [legacy, place] of placesOf(table)) if (legacy.toLowerCase() === name.toLowerCase()) return place
  return undefined
}

/** The single key column of a model. */
export function keyOf(model: CatalogModel): string {
  const [key] = model.key
  if (key === undefined) throw new Error(`${model.domain}.${model.name} has no key`)
  return key
}

/** People: the model that subject columns name, and its email column. */
export const PEOPLE = findPeople()

function findPeople(): { model: CatalogModel; email: CatalogColumn } {
  const link = allModels.flatMap(({ links }) => links).find(({ subject }) => subject)
  if (!link) throw new Error('The catalog has no subject column')
  const model = modelNamed(link.to.domain, link.to.model)
  const email = model.columns.find((column) => column.pii === 'email' && column.unique)
  if (!email) throw new Error(`${model.name} has no unique email`)
  return { model, email }
}

/** Whether a column names a person by id, and nobody else. */
export const namesPerson = (model: CatalogModel, column: CatalogColumn): boolean =>
  model.links.some(
    ({ column: name, to, subject }) =>
      name === column.name && !subject && to.model === PEOPLE.model.name && to.domain === PEOPLE.model.domain,
  )

/** Tables of identity.db that belong to split and merge themselves. */
export const CONTACTS = modelNamed('identity', 'Contact')
export const DETACHED = modelNamed('identity', 'DetachedValue')
export const ORIGINALS = modelNamed('identity', 'LegacyOriginal')
export const SCHEMA = modelNamed('identity', 'LegacySchema')

/** The id column of the tables in unassigned.db that hold unknown columns of known tables. */
export const EXTRA_KEY = 'gogga:id'
