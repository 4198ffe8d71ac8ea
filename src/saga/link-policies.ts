// What happens to rows that name a row which was deleted: the policy of their link in the catalog. `delete` removes them,
// `null` empties the column, `keep` leaves them as a record. A link to a person may name a contact as well as a user.
import { allModels, type CatalogLink, type CatalogModel, quote } from '../database/catalog.ts'
import { DOMAINS, type Domain } from '../database/domains.ts'
import type { Rows, Tx } from '../database/rows.ts'

/** Rows of one model that are gone, by the key that links name. */
export interface Parents {
  readonly domain: Domain
  readonly model: string
  readonly ids: readonly string[]
}

export interface Followed {
  readonly table: string
  /** Several with commas between them, where they are counted together. */
  readonly column: string
  readonly policy: CatalogLink['onErase']
  readonly rows: number
}

/** Removes or empties what names these rows in the file of the transaction; gives how many rows that were. */
export function applyLinkPolicies(tx: Tx, parents: Parents, onFollowed?: (followed: Followed) => void): number {
  const keys = JSON.stringify(parents.ids)
  let rows = 0
  for (const { model, link } of linksTo(parents).filter((end) => end.model.domain === tx.domain)) {
    const [table, column] = [quote(model.name), quote(link.column)]
    const sql = link.onErase === 'delete' ? `delete from ${table}` : `update ${table} set ${column} = null`
    const changed = tx.run(`${sql} where ${column} in (select value from json_each(?))`, keys)
    onFollowed?.({ table: model.name, column: link.column, policy: link.onErase, rows: changed })
    rows += changed
  }
  return rows
}

/** The rows of a file that name these, by link, whatever its policy. */
export const countLinks = (rows: Rows<Domain>, parents: Parents): readonly Followed[] =>
  allModels
    .filter(({ domain }) => domain === rows.domain)
    .flatMap((model) => model.links.filter((link) => names(link, parents)).map((link) => ({ model, link })))
    .map(({ model, link }) => {
      const sql = `select count(*) as rows from ${quote(model.name)} where ${quote(link.column)} in (select value from json_each(?))`
      const [counted] = rows.all<{ rows: number }>(sql, JSON.stringify(parents.ids))
      return { table: model.name, column: link.column, policy: link.onErase, rows: counted?.rows ?? 0 }
    })

/** The same by table and policy: a row counts once, however many of its columns name one of these; `column` names them all. */
export function countLinkedRows(rows: Rows<Domain>, parents: Parents): readonly Followed[] {
  const named = countLinks(rows, parents).filter((one) => one.rows > 0)
  const groups = Map.groupBy(named, ({ table, policy }) => `${table} ${policy}`)
  return [...groups.values()].flatMap((group): Followed[] => {
    const [first] = group
    if (!first || group.length === 1) return [...group]
    const wheres = group.map(({ column }) => `${quote(column)} in (select value from json_each(?))`)
    const sql = `select count(*) as rows from ${quote(first.table)} where ${wheres.join(' or ')}`
    const [counted] = rows.all<{ rows: number }>(sql, ...group.map(() => JSON.stringify(parents.ids)))
    return [{ ...first, column: group.map(({ column }) => column).join(', '), rows: counted?.rows ?? 0 }]
  })
}

/** The files whose rows change when rows of this model go. */
export const filesThatFollow = (parents: Omit<Parents, 'ids'>): readonly Domain[] =>
  DOMAINS.filter((domain) => linksTo(parents).some(({ model }) => model.domain === domain))

const linksTo = (parents: Omit<Parents, 'ids'>): readonly { model: CatalogModel; link: CatalogLink }[] =>
  allModels.flatMap((model) =>
    model.links.filter((link) => link.onErase !== 'keep' && names(link, parents)).map((link) => ({ model, link })),
  )

function names({ to, subject }: CatalogLink, { domain, model }: Omit<Parents, 'ids'>): boolean {
  if (to.domain === domain && to.model === model) return true
  return subject && domain === 'identity' && model === 'Contact'
}
