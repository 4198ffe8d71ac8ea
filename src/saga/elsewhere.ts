// What billing.db and admin.db say of a person that identity.db keeps the personal part of, found over the catalog's links.
// A row is about whom its links name. Who acted is another matter: what an administrator wrote of somebody is not about the
// administrator. Only a table that names nobody else, such as the log of vouchers, is about who acted, administrators aside.
import { allModels, type CatalogModel, quote } from '../database/catalog.ts'
import type { Domain } from '../database/domains.ts'
import type { Rows } from '../database/rows.ts'
import type { Elsewhere } from '../identity/erasure.ts'

/** Names of links to whoever acted. */
export const ACTS: ReadonlySet<string> = new Set(['creator', 'voider', 'actorUser', 'admin'])
const TOKEN = /pii:([0-9a-z]{16,40})/g

/** `others`: whatever files can be read, the same one several times where there are copies. */
export function collectElsewhere(
  others: readonly Rows<Domain>[],
  { ids, isAdministrator }: { readonly ids: readonly string[]; readonly isAdministrator: boolean },
): Elsewhere {
  const [acts, tokens] = [new Set<string>(), new Set<string>()]
  const texts = new Map<string, { place: string; rowId: string }>()
  for (const rows of others) {
    for (const model of textModels(rows.domain)) {
      for (const rowId of rowsAbout(rows, model, ids, isAdministrator)) {
        for (const place of placesOf(model)) texts.set(`${place} ${rowId}`, { place, rowId })
      }
    }
    if (rows.domain === 'admin') for (const id of keysBy(rows, 'AdminLog', 'adminId', ids)) acts.add(id)
    for (const id of actsOnTheirWay(rows, ids)) acts.add(id)
    for (const token of tokensOnTheirWay(rows, ids)) tokens.add(token)
  }
  return { acts: [...acts], texts: [...texts.values()], tokens: [...tokens] }
}

/** Messages and kept answers are no records of a person: their text is ids and words. */
const textModels = (domain: Domain): readonly CatalogModel[] =>
  allModels.filter(
    (model) =>
      model.domain === domain && domain !== 'identity' && model.name !== 'OutboxMessage' && placesOf(model).length > 0,
  )

/** Columns out of which text is detached: keys and secrets of the unified database may have held an address as well. */
const placesOf = ({ domain, name, columns }: CatalogModel): readonly string[] =>
  columns.filter((column) => column.class === 'freetext').map((column) => `${domain}.${name}.${column.name}`)

function rowsAbout(
  rows: Rows<Domain>,
  model: CatalogModel,
  ids: readonly string[],
  isAdministrator: boolean,
): readonly string[] {
  const people = model.links.filter(({ subject, to }) => subject || (to.domain === 'identity' && to.model === 'User'))
  const about = people.filter(({ name }) => !ACTS.has(name))
  const telling = about.length > 0 ? about : isAdministrator ? [] : people
  return telling.flatMap(({ column }) => keysBy(rows, model.name, column, ids))
}

const keysBy = (rows: Rows<Domain>, table: string, column: string, ids: readonly string[]): readonly string[] =>
  rows
    .all<{ id: string }>(
      `select id from ${quote(table)} where ${quote(column)} in (select value from json_each(?))`,
      JSON.stringify(ids),
    )
    .map(({ id }) => id)

/** Ids of logs of what they did that admin.db did not get yet; the messages bear the id of whom it was done to. */
const actsOnTheirWay = (rows: Rows<Domain>, ids: readonly string[]): readonly string[] =>
  rows
    .all<{ id: string }>(
      `select json_extract(payload, '$.logId') as id from "OutboxMessage"
       where type = 'admin-acted' and json_extract(payload, '$.adminId') in (select value from json_each(?))`,
      JSON.stringify(ids),
    )
    .map(({ id }) => id)

function tokensOnTheirWay(rows: Rows<Domain>, ids: readonly string[]): readonly string[] {
  const sql = 'select payload from "OutboxMessage" where subjectId in (select value from json_each(?))'
  return rows
    .all<{ payload: string }>(sql, JSON.stringify(ids))
    .flatMap(({ payload }) => [...payload.matchAll(TOKEN)].map(([, id = '']) => id))
}
