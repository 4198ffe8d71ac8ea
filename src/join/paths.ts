// A path of names in a request → the links that it follows, and the field that it ends at.
import type { CatalogColumn, Relation } from '../database/catalog.ts'
import { isName, type Problems, spelled } from './problems.ts'
import { columnNamed, type Table, tableOf } from './tables.ts'
import { MAX_DEPTH } from './types.ts'

export interface Place {
  readonly table: Table
  readonly links: readonly Relation[]
}

/** How a filter is called in problems. */
export const filterName = (field: string): string => (isName(field) ? `filter[${field}]` : 'filter')

/** Follows all names but the last, which must be a field. */
export function fieldAt(
  from: Table,
  path: string,
  at: string,
  problems: Problems,
): (Place & { column: CatalogColumn }) | undefined {
  const names = path.split('.')
  const name = names.pop() ?? ''
  const place = follow(from, names, { at, path }, problems)
  if (!place) return undefined
  const { table } = place
  const column = columnNamed(table, name)
  if (column) return { ...place, column }
  const what = `field of ${table.resource}`
  const hint = hintOf(table, name, path, at)
  const allowed = table.columns.map((one) => one.name)
  return problems.unknown({ at, what, name, path, allowed, ...(hint !== undefined && { hint }) })
}

/** For a link where a field belongs. */
function hintOf(table: Table, name: string, path: string, at: string): string | undefined {
  const link = table.relations.get(name)
  if (!link) return undefined
  const { columns, key } = tableOf(link.to)
  const field = `${path}.${columns.find((column) => column.class === 'plain')?.name ?? key}`
  const example = at === 'sort' ? `sort=${field}` : filterName(field)
  return `${spelled(name)} is a link; name a field behind it: ${example}`
}

export function follow(
  from: Table,
  names: readonly string[],
  { at, path }: { readonly at: string; readonly path: string },
  problems: Problems,
): Place | undefined {
  if (names.length > MAX_DEPTH)
    return problems.add(at, `A path follows at most ${MAX_DEPTH} links, this one ${names.length}`)
  const links: Relation[] = []
  let table = from
  for (const name of names) {
    const relation = table.relations.get(name)
    if (!relation) {
      const what = `link of ${table.resource}`
      return problems.unknown({ at, what, name, path, allowed: [...table.relations.keys()] })
    }
    links.push(relation)
    table = tableOf(relation.to)
  }
  return { table, links }
}
