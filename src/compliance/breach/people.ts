// Whom the rows of a file name by subject id. A million of them are kept as hashes until it is known who they are.
import { type CatalogModel, quote } from '../../database/catalog.ts'
import type { Connection } from '../../database/connections.ts'
import { HashSet } from '../audit/values/hash-set.ts'
import { isPerson } from '../data-map/purposes-of.ts'
import { heldIn, type Period, touchedIn, type Where } from './period.ts'

export interface People {
  readonly count: number
  /** Users and contacts, whom identity.db can name; without identity.db every id and word. */
  readonly ids: readonly string[]
  /** Ids and words that name no user or contact: erased people, and words such as `system`. */
  readonly unknown: number
  /** Of the people, those in rows that were written or changed in the period; null where no period was given. */
  readonly touched: number | null
  /** identity.db was there to say who is a person. */
  readonly areResolved: boolean
}

export function peopleOf(
  reader: Connection,
  identity: Connection | undefined,
  models: readonly CatalogModel[],
  period: Period,
): People {
  const [held, touched] = identity ? [new HashSet(), new HashSet()] : [new Set<string>(), new Set<string>()]
  for (const model of models) {
    note(reader, model, heldIn(model, period), (id) => held.add(id))
    const meanwhile = touchedIn(model, period)
    if (meanwhile) note(reader, model, meanwhile, (id) => touched.add(id))
  }
  const ids = identity ? knownAmong(identity, held) : [...(held as Set<string>)].sort()
  return {
    ...{ count: ids.length, ids, unknown: held.size - ids.length },
    touched: period.from === undefined ? null : ids.reduce((sum, id) => sum + (touched.has(id) ? 1 : 0), 0),
    areResolved: identity !== undefined,
  }
}

function note(reader: Connection, model: CatalogModel, { sql, values }: Where, each: (id: string) => void): void {
  const naming = isPerson(model)
    ? model.key
    : model.links.filter(({ to, subject }) => subject || to.model === 'User').map(({ column }) => column)
  for (const column of naming) {
    const ids = reader.prepare<unknown[], string>(
      `select distinct ${quote(column)} from ${quote(model.name)} where ${quote(column)} is not null and ${sql}`,
    )
    for (const id of ids.pluck().iterate(...values)) each(id)
  }
}

/** By hashes of 64 bits: among a million ids two alike are not to be expected. */
function knownAmong(identity: Connection, ids: Pick<HashSet, 'has'>): readonly string[] {
  const everybody = identity.prepare<[], string>('select id from "User" union select id from "Contact" order by 1')
  const found: string[] = []
  for (const id of everybody.pluck().iterate()) if (ids.has(id)) found.push(id)
  return found
}
