// How the rows of each table lead to a person, by the catalog alone: whoever adds a table or a column finds it in the export.
import type { CatalogColumn, CatalogModel } from '../../database/catalog.ts'
import { isPerson } from '../data-map/purposes-of.ts'

export type Way =
  /** The column holds the subject id. */
  | { readonly kind: 'names'; readonly column: string }
  /** The column holds an address that was theirs when the row was written. */
  | { readonly kind: 'email'; readonly column: string }
  /** The column names a row that leads to the person by itself. */
  | { readonly kind: 'through'; readonly column: string; readonly to: CatalogModel; readonly toColumn: string }
  /** The column is a JSON array with the subject id in it. */
  | { readonly kind: 'lists'; readonly column: string }
  /** The row is what was taken out of a text about the person. */
  | { readonly kind: 'text' }

export type WaysOf = (model: CatalogModel) => readonly Way[]

/** The access log names people in a list, detached values name the place of a text: no class of the catalog says so. */
const LISTS: Readonly<Record<string, string>> = { 'identity.AccessLog': 'subjects' }
const TEXTS = 'identity.DetachedValue'

const nameOf = ({ domain, name }: CatalogModel): string => `${domain}.${name}`

export function waysIn(models: readonly CatalogModel[]): WaysOf {
  const direct = new Map(models.map((model) => [nameOf(model), directWays(model)]))
  const all = new Map(
    models.map((model) => [
      nameOf(model),
      [...(direct.get(nameOf(model)) ?? []), ...throughWays(model, models, direct)],
    ]),
  )
  return (model) => all.get(nameOf(model)) ?? []
}

function directWays(model: CatalogModel): readonly Way[] {
  const names = model.columns.filter((column) => isNaming(model, column)).map(({ name }) => name)
  const emails = isPerson(model) ? [] : model.columns.filter(({ pii }) => pii === 'email').map(({ name }) => name)
  const lists = LISTS[nameOf(model)]
  return [
    ...names.map((column): Way => ({ kind: 'names', column })),
    ...emails.map((column): Way => ({ kind: 'email', column })),
    ...(lists ? [{ kind: 'lists', column: lists } as const] : []),
    ...(nameOf(model) === TEXTS ? [{ kind: 'text' } as const] : []),
  ]
}

/** A link to the person; or an id of whatever table, which may be theirs. */
function isNaming(model: CatalogModel, { name, class: kind, unique, bearer }: CatalogColumn): boolean {
  if (isPerson(model) && model.key.includes(name)) return true
  const link = model.links.find(({ column }) => column === name)
  if (link) return link.subject || isPerson({ domain: link.to.domain, name: link.to.model })
  return kind === 'key' && !unique && !bearer && nameOf(model) !== TEXTS && model.name !== 'ChainLink'
}

function throughWays(
  model: CatalogModel,
  models: readonly CatalogModel[],
  direct: ReadonlyMap<string, readonly Way[]>,
): readonly Way[] {
  return model.links.flatMap(({ column, to }): Way[] => {
    const target = models.find(({ domain, name }) => domain === to.domain && name === to.model)
    if (!target || isPerson(target) || !direct.get(nameOf(target))?.length) return []
    return [{ kind: 'through', column, to: target, toColumn: to.column }]
  })
}

/** In words, for whoever reads the export. */
export function wordsOf(way: Way): string {
  if (way.kind === 'names') return `${way.column} holds your subject id`
  if (way.kind === 'email') return `${way.column} holds an address that was yours at the time`
  if (way.kind === 'lists') return `${way.column} lists your subject id`
  if (way.kind === 'text') return 'it was taken out of a text about you, or is your address'
  return `${way.column} names a row of ${nameOf(way.to)} that leads to you`
}
