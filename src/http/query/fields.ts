// A field's name in a query, such as `user.email` → its column, where there is one.
import { type CatalogColumn, type CatalogModel, columnOf, relationsOf } from '../../database/catalog.ts'

/** Undefined for a name that is not there; the join service says so in its own words. */
export function columnAt(from: CatalogModel, field: string): CatalogColumn | undefined {
  const names = field.split('.')
  const last = names.pop() ?? ''
  let model: CatalogModel | undefined = from
  for (const name of names) {
    if (!model) return undefined
    model = relationsOf(model).find((relation) => relation.name === name)?.to
  }
  return model && columnOf(model, last)
}

const SPACED = /^(\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?) (\d\d:\d\d)$/

/** A query string turns the plus of an offset into a space: a time as it stands in an answer is meant. */
export const withOffset = (time: string): string => time.replace(SPACED, '$1+$2')
