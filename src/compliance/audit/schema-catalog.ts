// What the catalog itself promises: where classes may stand, and what links may name.
import {
  type CatalogColumn,
  type CatalogLink,
  type CatalogModel,
  columnOf,
  storedColumns,
} from '../../database/catalog.ts'
import type { Finding } from './finding.ts'
import type { Looked } from './report.ts'

export type Catalog = readonly CatalogModel[]

const CLASSES: ReadonlySet<string> = new Set(['key', 'link', 'subject', 'pii', 'freetext', 'secret', 'plain'])
/** Ids of subjects: what other files know of a person. */
const SUBJECT_IDS: ReadonlySet<string> = new Set(['identity.User.id', 'identity.Contact.id'])

export const lookedAt = (catalog: Catalog): Looked => ({
  models: catalog.length,
  classed: catalog.flatMap(storedColumns).length,
  links: catalog.flatMap(({ links }) => links).length,
})

export const auditCatalog = (catalog: Catalog): readonly Finding[] =>
  catalog.flatMap((model) => [
    ...model.columns.flatMap((column) => aboutColumn(model, column)),
    ...model.links.flatMap((link) => aboutLink(catalog, model, link)),
  ])

function aboutColumn(model: CatalogModel, column: CatalogColumn): readonly Finding[] {
  const place = placeOf(model, column.name)
  const base = { severity: 'high', section: 'schema', place, count: 1 } as const
  if (!CLASSES.has(column.class)) {
    return [
      {
        ...base,
        code: 'schema.unclassed',
        message: 'The column has no class: nobody decided whether it may hold personal information',
        next: `Give it one in prisma/${model.domain}.prisma and run "npm run setup".`,
      },
    ]
  }
  if (model.domain === 'identity' || (column.class !== 'pii' && column.pii === undefined)) return []
  return [
    {
      ...base,
      code: 'schema.pii-outside',
      message: `The column is classed as personal information (${column.pii ?? 'pii'}), outside identity.db`,
      next: `Move it to prisma/identity.prisma, and leave a subject id in ${model.domain}.`,
    },
  ]
}

function aboutLink(catalog: Catalog, model: CatalogModel, link: CatalogLink): readonly Finding[] {
  const { to, column } = link
  if (to.domain === model.domain) return []
  const target = catalog.find(({ domain, name }) => domain === to.domain && name === to.model)
  const end = target && columnOf(target, to.column)
  const name = `${to.domain}.${to.model}.${to.column}`
  const problem = problemOf(name, to.domain === 'identity', end)
  if (problem === undefined) return []
  return [
    {
      ...{ severity: 'high', section: 'schema', code: 'schema.link', place: placeOf(model, column), count: 1 },
      message: `The link to ${name} ${problem}`,
      next: `Let it name a subject id, or the key of a row, in prisma/${model.domain}.prisma.`,
    },
  ]
}

function problemOf(name: string, isIdentity: boolean, end: CatalogColumn | undefined): string | undefined {
  if (!end) return 'leads nowhere'
  if (isIdentity && !SUBJECT_IDS.has(name)) return 'names a person by something else than a subject id'
  if (end.class !== 'key') return `names a row by a column of class ${end.class}, expected key`
  return end.bearer ? 'names a row by something that is worth something to whoever knows it' : undefined
}

const placeOf = ({ domain, name }: CatalogModel, column: string): Finding['place'] => ({
  file: `${domain}.db`,
  table: name,
  column,
})
