// What a person sees of a cell. Secrets stay: they give power to whoever holds them, and say nothing of the person. What is of
// somebody else stays an opaque id, or is left out and said to be.
import { isUtf8 } from 'node:buffer'
import type { CatalogColumn, CatalogModel } from '../../database/catalog.ts'
import { reattach } from '../../pii/tokens.ts'
import { type Cell, isAbout, isOfSomebodyElse, query, type Reading, type Row, rowsByKey } from './reading.ts'

export type Shown = string | number | boolean | null | readonly string[]

export const SECRET = '[a secret is kept here; it is not exported]'
export const BEARER = '[a code is kept here; it is worth something to whoever knows it and is not exported]'
export const OF_ANOTHER = '[about somebody else; not exported]'

export function shownRow(reading: Reading, model: CatalogModel, row: Row): Record<string, Shown> {
  const about = isAbout(reading, model, row)
  return Object.fromEntries(
    model.columns.map((column) => [column.name, shownCell({ reading, model, row, about }, column)]),
  )
}

interface Place {
  readonly reading: Reading
  readonly model: CatalogModel
  readonly row: Row
  /** The row's personal information is the person's. */
  readonly about: boolean
}

function shownCell(place: Place, column: CatalogColumn): Shown {
  const value = place.row[column.name] ?? null
  if (value === null) return null
  if (column.class === 'secret') return SECRET
  if (column.bearer) return BEARER
  if (column.class === 'pii') return isTheirPii(place, column, value) ? plain(column, value) : OF_ANOTHER
  if (column.class === 'freetext') return place.about ? withDetached(place.reading, String(value)) : String(value)
  if (isList(place, column)) return ownOf(place.reading, String(value))
  return plain(column, value)
}

function isTheirPii({ reading, model, row, about }: Place, column: CatalogColumn, value: Cell): boolean {
  if (column.of !== undefined) return isOwner(reading, model, row, column.of)
  return about && !(column.pii === 'email' && isOfSomebodyElse(reading, String(value)))
}

/** By the row that says whose it is. */
function isOwner(reading: Reading, model: CatalogModel, row: Row, of: string): boolean {
  const [domain, name, owner = ''] = of.split('.')
  const link = model.links.find(({ to }) => to.domain === domain && to.model === name)
  const target = link && reading.models.find((one) => one.domain === domain && one.name === name)
  if (!target) return false
  const [named] = rowsByKey(reading, target, link.to.column, row[link.column] ?? null)
  return named !== undefined && reading.person.ids.includes(String(named[owner]))
}

/** Tokens give way to what stood there, addresses of others aside. */
function withDetached(reading: Reading, text: string): string {
  return reattach(text, (id) => {
    const [found] = query<{ raw: string; value: string; bare: number }>(
      reading.readers.identity,
      'select raw, value, bare from "DetachedValue" where id = ?',
      id,
    )
    if (!found || isOfSomebodyElse(reading, found.value)) return undefined
    return { raw: found.raw, bare: found.bare === 1 }
  })
}

const isList = ({ reading, model }: Place, { name }: CatalogColumn): boolean =>
  reading.waysOf(model).some((way) => way.kind === 'lists' && way.column === name)

const ownOf = ({ person }: Reading, list: string): readonly string[] =>
  (JSON.parse(list) as unknown[]).map(String).filter((id) => person.ids.includes(id))

function plain({ type }: CatalogColumn, value: Exclude<Cell, null>): Shown {
  if (typeof value === 'object') return isUtf8(value) ? Buffer.from(value).toString() : `base64:${base64(value)}`
  if (type === 'boolean') return value === 1
  if (type === 'time' && typeof value === 'number') return new Date(value).toISOString()
  if (type === 'time') return String(value).replace(/\+00:00$/, 'Z')
  return typeof value === 'bigint' ? String(value) : value
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
