// Look-ups in the generated catalog: models, resources, and links in both directions.
import { type CatalogColumn, type CatalogModel, type Domain, models, type Resource } from '../generated/catalog.ts'

export type { CatalogColumn, CatalogLink, CatalogModel, Resource } from '../generated/catalog.ts'

/** A link as seen from one of its ends: `fromColumn` of `from` equals `toColumn` of `to`. */
export interface Relation {
  readonly name: string
  readonly from: CatalogModel
  readonly fromColumn: string
  readonly to: CatalogModel
  readonly toColumn: string
  /** Several rows of `to` may fit one row of `from`. */
  readonly many: boolean
  /** From the row that holds the column: a miss is a broken link. */
  readonly forward: boolean
  /** The column may name a Contact or hold a word: an orphan only where it is none of these. */
  readonly subject: boolean
}

export const allModels: readonly CatalogModel[] = models

export const modelsOf = (domain: Domain): readonly CatalogModel[] => models.filter((model) => model.domain === domain)

export function modelNamed(domain: Domain, name: string): CatalogModel {
  const model = models.find((candidate) => candidate.domain === domain && candidate.name === name)
  if (!model) throw new Error(`The catalog has no model ${domain}.${name}`)
  return model
}

export const resources: readonly CatalogModel[] = models.filter(({ resource }) => resource !== undefined)

export function modelOfResource(resource: Resource): CatalogModel {
  const model = resources.find((candidate) => candidate.resource === resource)
  if (!model) throw new Error(`The catalog has no resource ${resource}`)
  return model
}

export const columnOf = (model: CatalogModel, name: string): CatalogColumn | undefined =>
  model.columns.find((column) => column.name === name)

/** All that its table has. */
export const storedColumns = ({ columns, linkColumns = [] }: CatalogModel): readonly CatalogColumn[] =>
  linkColumns.length > 0 ? [...columns, ...linkColumns] : columns

/** Every relation of a resource to other resources, forward first. */
export function relationsOf(model: CatalogModel): readonly Relation[] {
  const forward = model.links.flatMap((link): Relation[] => {
    const to = modelNamed(link.to.domain, link.to.model)
    if (!to.resource) return []
    const ends = { from: model, fromColumn: link.column, to, toColumn: link.to.column }
    return [{ name: link.name, ...ends, many: false, forward: true, subject: link.subject }]
  })
  const back = resources.flatMap((source) =>
    source.links
      .filter(({ to }) => to.domain === model.domain && to.model === model.name)
      .map((link): Relation => {
        const many = !columnOf(source, link.column)?.unique
        const ends = { from: model, fromColumn: link.to.column, to: source, toColumn: link.column }
        return { name: link.inverse, ...ends, many, forward: false, subject: link.subject }
      }),
  )
  return [...forward, ...back]
}

/** An SQL identifier. Names come from the catalog or from a file's own schema, never from a request. */
export const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`
